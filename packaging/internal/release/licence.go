package main

import (
	"bytes"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
)

// licences writes THIRD-PARTY.txt: every module that is in the program, as the program itself says, with the texts under
// which it may be given away. A module without such a text fails the release.
func (r *release) licences(t target) error {
	info, err := buildinfo.ReadFile(r.program(t))
	if err != nil {
		return err
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "Satchel %s holds the following software of others.\n", r.version)
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("where is Go: %w", err)
	}
	if err := licence(&out, "Go "+strings.TrimPrefix(info.GoVersion, "go"), strings.TrimSpace(string(root))); err != nil {
		return err
	}
	sort.Slice(info.Deps, func(i, j int) bool { return info.Deps[i].Path < info.Deps[j].Path })
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", m.Path).Output()
		if err != nil {
			return fmt.Errorf("where is module %s: %w", m.Path, err)
		}
		if err := licence(&out, m.Path+" "+m.Version, strings.TrimSpace(string(dir))); err != nil {
			return err
		}
	}
	return writeFile(filepath.Join(r.stage(t), "THIRD-PARTY.txt"), out.Bytes())
}

// licence adds the texts of one folder.
func licence(out *bytes.Buffer, what, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	found := false
	for _, e := range entries {
		name := strings.ToUpper(e.Name())
		if e.IsDir() || !strings.HasPrefix(name, "LICEN") && !strings.HasPrefix(name, "COPYING") && !strings.HasPrefix(name, "NOTICE") && !strings.HasPrefix(name, "PATENTS") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		found = true
		fmt.Fprintf(out, "\n%s\n%s: %s\n%s\n\n%s\n", strings.Repeat("=", 80), what, e.Name(), strings.Repeat("=", 80), bytes.TrimSpace(text))
	}
	if !found {
		return fmt.Errorf("%s has no licence in %s", what, dir)
	}
	return nil
}

// sbom writes what is in the program in CycloneDX's form.
func (r *release) sbom(t target) error {
	cmd := exec.Command(filepath.Join(r.tools, "cyclonedx-gomod"), "bin", "-json", "-noserial", "-notimestamp", "-version", r.version,
		"-output", r.archive(t)+".cdx.json", r.program(t))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("cyclonedx-gomod: %w: %s", err, out)
	}
	return nil
}
