package handover

import (
	"encoding/json"
	"fmt"
	"strings"
)

// readManifest reads data/ehi-manifest.json.
func (c *check) readManifest() {
	if !c.has(manifestPath) {
		if c.payload[manifestPath] == "" {
			c.finding(Unknown, manifestPath, "is not there: this is a bag, but not one with health records of this format")
		}
		return
	}
	var version struct {
		FormatVersion string `json:"formatVersion"`
	}
	var m Manifest
	err := c.decode(manifestPath, &m)
	if version.FormatVersion = m.FormatVersion; err != nil && c.decode(manifestPath, &version) != nil {
		c.finding(Altered, manifestPath, "%v", err)
		return
	}
	if major, _, _ := strings.Cut(version.FormatVersion, "."); major != "1" {
		c.finding(Unknown, manifestPath, "is of format %.20q; this program reads 1.x. Use a newer one", version.FormatVersion)
		return
	}
	if err != nil {
		c.finding(Altered, manifestPath, "%v", err)
		return
	}
	c.manifest = &m
}

// decode reads a JSON file.
func (c *check) decode(path string, into any) error {
	r, err := c.source.open(path)
	if err != nil {
		return err
	}
	defer r.Close()
	return json.NewDecoder(r).Decode(into)
}

// compareManifest compares what the manifest says with what was measured.
func (c *check) compareManifest() {
	m := c.manifest
	listed := map[string]bool{manifestPath: true}
	for _, f := range m.Files {
		listed[f.Path] = true
		is, ok := c.measured[f.Path]
		if !ok {
			if c.payload[f.Path] == "" {
				c.finding(Partial, f.Path, "is missing, and the list of files does not have it either")
			}
			continue
		}
		if is.bytes != f.Bytes || is.sha256 != f.SHA256 {
			c.finding(Altered, f.Path, "is not the file that %s names", manifestPath)
		}
		if is.lines != f.Lines {
			c.finding(Altered, f.Path, "has %d lines, %s says %d", is.lines, manifestPath, f.Lines)
		}
	}
	for path := range c.payload {
		if !listed[path] {
			c.finding(Altered, path, "was added: %s does not name it", manifestPath)
		}
	}
	c.compareSigner()
	if m.Verdict == Incomplete {
		c.finding(Partial, manifestPath, "was sealed as INCOMPLETE; data/report/reconciliation.json says why")
		c.findings[len(c.findings)-1].admitted = true
		c.readMissing()
	}
	count, id := "1 of 1", ""
	if m.Group != nil {
		count, id = fmt.Sprintf("%d of %d", m.Group.Number, m.Group.Count), m.Group.Identifier
	}
	if c.info != nil && (c.info["Bag-Count"] != count || c.info["Bag-Group-Identifier"] != id) {
		c.finding(Altered, bagInfoFile, "does not name the place among several bags that %s names", manifestPath)
	}
}

// readMissing reads why the package is INCOMPLETE, if this is the bag that says so.
func (c *check) readMissing() {
	var r Reconciliation
	if !c.has(reconciliationPath) || c.decode(reconciliationPath, &r) != nil {
		return
	}
	c.missing = r.Problems
	for _, a := range r.Attachments.Missing[:min(len(r.Attachments.Missing), maxProblems)] {
		c.missing = append(c.missing, fmt.Sprintf("the bytes of %s in %s", a.Path, a.Resource))
	}
}

// compareSigner judges whose signature there is.
func (c *check) compareSigner() {
	m := c.manifest
	switch want := c.options.Fingerprint; {
	case m.Signer != "" && !c.has(signatureFile):
		c.finding(Partial, signatureFile, "is missing, but the package says that it was signed")
	case c.signer != "" && c.signer != m.Signer:
		c.finding(Altered, signatureFile, "is by the key %s; the package says %q", c.signer, m.Signer)
	case want != "" && c.signer == "":
		c.finding(Altered, signatureFile, "there is no sound signature, and one by %s was asked for", want)
	case want != "" && c.signer != want:
		c.finding(Altered, signatureFile, "is by the key %s, not by %s", c.signer, want)
	}
}
