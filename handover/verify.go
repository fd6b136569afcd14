package handover

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// VerifyOptions are how a package is checked.
type VerifyOptions struct {
	Fingerprint string                  // of the key that must have signed, SHA256:…; "" takes any, and none
	Alone       bool                    // judge a bag of several without asking for the others
	Incomplete  bool                    // [Open] opens also what is unchanged and was sealed as INCOMPLETE
	Workers     int                     // files hashed at the same time; 0 is one for each processor
	Progress    func(done, total int64) // bytes; called from several goroutines; may be nil
}

// Verify checks a package: a folder, a ZIP file, or a folder in which the bags of one package stand. It needs
// nothing but the package and changes nothing. The error is about reading the disk; what is wrong with the package
// stands in the result.
func Verify(ctx context.Context, path string, o VerifyOptions) (*Result, error) {
	if o.Workers < 1 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	r := &Result{Findings: []Finding{}, Bags: []string{}}
	first, err := r.locate(path)
	if err != nil {
		return nil, err
	}
	if first != "" {
		if err := r.verifyPackage(ctx, first, o); err != nil {
			return nil, err
		}
	}
	r.conclude()
	return r, nil
}

// locate returns the path of a bag, or "" with a finding if there is none.
func (r *Result) locate(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	name := filepath.Base(path)
	if unfinished(name) {
		r.add(name, Finding{Outcome: Partial, Problem: "the writing was interrupted; it was never sealed"})
		return "", nil
	}
	if info.IsDir() {
		return r.locateInFolder(path)
	}
	kind, err := sniff(path)
	if err != nil {
		return "", err
	}
	if kind == "zip" {
		return path, nil
	}
	problem := map[string]string{
		"age":  "the file is encrypted; open it first with its passphrase, by: age -d -o package.zip FILE",
		"html": "the file is an encrypted page or no package; open it in a browser, enter the passphrase, save the ZIP and check that",
		"":     "the file is neither a ZIP file nor a folder with a package",
	}[kind]
	f := Finding{Outcome: Unknown, Path: name, Problem: problem}
	if kind == "" && strings.HasSuffix(strings.ToLower(name), ".zip") {
		f.Outcome, f.Problem = Partial, "the ZIP file is cut off or damaged"
	}
	r.add("", f)
	return "", nil
}

// locateInFolder returns the folder itself if it is a bag, or a bag in it.
func (r *Result) locateInFolder(path string) (string, error) {
	for _, name := range []string{incompleteMarker, bagitFile, bagInfoFile, payloadManifest, tagManifest, "data"} {
		if _, err := os.Lstat(filepath.Join(path, name)); err == nil {
			return path, nil
		}
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return "", err
	}
	var bags []string
	groups := map[string]bool{}
	for _, e := range entries {
		in := filepath.Join(path, e.Name())
		if _, err := os.Lstat(filepath.Join(in, bagitFile)); err != nil && !strings.HasSuffix(e.Name(), ".zip") {
			continue
		}
		bags = append(bags, in)
		group, _, _ := strings.Cut(e.Name(), "_bag-")
		groups[group] = true
	}
	if len(groups) == 1 {
		return bags[0], nil
	}
	problem := "the folder holds no package"
	if len(groups) > 1 {
		problem = fmt.Sprintf("the folder holds %d packages; name one of them", len(groups))
	}
	r.add("", Finding{Outcome: Unknown, Path: filepath.Base(path), Problem: problem})
	return "", nil
}

// openSource opens a bag for reading. A ZIP that cannot be read is a finding.
func (r *Result) openSource(path string) (*source, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return openFolder(path)
	}
	s, err := openZip(path)
	if errors.Is(err, zip.ErrFormat) || errors.Is(err, zip.ErrAlgorithm) || errors.Is(err, zip.ErrChecksum) {
		r.add("", Finding{Outcome: Partial, Path: filepath.Base(path), Problem: "the ZIP file is cut off or damaged"})
		return nil, nil
	}
	return s, err
}

// verifyPackage checks the bag at a path and, if it is one of several, the others too.
func (r *Result) verifyPackage(ctx context.Context, path string, o VerifyOptions) error {
	c, err := r.verifyPath(ctx, path, o)
	if err != nil || c == nil {
		return err
	}
	if c.manifest == nil {
		return nil
	}
	if c.manifest.Group == nil {
		r.compareCounts([]*check{c})
		return nil
	}
	if o.Alone {
		r.note("this is part %d of %d; the others were not looked at", c.manifest.Group.Number, c.manifest.Group.Count)
		return nil
	}
	return r.verifyGroup(ctx, path, c, o)
}

// verifyPath checks one bag.
func (r *Result) verifyPath(ctx context.Context, path string, o VerifyOptions) (*check, error) {
	s, err := r.openSource(path)
	if err != nil || s == nil {
		return nil, err
	}
	defer s.close()
	c := &check{source: s, options: o, findings: s.findings}
	if err := c.run(ctx); err != nil {
		return nil, err
	}
	r.Bags = append(r.Bags, path)
	r.add(s.name, c.findings...)
	r.Files += int64(len(c.payload))
	r.Bytes += c.bytes
	r.Missing = append(r.Missing, c.missing...)
	if c.manifest != nil {
		r.Manifests = append(r.Manifests, *c.manifest)
		for _, l := range c.manifest.Scope.LinkedLeftOut {
			r.note("%s", l)
		}
		if c.manifest.Signer == "" {
			r.note("the package is not signed")
		}
	}
	if c.signer != "" {
		r.Signer = c.signer
		if o.Fingerprint == "" {
			r.note("signed with the key %s; compare it with the fingerprint that the practice gave you", c.signer)
		}
	}
	return c, nil
}

// maxGroup is the greatest number of bags in a package: more would be no handover but an attack on the reader.
const maxGroup = 999

// verifyGroup checks the other bags of a package, and what they say of each other.
func (r *Result) verifyGroup(ctx context.Context, path string, known *check, o VerifyOptions) error {
	g := known.manifest.Group
	if g.Count < 1 || g.Count > maxGroup || g.Number < 1 || g.Number > g.Count || checkPart(g.Identifier) != nil {
		r.add(known.source.name, Finding{Outcome: Altered, Path: manifestPath, Problem: "the numbers of the bags make no sense"})
		return nil
	}
	checks := make([]*check, g.Count)
	r.Bags, r.Manifests = r.Bags[:0], r.Manifests[:0]
	for n := range checks {
		name := fmt.Sprintf("%s_bag-%03d", g.Identifier, n+1)
		if n+1 == g.Number {
			checks[n] = known
			r.Bags, r.Manifests = append(r.Bags, path), append(r.Manifests, *known.manifest)
			continue
		}
		sibling := findSibling(filepath.Dir(path), name)
		if sibling == "" {
			r.add(name, Finding{Outcome: Partial, Problem: fmt.Sprintf("part %d of %d is missing beside it", n+1, g.Count)})
			continue
		}
		c, err := r.verifyPath(ctx, sibling, o)
		if err != nil {
			return err
		}
		checks[n] = c
	}
	r.compareBags(checks, g)
	return nil
}

// findSibling is where another bag of the package stands; "" if it does not.
func findSibling(dir, name string) string {
	for _, path := range []string{filepath.Join(dir, name), filepath.Join(dir, name+".zip")} {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}

// compareBags judges whether bags belong together.
func (r *Result) compareBags(checks []*check, g *Group) {
	whole := true
	last := checks[len(checks)-1]
	for n, c := range checks {
		if c == nil || c.manifest == nil {
			whole = false
			continue
		}
		at := func(format string, args ...any) {
			r.add(c.source.name, Finding{Outcome: Altered, Path: manifestPath, Problem: fmt.Sprintf(format, args...)})
		}
		m, o := c.manifest, checks[g.Number-1].manifest
		if m.Group == nil || m.Group.Identifier != g.Identifier || m.Group.Count != g.Count || m.Group.Number != n+1 ||
			m.JobID != o.JobID || !m.TransactionTime.Equal(o.TransactionTime.Time) || m.Signer != o.Signer {
			at("this part belongs to another package")
			whole = false
			continue
		}
		if last == nil || last.manifest == nil || last.manifest.Group == nil || c == last {
			continue
		}
		if n >= len(last.manifest.Group.Bags) || last.manifest.Group.Bags[n].TagSHA256 != c.tagsHash {
			at("this part is not the one that the last part names")
		}
	}
	if whole {
		r.compareCounts(checks)
	}
}

// compareCounts compares the lines of the files of a package with the counts of its manifests.
func (r *Result) compareCounts(checks []*check) {
	var deleted int64
	current, versions := map[string]int64{}, map[string]int64{}
	for _, c := range checks {
		for _, f := range c.manifest.Files {
			switch {
			case f.Type == "Bundle" && strings.Contains(f.Path, "/deleted-"):
				deleted += f.Lines
			case f.Section == History:
				versions[f.Type] += f.Lines
			case f.Section != "":
				current[f.Type] += f.Lines
				versions[f.Type] += f.Lines
			}
		}
	}
	for _, c := range checks {
		at := func(typ, what string, says, has int64) {
			if says != has {
				r.add(c.source.name, Finding{Outcome: Altered, Path: manifestPath,
					Problem: fmt.Sprintf("says %d %s of %s, the files have %d", says, what, typ, has)})
			}
		}
		var said, resources int64
		for typ, n := range c.manifest.Counts {
			at(typ, "current resources", n.ExportedCurrent, current[typ])
			at(typ, "versions", n.ExportedVersions, versions[typ])
			said += n.ExportedDeleted
			resources += n.ExportedCurrent
		}
		for typ := range versions {
			if _, ok := c.manifest.Counts[typ]; !ok {
				at(typ, "versions", 0, versions[typ])
			}
		}
		at("all types", "deletions", said, deleted)
		r.Resources = resources
	}
}
