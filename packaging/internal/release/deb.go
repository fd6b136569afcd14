package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// debVersion is a version as Debian orders them: it begins with a digit, and what comes before a release sorts below it.
func debVersion(version string) string {
	v := strings.TrimPrefix(version, "v")
	if !numbered.MatchString(v) { // a commit
		return "0~" + strings.ReplaceAll(v, "-", ".")
	}
	base, rest, _ := strings.Cut(v, "-")
	if rest == "" {
		return base
	}
	if strings.HasPrefix(rest, "rc") || strings.HasPrefix(rest, "beta") || strings.HasPrefix(rest, "alpha") {
		return base + "~" + strings.ReplaceAll(rest, "-", ".")
	}
	return base + "+" + strings.ReplaceAll(rest, "-", ".") // commits after a tag
}

var numbered = regexp.MustCompile(`^[0-9]+\.[0-9]`)

// deb makes the Debian package by nfpm.
func (r *release) deb(t target) error {
	if err := r.debDocs(t); err != nil {
		return err
	}
	file := filepath.Join(r.out, fmt.Sprintf("satchel_%s_%s.deb", debVersion(r.version), t.arch))
	cmd := exec.Command(filepath.Join(r.tools, "nfpm"), "package", "--config", filepath.Join("packaging", "deb", "nfpm.yaml"), "--packager", "deb", "--target", file)
	cmd.Env = append(os.Environ(), "SATCHEL_DEB_ARCH="+t.arch, "SATCHEL_DEB_VERSION="+debVersion(r.version), "SATCHEL_DEB_STAGE="+r.stage(t),
		"SOURCE_DATE_EPOCH="+strconv.FormatInt(r.made.Unix(), 10))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("nfpm: %w: %s", err, out)
	}
	// What only the package needs does not stay in the stage.
	return os.RemoveAll(filepath.Join(r.stage(t), "deb"))
}

// debDocs writes the copyright file and the packed changes as Debian's policy wants them.
func (r *release) debDocs(t target) error {
	others, err := os.ReadFile(filepath.Join(r.stage(t), "THIRD-PARTY.txt"))
	if err != nil {
		return err
	}
	var out bytes.Buffer
	out.WriteString("Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: Satchel\n\n" +
		"Files: *\nCopyright: 2026 The authors of Satchel\nLicense: Apache-2.0\n On Debian systems, the full text of the Apache License, Version 2.0 is in\n" +
		" /usr/share/common-licenses/Apache-2.0.\n\nComment: the program holds software of others; their licences are in THIRD-PARTY.txt.gz.\n")
	change := fmt.Sprintf("satchel (%s) stable; urgency=medium\n\n  * See CHANGELOG.md.gz.\n\n -- Satchel <satchel@localhost>  %s\n",
		debVersion(r.version), r.made.Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	changes, err := os.ReadFile("CHANGELOG.md")
	if err != nil {
		return err
	}
	for name, text := range map[string][]byte{
		"copyright": out.Bytes(), "THIRD-PARTY.txt.gz": gzipped(others), "changelog.gz": gzipped([]byte(change)), "CHANGELOG.md.gz": gzipped(changes),
	} {
		if err := writeFile(filepath.Join(r.stage(t), "deb", name), text); err != nil {
			return err
		}
	}
	return nil
}
