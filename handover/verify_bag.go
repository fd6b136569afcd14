package handover

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// check is the checking of one bag.
type check struct {
	source   *source
	options  VerifyOptions
	findings []Finding
	payload  map[string]string   // SHA-256 by path, as manifest-sha256.txt says
	tags     map[string]string   // as tagmanifest-sha256.txt says
	measured map[string]measured // of every file that was read
	info     map[string]string   // bag-info.txt
	manifest *Manifest           // nil if it cannot be read
	missing  []string            // what a package that was sealed as INCOMPLETE says is missing
	signer   string              // fingerprint of a sound signature
	tagsHash string
	bytes    int64 // of the payload
}

// measured is what reading a file showed.
type measured struct {
	sha256 string
	bytes  int64
	lines  int64
	cutOff bool // the last line has no end
}

func (c *check) finding(o Outcome, path, format string, args ...any) {
	c.findings = append(c.findings, Finding{Outcome: o, Path: path, Problem: fmt.Sprintf(format, args...)})
}

func (c *check) has(path string) bool { _, ok := c.source.sizes[path]; return ok }

// run checks everything about the bag alone. The error is about reading.
func (c *check) run(ctx context.Context) error {
	if c.has(incompleteMarker) {
		c.finding(Partial, incompleteMarker, "the writing was interrupted; it was never sealed")
		return nil
	}
	if !c.checkDeclaration() {
		return nil
	}
	if c.has("fetch.txt") {
		c.finding(Altered, "fetch.txt", "asks to fetch files from the network; a package holds all of its files")
	}
	c.tags = c.readList(tagManifest, true)
	c.payload = c.readList(payloadManifest, false)
	if c.tags == nil || c.payload == nil {
		return nil
	}
	if err := c.measure(ctx); err != nil {
		return err
	}
	c.compareLists()
	c.checkInfo()
	c.checkSeal()
	c.readManifest()
	if c.manifest != nil {
		c.compareManifest()
	}
	return nil
}

// checkDeclaration checks bagit.txt.
func (c *check) checkDeclaration() bool {
	text, err := c.source.readSmall(bagitFile, 4096)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		c.finding(Partial, bagitFile, "is missing, so this was never sealed or is no package")
		return false
	case err != nil:
		c.finding(Altered, bagitFile, "%v", err)
		return false
	case string(text) == bagitText:
		return true
	}
	if version, ok := strings.CutPrefix(string(text), "BagIt-Version: "); ok && !strings.HasPrefix(version, "1.0\n") {
		version, _, _ = strings.Cut(version, "\n")
		c.finding(Unknown, bagitFile, "is of version %.20q; this program reads %q", version, "1.0")
		return false
	}
	c.finding(Altered, bagitFile, "is not what every package has")
	return true
}

// readList reads a list of files with their hashes; nil if that is not possible.
func (c *check) readList(path string, ofTags bool) map[string]string {
	text, err := c.source.readSmall(path, 1<<30)
	if errors.Is(err, fs.ErrNotExist) {
		c.finding(Partial, path, "is missing")
		return nil
	}
	if err != nil {
		c.finding(Altered, path, "%v", err)
		return nil
	}
	if len(text) > 0 && text[len(text)-1] != '\n' {
		c.finding(Altered, path, "the last line is cut off")
	}
	list := map[string]string{}
	for line := range strings.Lines(string(text)) {
		sum, file, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		_, err := hex.DecodeString(sum)
		switch {
		case !ok || err != nil || len(sum) != 64 || strings.ToLower(sum) != sum:
			c.finding(Altered, path, "the line %.80q is no hash and path", line)
		case checkPath(file) != nil:
			c.finding(Altered, path, "%v", checkPath(file))
		case list[file] != "":
			c.finding(Altered, path, "lists %q twice", file)
		case strings.HasPrefix(file, "data/") == ofTags:
			c.finding(Altered, path, "lists %q, which belongs into the other list", file)
		default:
			list[file] = sum
		}
	}
	return list
}

// compareLists compares the files that are there with those that are listed.
func (c *check) compareLists() {
	c.tagsHash = c.measured[tagManifest].sha256
	for path, m := range c.measured {
		listed, ok := c.tags[path], false
		if strings.HasPrefix(path, "data/") {
			listed = c.payload[path]
			c.bytes += m.bytes
		}
		if ok = listed != ""; !ok {
			if path != tagManifest && path != signatureFile && path != "fetch.txt" {
				c.finding(Altered, path, "was added: no list has it")
			}
			continue
		}
		if listed != m.sha256 {
			c.finding(Altered, path, "was changed: its SHA-256 is not the listed one")
		}
		if m.cutOff {
			c.finding(Altered, path, "the last line is cut off")
		}
		if sum, ok := hashInPath(path); ok && sum != m.sha256 {
			c.finding(Altered, path, "the name is not the SHA-256 of the content")
		}
	}
	for _, list := range []map[string]string{c.payload, c.tags} {
		for path := range list {
			if !c.has(path) {
				c.finding(Partial, path, "is missing")
			}
		}
	}
	for _, path := range []string{bagitFile, bagInfoFile, payloadManifest} {
		if c.tags[path] == "" {
			c.finding(Altered, tagManifest, "does not list %s", path)
		}
	}
}

// hashInPath is the hash by which an attachment is named.
func hashInPath(path string) (string, bool) {
	rest, ok := strings.CutPrefix(path, "data/attachments/")
	if !ok || len(rest) < 3+64 || rest[2] != '/' {
		return "", false
	}
	return rest[3 : 3+64], true
}

// checkInfo checks bag-info.txt.
func (c *check) checkInfo() {
	text, err := c.source.readSmall(bagInfoFile, 1<<20)
	if err != nil {
		return // was told as missing
	}
	c.info = map[string]string{}
	for line := range strings.Lines(string(text)) {
		label, value, _ := strings.Cut(strings.TrimRight(line, "\r\n"), ":")
		c.info[label] = strings.TrimSpace(value)
	}
	var files int
	for path := range c.measured {
		if strings.HasPrefix(path, "data/") {
			files++
		}
	}
	for path := range c.payload {
		if !c.has(path) {
			return // was told as missing, from which a wrong sum follows
		}
	}
	if is := fmt.Sprintf("%d.%d", c.bytes, files); c.info["Payload-Oxum"] != is {
		c.finding(Altered, bagInfoFile, "Payload-Oxum says %.60q, the payload is %s", c.info["Payload-Oxum"], is)
	}
}

// checkSeal checks the signature.
func (c *check) checkSeal() {
	if !c.has(signatureFile) {
		return
	}
	armored, err := c.source.readSmall(signatureFile, 1<<16)
	if err != nil {
		c.finding(Altered, signatureFile, "%v", err)
		return
	}
	list, err := c.source.readSmall(tagManifest, 1<<30)
	if err != nil {
		c.finding(Altered, tagManifest, "%v", err)
		return
	}
	if c.signer, err = checkSignature(armored, list); err != nil {
		c.finding(Altered, signatureFile, "%v", err)
	}
}
