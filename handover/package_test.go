package handover

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"satchel/fhir"
)

// forms are the ways in which a package may stand.
func forms(t *testing.T, f func(t *testing.T, o Options)) {
	for _, zipped := range []bool{false, true} {
		t.Run(fmt.Sprintf("zip=%v", zipped), func(t *testing.T) {
			o := options(t.TempDir())
			o.Zip = zipped
			f(t, o)
		})
	}
}

func TestPackageIsGood(t *testing.T) {
	t.Parallel()
	forms(t, func(t *testing.T, o Options) {
		o.Key = testKey()
		s := build(t, o)
		r := verify(t, s.Paths[0], VerifyOptions{Fingerprint: o.Key.Fingerprint()})
		wantOutcome(t, r, Good, "complete")
		if s.Verdict != Complete || r.Signer != s.Signer || r.Files != s.Files || r.Bytes != s.Bytes {
			t.Errorf("sealed %+v, verified %v %v %d %d", s, r.Outcome, r.Signer, r.Files, r.Bytes)
		}
		if int(r.Resources) != len(demoPractice().current) {
			t.Errorf("%d resources, want %d", r.Resources, len(demoPractice().current))
		}
		left, _ := filepath.Glob(filepath.Join(o.Dir, ".*"))
		if len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	})
}

func TestFolderAndZipAreTheSame(t *testing.T) {
	t.Parallel()
	o := options(t.TempDir())
	o.Key = testKey()
	folder := build(t, o)
	o.Zip = true
	zipped := build(t, o)
	a, b := content(t, folder.Paths[0]), content(t, zipped.Paths[0])
	if !maps.Equal(a, b) {
		t.Errorf("folder and ZIP differ: %d and %d files", len(a), len(b))
	}
}

func TestSameInputSameBytes(t *testing.T) {
	t.Parallel()
	forms(t, func(t *testing.T, o Options) {
		o.Key, o.FileSize, o.BagSize = testKey(), 20_000, 300_000
		first := build(t, o)
		o.Dir = t.TempDir()
		second := build(t, o)
		if len(first.Paths) < 2 || len(first.Paths) != len(second.Paths) {
			t.Fatalf("%d and %d bags", len(first.Paths), len(second.Paths))
		}
		for i := range first.Paths {
			if !maps.Equal(content(t, first.Paths[i]), content(t, second.Paths[i])) {
				t.Errorf("bag %d differs", i+1)
			}
			if o.Zip {
				a, _ := os.ReadFile(first.Paths[i])
				b, _ := os.ReadFile(second.Paths[i])
				if !bytes.Equal(a, b) {
					t.Errorf("ZIP %d differs", i+1)
				}
			}
		}
	})
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	forms(t, func(t *testing.T, o Options) {
		o.FileSize, o.BagSize = 30_000, 400_000
		s := build(t, o)
		p, err := Open(context.Background(), s.Paths[0], VerifyOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		back := &practice{}
		for _, section := range Sections() {
			for r, err := range p.Resources(section) {
				if err != nil {
					t.Fatal(err)
				}
				r.JSON = slices.Clone(r.JSON)
				switch {
				case r.Deleted:
					back.deleted = append(back.deleted, r)
				case section == History:
					back.earlier = append(back.earlier, r)
				default:
					if section != sectionOf(r) {
						t.Errorf("%s came back in section %q", r.Key(), section)
					}
					back.current = append(back.current, r)
				}
			}
		}
		was := demoPractice()
		sameResources(t, "current", was.current, back.current)
		sameResources(t, "earlier", was.earlier, back.earlier)
		sameResources(t, "deleted", was.deleted, back.deleted)
		checkAttachments(t, p)
	})
}

func sameResources(t *testing.T, what string, want, got []fhir.Resource) {
	t.Helper()
	text := func(list []fhir.Resource) []string {
		var out []string
		for _, r := range list {
			out = append(out, fmt.Sprintf("%s %d %s %v %s", r.Key(), r.Version, fhir.FormatInstant(r.Updated), r.Deleted, r.JSON))
		}
		slices.Sort(out)
		return out
	}
	if len(want) == 0 || !slices.Equal(text(want), text(got)) {
		t.Errorf("%s: %d resources went in, %d came back, or they differ", what, len(want), len(got))
	}
}

// Every attachment that the practice carries comes back as its bytes.
func checkAttachments(t *testing.T, p *Package) {
	t.Helper()
	var places int
	for a, err := range p.Sources() {
		if err != nil {
			t.Fatal(err)
		}
		places++
		r, err := p.OpenFile(a.File)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		r.Close()
		if err != nil {
			t.Fatal(err)
		}
		for _, res := range demoPractice().current {
			if res.Key() == a.Resource && !bytes.Contains(res.JSON, []byte(base64.StdEncoding.EncodeToString(data))) {
				t.Errorf("%s %s: other bytes", a.Resource, a.Path)
			}
		}
	}
	m := p.Manifest()
	if m.Attachments.Exported < 20 || m.Attachments.MissingCount != 0 || m.Attachments.Deduplicated == 0 {
		t.Errorf("attachments: %+v", m.Attachments)
	}
	if places == 0 {
		t.Error("no attachments")
	}
}

// A lookup that the demo practice has no case of.
func TestAttachmentPlaces(t *testing.T) {
	t.Parallel()
	data := base64.StdEncoding.EncodeToString([]byte("hello"))
	text := `{"resourceType":"Patient","id":"a","meta":{"versionId":"1","lastUpdated":"2026-01-01T00:00:00.000Z"},` +
		`"extension":[{"url":"http://a.example/x","valueAttachment":{"contentType":"text/plain","data":"` + data + `"}}],` +
		`"contained":[{"resourceType":"Communication","id":"c","status":"completed","payload":[{"contentString":"x"},{"contentAttachment":{"data":"` + data + `"}}]}],` +
		`"birthDate":"1970-01-01","_birthDate":{"extension":[{"url":"http://a.example/y","valueAttachment":{"data":"` + data + `"}}]},` +
		`"photo":[{"url":"https://elsewhere.example/p.jpg"},{"data":"` + data + `"}]}`
	d, err := fhir.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	w, err := Create(options(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	r := fhir.Resource{Type: "Patient", ID: "a", Version: 1, Updated: testTime, JSON: d.JSON()}
	if _, err := w.Put(Current, r); err != nil {
		t.Fatal(err)
	}
	if err := w.AttachData(r, d); err != nil {
		t.Fatal(err)
	}
	rec, err := w.Reconcile(context.Background(), &practice{current: []fhir.Resource{r}})
	if err != nil {
		t.Fatal(err)
	}
	a := rec.Attachments
	if a.Referenced != 5 || a.Exported != 4 || a.Files != 1 || a.Deduplicated != 3 || a.ExternalLinkOnly != 1 || rec.Verdict != Complete {
		t.Errorf("%+v %v", a, rec.Problems)
	}
}

// patient is a stored Patient with further members.
func patient(id string, version int64, more string) fhir.Resource {
	text := `{"resourceType":"Patient","id":"` + id + `"` + more + `}`
	d, err := fhir.Parse([]byte(text))
	if err != nil {
		panic(err)
	}
	return fhir.Resource{Type: "Patient", ID: id, Version: version, Updated: testTime, JSON: d.Stamped(nil, id, version, testTime)}
}

// verdictCase is a package of which something may be missing, and what it says of itself.
type verdictCase struct {
	name    string
	fill    func(t *testing.T, w *Writer)
	want    Verdict
	problem string
}

// check makes the package and looks at its verdict, at its pages and at what the check of it says.
func (c verdictCase) check(t *testing.T, all *practice) {
	o := options(t.TempDir())
	w, err := Create(o)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	c.fill(t, w)
	r, err := w.Reconcile(context.Background(), all)
	if err != nil {
		t.Fatal(err)
	}
	if r.Verdict != c.want || !strings.Contains(strings.Join(r.Problems, "\n"), c.problem) {
		t.Errorf("verdict %q, want %q with %q: %v", r.Verdict, c.want, c.problem, r.Problems)
	}
	if u := r.References; u.UnresolvedCount != 1 && c.want == Complete {
		t.Errorf("references: %+v", u)
	}
	s, err := w.Seal(context.Background(), testTime)
	if err != nil {
		t.Fatal(err)
	}
	wantVerdictWords(t, content(t, s.Paths[0]), c.want)
	want := Good
	if c.want == Incomplete {
		want = Partial
	}
	wantOutcome(t, verify(t, s.Paths[0], VerifyOptions{}), want, map[Outcome]string{Good: "complete", Partial: "sealed as INCOMPLETE"}[want])
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	a, b := patient("a", 1, ""), patient("b", 2, `,"link":[{"other":{"reference":"Patient/gone"},"type":"seealso"}]`)
	all := &practice{current: []fhir.Resource{a, b}, earlier: []fhir.Resource{patient("b", 1, "")}}
	put := func(t *testing.T, w *Writer, section Section, list ...fhir.Resource) {
		for _, r := range list {
			if _, err := w.Put(section, r); err != nil {
				t.Fatal(err)
			}
		}
	}
	cases := []verdictCase{
		{"all", func(t *testing.T, w *Writer) { put(t, w, Current, a, b); put(t, w, History, all.earlier...) }, Complete, ""},
		{"one is missing", func(t *testing.T, w *Writer) { put(t, w, Current, b); put(t, w, History, all.earlier...) }, Incomplete, "current resources"},
		{"history is missing", func(t *testing.T, w *Writer) { put(t, w, Current, a, b) }, Incomplete, "earlier versions"},
		{"one twice", func(t *testing.T, w *Writer) { put(t, w, Current, b, b); put(t, w, History, all.earlier...) }, Incomplete, "more than once"},
		{"one is excluded", func(t *testing.T, w *Writer) {
			put(t, w, Current, b)
			put(t, w, History, all.earlier...)
			if err := w.Exclude(Exclusion{Type: "Patient", ID: "a", Reason: "other-individual"}); err != nil {
				t.Fatal(err)
			}
		}, CompleteWithExclusions, ""},
		{"attachment is missing", func(t *testing.T, w *Writer) {
			put(t, w, Current, patient("a", 1, `,"photo":[{"data":"aGk="}]`), b)
			put(t, w, History, all.earlier...)
		}, Incomplete, "attachments"},
		{"Binary is missing", func(t *testing.T, w *Writer) {
			put(t, w, Current, patient("a", 1, `,"photo":[{"url":"Binary/1"}]`), b)
			put(t, w, History, all.earlier...)
		}, Incomplete, "attachments"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.check(t, all) })
	}
}

// wantVerdictWords: a verdict stands in its words in the manifest, in both forms of the report, on the first page and in the
// text beside it, with what it means; and no other verdict does.
func wantVerdictWords(t *testing.T, files map[string]string, want Verdict) {
	t.Helper()
	for _, v := range []Verdict{Complete, CompleteWithExclusions, Incomplete} {
		for path, text := range map[string]string{
			manifestPath: `"verdict": "` + string(v) + `"`, "data/report/reconciliation.json": `"verdict": "` + string(v) + `"`,
			"data/report/reconciliation.html": "<strong>" + string(v) + "</strong>", "OPEN-ME-FIRST.html": "<strong>" + string(v) + "</strong>",
			"README.txt": "\n" + string(v) + "\n" + Manifest{Verdict: v, Head: Head{Kind: Single}}.Meaning() + "\n",
		} {
			if got := strings.Contains(files[path], text); got != (v == want) {
				t.Errorf("%s says %s: %t, the verdict is %s", path, v, got, want)
			}
		}
	}
	first := files["OPEN-ME-FIRST.html"]
	if !strings.Contains(first, "<p>"+Manifest{Verdict: want, Head: Head{Kind: Single}}.Meaning()) || strings.Contains(first, `class="bad"`) != (want == Incomplete) {
		t.Errorf("the first page does not say what %s means", want)
	}
}

// What the policy leaves out as a whole is stated without being told one by one.
func TestPolicyStatesWhatItLeavesOut(t *testing.T) {
	t.Parallel()
	o := options(t.TempDir())
	o.Head.Policy.History = false
	w, err := Create(o)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	if _, err := w.Put(Current, patient("b", 2, "")); err != nil {
		t.Fatal(err)
	}
	r, err := w.Reconcile(context.Background(), &practice{current: []fhir.Resource{patient("b", 2, "")}, earlier: []fhir.Resource{patient("b", 1, "")}})
	if err != nil {
		t.Fatal(err)
	}
	if r.Verdict != CompleteWithExclusions || r.Counts["Patient"].ExcludedVersions["history-not-included"] != 1 {
		t.Errorf("%q %+v", r.Verdict, r.Counts)
	}
}

// A resource that was deleted and made again keeps its deletion in the history.
func TestTombstoneInHistory(t *testing.T) {
	t.Parallel()
	o := options(t.TempDir())
	w, err := Create(o)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	gone := fhir.Resource{Type: "Patient", ID: "a", Version: 2, Updated: testTime, Deleted: true}
	p := &practice{current: []fhir.Resource{patient("a", 3, "")}, earlier: []fhir.Resource{patient("a", 1, "")}, deleted: []fhir.Resource{gone}}
	for _, err := range []error{second(w.Put(Current, p.current[0])), second(w.Put(History, p.earlier[0])), second(w.Put(History, gone))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if second(w.Put(Current, gone)) == nil || second(w.Put(Deleted, p.current[0])) == nil {
		t.Error("put into the wrong section")
	}
	if r, err := w.Reconcile(context.Background(), p); err != nil || r.Verdict != Complete {
		t.Fatal(err, r)
	}
	s, err := w.Seal(context.Background(), testTime)
	if err != nil {
		t.Fatal(err)
	}
	pkg, err := Open(context.Background(), s.Paths[0], VerifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer pkg.Close()
	var keys []string
	for r, err := range pkg.Resources(History) {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, fmt.Sprint(r.Key(), " ", r.Version, " ", r.Deleted))
	}
	slices.Sort(keys)
	if !slices.Equal(keys, []string{"Patient/a 1 false", "Patient/a 2 true"}) {
		t.Error(keys)
	}
}

func second[A any](_ A, err error) error { return err }

// Caps of files and bags hold, and every file stays whole.
func TestCaps(t *testing.T) {
	t.Parallel()
	forms(t, func(t *testing.T, o Options) {
		o.FileSize, o.FileLines, o.BagSize = 8_000, 5, 150_000
		s := build(t, o)
		for _, path := range s.Paths {
			var payload int64
			files := content(t, path)
			for name, text := range files {
				if strings.HasPrefix(name, "data/fhir/") && strings.HasSuffix(name, ".ndjson") {
					lines := strings.Count(text, "\n")
					if lines > 5 || lines > 1 && len(text) > 8_000 || !strings.HasSuffix(text, "\n") {
						t.Errorf("%s has %d bytes, %d lines", name, len(text), lines)
					}
				}
				if strings.HasPrefix(name, "data/fhir/") || strings.HasPrefix(name, "data/attachments/") {
					payload += int64(len(text))
				}
			}
			if payload > 220_000 { // an attachment and its index may be beyond
				t.Errorf("%s has %d bytes of records", path, payload)
			}
		}
		wantOutcome(t, verify(t, o.Dir, VerifyOptions{}), Good, "parts")
	})
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w, err := Create(options(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	for _, path := range []string{"ehi-manifest.json", "fhir/current/x.ndjson", "../x", "/x/y", "view/CON.html", "view/a:b", "docs/x.html",
		"practice/users.ndjson", "view/" + strings.Repeat("x", 150), "view/ä.html"} {
		if err := w.AddFile(path, strings.NewReader("")); err == nil {
			t.Errorf("AddFile took %q", path)
		}
	}
	if _, err := w.Put(Current, fhir.Resource{Type: "Patient", ID: "a", Version: 1, JSON: []byte("{\n}")}); err == nil {
		t.Error("Put took two lines")
	}
	if _, err := w.Seal(context.Background(), testTime); err == nil {
		t.Error("sealed without reconciliation")
	}
	o := options(dir)
	o.Name = "../x"
	if _, err := Create(o); err == nil {
		t.Error("a name with a path")
	}
}

func TestExistingPackageStays(t *testing.T) {
	t.Parallel()
	forms(t, func(t *testing.T, o Options) {
		build(t, o)
		if w, err := Create(o); err == nil {
			w.Abort()
			t.Error("a package was begun over another")
		}
	})
}

func TestAbortLeavesNothing(t *testing.T) {
	t.Parallel()
	forms(t, func(t *testing.T, o Options) {
		o.BagSize = 100_000
		w, err := Create(o)
		if err != nil {
			t.Fatal(err)
		}
		if err := demoPractice().fill(w); err != nil {
			t.Fatal(err)
		}
		if err := w.Abort(); err != nil {
			t.Fatal(err)
		}
		if left, _ := os.ReadDir(o.Dir); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	})
}

func TestBulkManifestAndIndex(t *testing.T) {
	t.Parallel()
	s := build(t, options(t.TempDir()))
	files := content(t, s.Paths[0])
	var m bulkManifest
	if err := json.Unmarshal([]byte(files["data/fhir/bulk-manifest.json"]), &m); err != nil {
		t.Fatal(err)
	}
	for _, f := range append(m.Output, m.Deleted...) {
		path := filepath.ToSlash(filepath.Join("data/fhir", f.URL))
		if text, ok := files[path]; !ok || int64(strings.Count(text, "\n")) != f.Count {
			t.Errorf("%s: count %d", path, f.Count)
		}
	}
	described := map[string]bool{}
	for line := range strings.Lines(files[attachmentIndex]) {
		d, err := fhir.Parse([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		if issues := d.Validate(); len(issues) > 0 {
			t.Fatalf("%s: %v", line, issues)
		}
		var ref documentReference
		if err := json.Unmarshal([]byte(line), &ref); err != nil {
			t.Fatal(err)
		}
		described[filepath.ToSlash(filepath.Join("data/attachments", ref.Content[0].Attachment.URL))] = true
	}
	for name := range files {
		part := strings.HasPrefix(name, "data/attachments/") && !strings.HasSuffix(name, ".ndjson") || strings.HasPrefix(name, "data/native/")
		if part && !described[name] {
			t.Errorf("%s is not in the index", name)
		}
	}
}

// An index of patients that does not list what the resources say makes the package INCOMPLETE.
func TestPatientIndexIsReconciled(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		line int64
		want Verdict
	}{"right": {1, Complete}, "another line": {2, Incomplete}} {
		t.Run(name, func(t *testing.T) {
			o := options(t.TempDir())
			o.Head.Kind = Population
			w, err := Create(o)
			if err != nil {
				t.Fatal(err)
			}
			defer w.Abort()
			r := fhir.Resource{Type: "Patient", ID: "p", Version: 1, Updated: testTime,
				JSON: []byte(`{"resourceType":"Patient","id":"p","meta":{"versionId":"1","lastUpdated":"2026-11-20T15:04:05.123Z"}}`)}
			place, err := w.Put(Current, r)
			if err != nil {
				t.Fatal(err)
			}
			e := PatientEntry{Patient: "Patient/p", Resources: 1, Files: []PatientFile{{place.Bag, place.Path, []int64{c.line}}}}
			if err := w.PutPatient(e); err != nil {
				t.Fatal(err)
			}
			got, err := w.Reconcile(t.Context(), &practice{current: []fhir.Resource{r}})
			if err != nil || got.Verdict != c.want {
				t.Errorf("%v %v %q, want %s", err, got.Verdict, got.Problems, c.want)
			}
		})
	}
}
