package main

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// stage is the folder of a target's program.
func (r *release) stage(t target) string { return filepath.Join(r.out, t.String()) }

// program is the path of a target's program.
func (r *release) program(t target) string {
	name := "satchel"
	if t.system == "windows" {
		name += ".exe"
	}
	return filepath.Join(r.stage(t), name)
}

// build makes the program, without cgo and without anything of this machine in it.
func (r *release) build(t target) error {
	flags := fmt.Sprintf("-s -w -buildid= -X satchel/internal/about.Version=%s -X satchel/internal/about.Commit=%s", r.version, r.commit)
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", flags, "-o", r.program(t), ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+t.system, "GOARCH="+t.arch, "GOAMD64=v1", "GOARM64=v8.0", "GOFLAGS=", "GOEXPERIMENT=", "GOWORK=off")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return err
	}
	return os.Chmod(r.program(t), 0o755)
}

// pack lays beside the program what belongs to it, and makes its archive and its package.
func (r *release) pack(t target) error {
	if err := r.licences(t); err != nil {
		return err
	}
	if err := r.sbom(t); err != nil {
		return err
	}
	for _, name := range []string{"LICENSE", "README.md", "CHANGELOG.md"} {
		if err := copyFile(name, filepath.Join(r.stage(t), name)); err != nil {
			return err
		}
	}
	docs := map[string][]string{"windows": {"install-windows.md"}, "linux": {"install-linux.md"}}[t.system]
	for _, name := range append(docs, "daily-work.md", "reference.md", "security.md") {
		if err := copyFile(filepath.Join("docs", name), filepath.Join(r.stage(t), "docs", name)); err != nil {
			return err
		}
	}
	if t.system == "windows" {
		for _, name := range []string{"install.cmd", "uninstall.cmd"} {
			if err := copyCRLF(filepath.Join("packaging", "windows", name), filepath.Join(r.stage(t), name)); err != nil {
				return err
			}
		}
		return r.zip(t)
	}
	if err := r.completions(t); err != nil {
		return err
	}
	if err := r.manual(t); err != nil {
		return err
	}
	if err := r.tarball(t); err != nil {
		return err
	}
	// A container from nothing has no folders but those that are copied into it.
	for _, name := range []string{"data", "tmp"} {
		if err := os.MkdirAll(filepath.Join(r.stage(t), "root", name), 0o700); err != nil {
			return err
		}
	}
	return r.deb(t)
}

// completions are what the shells load; the program says them itself, which takes one that runs here.
func (r *release) completions(t target) error {
	host := target{runtime.GOOS, runtime.GOARCH}
	for _, shell := range []string{"bash", "zsh", "fish"} {
		cmd := exec.Command(r.program(host), "completion", shell)
		if _, err := os.Stat(r.program(host)); err != nil {
			cmd = exec.Command("go", "run", ".", "completion", shell)
		}
		cmd.Stderr = os.Stderr
		text, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("completion for %s: %w", shell, err)
		}
		if err := writeFile(filepath.Join(r.stage(t), "completions", "satchel."+shell), text); err != nil {
			return err
		}
	}
	return nil
}

// manual copies the manual pages, packed as Debian wants them.
func (r *release) manual(t target) error {
	pages, err := fs.Glob(os.DirFS("docs/man"), "*.1")
	if err != nil || len(pages) == 0 {
		return fmt.Errorf("no manual pages in docs/man (%v); run: make reference", err)
	}
	for _, name := range pages {
		text, err := os.ReadFile(filepath.Join("docs", "man", name))
		if err != nil {
			return err
		}
		if err := writeFile(filepath.Join(r.stage(t), "man", name+".gz"), gzipped(text)); err != nil {
			return err
		}
	}
	return nil
}
