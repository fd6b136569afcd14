package handover

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// altered packages are made from one good one.
const (
	somePatients = "data/fhir/current/Patient-0001.ndjson"
	someDocs     = "data/docs/CHANGELOG.html"
)

func write(t *testing.T, root, path, text string) {
	t.Helper()
	path = filepath.Join(root, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, root, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func edit(t *testing.T, root, path string, f func(string) string) {
	t.Helper()
	write(t, root, path, f(read(t, root, path)))
}

// relist makes the lists anew, as somebody would who changes a package that is not signed.
func relist(t *testing.T, root string) {
	t.Helper()
	var payload, tags []File
	var total int64
	files := filesOf(t, root)
	for _, path := range slices.Sorted(maps.Keys(files)) {
		if strings.HasPrefix(path, "data/") {
			payload = append(payload, files[path])
			total += files[path].Bytes
		}
	}
	edit(t, root, bagInfoFile, func(s string) string {
		before, _, _ := strings.Cut(s, "Payload-Oxum")
		return before + fmt.Sprintf("Payload-Oxum: %d.%d\n", total, len(payload))
	})
	write(t, root, payloadManifest, manifestText(payload))
	files = filesOf(t, root)
	for _, path := range slices.Sorted(maps.Keys(files)) {
		if !strings.HasPrefix(path, "data/") && path != tagManifest && path != signatureFile {
			tags = append(tags, files[path])
		}
	}
	write(t, root, tagManifest, manifestText(tags))
}

// filesOf measures every file of a folder; what has the size of the huge one is taken to be that.
func filesOf(t *testing.T, root string) map[string]File {
	t.Helper()
	files := map[string]File{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		f := File{Path: filepath.ToSlash(name), Bytes: info.Size(), SHA256: hugeSHA256}
		if f.Bytes != hugeSize {
			sum := sha256.Sum256([]byte(read(t, root, name)))
			f.SHA256 = hex.EncodeToString(sum[:])
		}
		files[f.Path] = f
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func upper(s string) string { return strings.ToUpper(s) }

// damage is something that can be done to a package, and what the check says of it. A relisted one has lists that fit: only the
// manifest, the names or the signature give it away.
type damage struct {
	name     string
	do       func(t *testing.T, root string)
	want     Outcome
	mention  string
	relisted bool
}

func cut(s string) string { return s[:len(s)-1] }

// damagedFiles are packages with files that were changed, added or taken away.
var damagedFiles = []damage{
	{"flipped bit", func(t *testing.T, r string) {
		edit(t, r, somePatients, func(s string) string { b := []byte(s); b[100] ^= 1; return string(b) })
	}, Altered, somePatients + ": was changed", false},
	{"missing file", func(t *testing.T, r string) { os.Remove(filepath.Join(r, somePatients)) }, Partial, somePatients + ": is missing", false},
	{"missing documentation", func(t *testing.T, r string) { os.Remove(filepath.Join(r, someDocs)) }, Partial, someDocs + ": is missing", false},
	{"extra file", func(t *testing.T, r string) { write(t, r, "data/extra.txt", "x") }, Altered, "data/extra.txt: was added", false},
	{"extra tag file", func(t *testing.T, r string) { write(t, r, "extra.txt", "x") }, Altered, "extra.txt: was added", false},
	{"renamed file", func(t *testing.T, r string) {
		os.Rename(filepath.Join(r, somePatients), filepath.Join(r, "data/fhir/current/Patient-0002.ndjson"))
	}, Altered, "Patient-0002.ndjson: was added", false},
	{"wrong Oxum", func(t *testing.T, r string) {
		edit(t, r, bagInfoFile, func(s string) string { return strings.Replace(s, "Payload-Oxum: ", "Payload-Oxum: 1", 1) })
	}, Altered, "Payload-Oxum says", false},
	{"edited bag-info", func(t *testing.T, r string) {
		edit(t, r, bagInfoFile, func(s string) string { return strings.Replace(s, "Hill", "Mill", 1) })
	}, Altered, "bag-info.txt: was changed", false},
}

// damagedLists are packages with lists that are wrong, or that lead elsewhere.
var damagedLists = []damage{
	{"fetch.txt", func(t *testing.T, r string) { write(t, r, "fetch.txt", "https://a.example/x 1 data/x\n") }, Altered, "fetch.txt", false},
	{"fetch.txt, relisted", func(t *testing.T, r string) { write(t, r, "fetch.txt", "https://a.example/x 1 data/x\n") }, Altered, "fetch.txt", true},
	{"parent path in the list", func(t *testing.T, r string) {
		edit(t, r, payloadManifest, func(s string) string { return s + strings.Repeat("0", 64) + "  data/../../x\n" })
	}, Altered, "leads out of its folder", false},
	{"absolute path in the list", func(t *testing.T, r string) {
		edit(t, r, payloadManifest, func(s string) string { return s + strings.Repeat("0", 64) + "  /etc/passwd\n" })
	}, Altered, "absolute", false},
	{"line twice in the list", func(t *testing.T, r string) {
		edit(t, r, payloadManifest, func(s string) string { return s + strings.SplitAfter(s, "\n")[0] })
	}, Altered, "twice", false},
	{"case collision", func(t *testing.T, r string) { write(t, r, "data/fhir/current/PATIENT-0001.ndjson", "{}\n") }, Altered, "upper and lower case", false},
	{"file of no bytes added", func(t *testing.T, r string) { write(t, r, "data/fhir/current/Patient-0009.ndjson", "") }, Altered, "Patient-0009.ndjson: was added", false},
	{"file of no bytes, relisted", func(t *testing.T, r string) { write(t, r, somePatients, "") }, Altered, somePatients, true},
	{"file of no bytes", func(t *testing.T, r string) { write(t, r, somePatients, "") }, Altered, somePatients + ": was changed", false},
}

// damagedLines are packages in which lines, counts or marks are not as they were.
var damagedLines = []damage{
	{"truncated line", func(t *testing.T, r string) { edit(t, r, somePatients, cut) }, Altered, "the last line is cut off", false},
	{"truncated line, relisted", func(t *testing.T, r string) { edit(t, r, somePatients, cut) }, Altered, "the last line is cut off", true},
	{"line taken away, relisted", func(t *testing.T, r string) {
		edit(t, r, somePatients, func(s string) string { return strings.Join(strings.SplitAfter(s, "\n")[1:], "") })
	}, Altered, "lines, data/ehi-manifest.json says", true},
	{"file taken away, relisted", func(t *testing.T, r string) { os.Remove(filepath.Join(r, somePatients)) }, Partial, somePatients, true},
	{"file added, relisted", func(t *testing.T, r string) { write(t, r, "data/extra.txt", "x") }, Altered, "does not name it", true},
	{"count in the manifest, relisted", func(t *testing.T, r string) {
		edit(t, r, manifestPath, func(s string) string {
			before, after, _ := strings.Cut(s, `"Patient": {`)
			return before + `"Patient": {` + strings.Replace(after, `"exportedCurrent": `, `"exportedCurrent": 1`, 1)
		})
	}, Altered, "current resources of Patient", true},
	{"attachment under another name, relisted", func(t *testing.T, r string) {
		all, _ := filepath.Glob(filepath.Join(r, "data/attachments/*/*.pdf"))
		if err := os.WriteFile(all[0], []byte("forged"), 0o600); err != nil {
			t.Fatal(err)
		}
	}, Altered, "the name is not the SHA-256", true},
	{"bad hash", func(t *testing.T, r string) {
		edit(t, r, payloadManifest, func(s string) string { return upper(s[:64]) + s[64:] })
	}, Altered, "no hash and path", false},
	{"no tag manifest", func(t *testing.T, r string) { os.Remove(filepath.Join(r, tagManifest)) }, Partial, tagManifest + ": is missing", false},
	{"no bagit.txt", func(t *testing.T, r string) { os.Remove(filepath.Join(r, bagitFile)) }, Partial, bagitFile + ": is missing", false},
}

// damagedWhole are packages of another kind, or by somebody else.
var damagedWhole = []damage{
	{"other BagIt", func(t *testing.T, r string) {
		edit(t, r, bagitFile, func(s string) string { return strings.Replace(s, "1.0", "2.0", 1) })
	}, Unknown, `"2.0"`, false},
	{"other format", func(t *testing.T, r string) {
		edit(t, r, manifestPath, func(s string) string { return strings.Replace(s, `"1.0.0"`, `"2.0.0"`, 1) })
	}, Unknown, "Use a newer one", true},
	{"an ordinary bag", func(t *testing.T, r string) {
		os.RemoveAll(filepath.Join(r, "data"))
		write(t, r, "data/x.txt", "x")
	}, Unknown, "not one with health records", true},
	{"marker", func(t *testing.T, r string) { write(t, r, incompleteMarker, "") }, Partial, "interrupted", false},
	{"signature taken away", func(t *testing.T, r string) { os.Remove(filepath.Join(r, signatureFile)) }, Partial, "says that it was signed", false},
	{"signature damaged", func(t *testing.T, r string) {
		edit(t, r, signatureFile, func(s string) string { return strings.Replace(s, "SSHSIG", "x", 1)[:200] })
	}, Altered, signatureFile, false},
	{"all relisted under the old signature", func(t *testing.T, r string) {
		edit(t, r, bagInfoFile, func(s string) string { return strings.Replace(s, "Hill", "Mill", 1) })
	}, Altered, "does not fit the list", true},
	{"signed by somebody else", func(t *testing.T, r string) {
		k, err := NewKey(filepath.Join(t.TempDir(), "k"), "")
		if err != nil {
			t.Fatal(err)
		}
		s, err := k.sign([]byte(read(t, r, tagManifest)))
		if err != nil {
			t.Fatal(err)
		}
		write(t, r, signatureFile, s)
	}, Altered, "is by the key", false},
}

// damagedByLink has a link in place of a file.
var damagedByLink = damage{"link", func(t *testing.T, r string) {
	os.Rename(filepath.Join(r, somePatients), filepath.Join(r, "..", "elsewhere"))
	if err := os.Symlink("../../../../elsewhere", filepath.Join(r, somePatients)); err != nil {
		t.Fatal(err)
	}
}, Altered, "is a link", false}

// What can be done to a package is found by the check.
func TestTampering(t *testing.T) {
	t.Parallel()
	cases := slices.Concat(damagedFiles, damagedLists, damagedLines, damagedWhole)
	if runtime.GOOS != "windows" {
		cases = append(cases, damagedByLink)
	}
	o := options(t.TempDir())
	unsigned := build(t, o).Paths[0]
	o.Dir, o.Key = t.TempDir(), testKey()
	signed := build(t, o).Paths[0]
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			good := signed
			if c.relisted && !strings.Contains(c.name, "signature") {
				good = unsigned
			}
			root := filepath.Join(t.TempDir(), filepath.Base(good))
			if err := os.CopyFS(root, os.DirFS(good)); err != nil {
				t.Fatal(err)
			}
			c.do(t, root)
			if c.relisted {
				relist(t, root)
			}
			wantOutcome(t, verify(t, root, VerifyOptions{}), c.want, c.mention)
		})
	}
}

// Paths that a ZIP can have and a folder cannot, or not everywhere.
func TestTamperedZip(t *testing.T) {
	t.Parallel()
	o := options(t.TempDir())
	o.Zip = true
	good := build(t, o).Paths[0]
	z, err := zip.OpenReader(good)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	var files [][2]string
	for _, e := range z.File {
		r, _ := e.Open()
		text, _ := io.ReadAll(r)
		files = append(files, [2]string{e.Name, string(text)})
	}
	top := o.Name + "/"
	for _, c := range []struct {
		name, path string
		want       Outcome
		mention    string
	}{
		{"nothing", "", Good, "whole"},
		{"folder entry", top + "data/", Good, "whole"},
		{"parent", top + "../../evil", Altered, "leads out"},
		{"absolute", "/etc/passwd", Altered, "one folder"},
		{"other top", "other/x", Altered, "one folder"},
		{"backslash", top + `data\evil`, Altered, "one folder"},
		{"bad UTF-8", top + "data/\xff\xfe", Altered, "not UTF-8"},
		{"not ASCII", top + "data/ä", Altered, "character"},
		{"device", top + "data/NUL.txt", Altered, "device"},
		{"case", top + "DATA/ehi-manifest.json", Altered, "upper and lower case"},
		{"the same twice", top + bagitFile, Altered, "differs"},
		{"long", top + "data/" + strings.Repeat("x", 200), Altered, "characters"},
		{"extra", top + "data/extra", Altered, "was added"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.zip")
			list := files
			if c.path != "" {
				text := "x"
				if strings.HasSuffix(c.path, "/") {
					text = ""
				}
				list = append(slices.Clone(files), [2]string{c.path, text})
			}
			rezip(t, path, list)
			wantOutcome(t, verify(t, path, VerifyOptions{}), c.want, c.mention)
		})
	}
}

// A ZIP that was cut off anywhere, or has one changed byte, is never good, unless the byte says nothing about content.
func TestDamagedZip(t *testing.T) {
	t.Parallel()
	o := options(t.TempDir())
	o.Zip = true
	text, err := os.ReadFile(build(t, o).Paths[0])
	if err != nil {
		t.Fatal(err)
	}
	for i := range 40 {
		path := filepath.Join(t.TempDir(), "a.zip")
		if err := os.WriteFile(path, text[:len(text)*i/40], 0o600); err != nil {
			t.Fatal(err)
		}
		if r := verify(t, path, VerifyOptions{}); r.Outcome != Partial {
			t.Errorf("cut at %d of 40: %v: %s", i, r.Outcome, r.Sentence)
		}
	}
}

func TestWhoSigned(t *testing.T) {
	t.Parallel()
	o := options(t.TempDir())
	unsigned := build(t, o).Paths[0]
	o.Name += "s"
	o.Key = testKey()
	signed := build(t, o).Paths[0]
	fingerprint := o.Key.Fingerprint()
	for _, c := range []struct {
		path, fingerprint string
		want              Outcome
	}{{unsigned, "", Good}, {unsigned, fingerprint, Altered}, {signed, "", Good}, {signed, fingerprint, Good}, {signed, "SHA256:other", Altered}} {
		if r := verify(t, c.path, VerifyOptions{Fingerprint: c.fingerprint}); r.Outcome != c.want || len(r.Notes) == 0 && c.fingerprint == "" {
			t.Errorf("%+v: %v %v %v", c, r.Outcome, r.Sentence, r.Notes)
		}
	}
}

// Of several bags every one must be there, and belong to the others.
func TestGroups(t *testing.T) {
	t.Parallel()
	forms(t, func(t *testing.T, o Options) {
		o.BagSize, o.Key = 120_000, testKey()
		s := build(t, o)
		if len(s.Paths) < 5 {
			t.Fatalf("%d bags", len(s.Paths))
		}
		wantOutcome(t, verify(t, o.Dir, VerifyOptions{}), Good, "parts")
		for _, path := range s.Paths {
			wantOutcome(t, verify(t, path, VerifyOptions{}), Good, "parts")
			wantOutcome(t, verify(t, path, VerifyOptions{Alone: true}), Good, "")
		}
		aside := filepath.Join(t.TempDir(), filepath.Base(s.Paths[2]))
		if err := os.Rename(s.Paths[2], aside); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{o.Dir, s.Paths[0], s.Paths[4]} {
			wantOutcome(t, verify(t, path, VerifyOptions{}), Partial, fmt.Sprintf("part 3 of %d is missing", len(s.Paths)))
		}
		// The same bag of a package that was made from other content.
		other := o
		other.Dir = t.TempDir()
		other.About = "somebody else"
		stranger := build(t, other).Paths[2]
		if err := os.Rename(stranger, s.Paths[2]); err != nil {
			t.Fatal(err)
		}
		wantOutcome(t, verify(t, s.Paths[0], VerifyOptions{}), Altered, "not the one that the last part names")
	})
}

func TestNoPackage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "a.zip.age", "age-encryption.org/v1\n-> scrypt")
	write(t, dir, "a.html", "<!DOCTYPE html><title>x</title>")
	write(t, dir, "a.txt", "hello")
	write(t, dir, "a.zip", "PK\x03\x04")
	write(t, dir, "empty/x/y", "")
	for name, want := range map[string]string{"a.zip.age": "encrypted", "a.html": "browser", "a.txt": "neither", "empty": "no package"} {
		wantOutcome(t, verify(t, filepath.Join(dir, name), VerifyOptions{}), Unknown, want)
	}
	wantOutcome(t, verify(t, filepath.Join(dir, "a.zip"), VerifyOptions{}), Partial, "cut off")
	if _, err := Verify(t.Context(), filepath.Join(dir, "none"), VerifyOptions{}); err == nil {
		t.Error("nothing there, and no error")
	}
}
