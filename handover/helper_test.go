package handover

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"satchel/demo"
	"satchel/fhir"
)

// testTime is the snapshot of every test package.
var testTime = time.Date(2026, 11, 20, 15, 4, 5, 123_000_000, time.UTC)

// practice is a small store in memory.
type practice struct {
	current, earlier, deleted []fhir.Resource
}

// Stored counts, as a ledger does.
func (p *practice) Stored(context.Context) (map[string]Stored, error) {
	m := map[string]Stored{}
	add := func(list []fhir.Resource, f func(*Stored)) {
		for _, r := range list {
			s := m[r.Type]
			f(&s)
			m[r.Type] = s
		}
	}
	add(p.current, func(s *Stored) { s.Current++ })
	add(p.earlier, func(s *Stored) { s.Earlier++ })
	add(p.deleted, func(s *Stored) { s.Deleted++ })
	return m, nil
}

var demoPractice = sync.OnceValue(func() *practice {
	now := map[string]fhir.Resource{}
	p := &practice{}
	at := testTime.Add(-time.Hour)
	for item := range demo.Items(demo.Options{Patients: 4}) {
		at = at.Add(time.Millisecond)
		key := item.Type + "/" + item.ID
		old, ok := now[key]
		if ok && !old.Deleted {
			p.earlier = append(p.earlier, old)
		}
		r := fhir.Resource{Type: item.Type, ID: item.ID, Version: old.Version + 1, Updated: at, Deleted: item.Op == demo.Delete}
		if !r.Deleted {
			d, err := fhir.Parse(item.JSON)
			if err != nil {
				panic(err)
			}
			r.JSON = d.Stamped(nil, r.ID, r.Version, at)
		}
		now[key] = r
	}
	for _, r := range now {
		if r.Deleted {
			p.deleted = append(p.deleted, r)
		} else {
			p.current = append(p.current, r)
		}
	}
	for _, list := range [][]fhir.Resource{p.current, p.earlier, p.deleted} {
		slices.SortFunc(list, func(a, b fhir.Resource) int {
			return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Version, b.Version))
		})
	}
	return p
})

// section is where the tests put a current resource.
func sectionOf(r fhir.Resource) Section {
	switch r.Type {
	case "Practitioner", "Organization", "Location":
		return Directory
	case "Provenance":
		return Provenance
	}
	return Current
}

// fill writes the practice into a package, with its attachments.
func (p *practice) fill(w *Writer) error {
	d := &fhir.Document{}
	put := func(section Section, r fhir.Resource) error {
		if _, err := w.Put(section, r); err != nil || r.Deleted {
			return err
		}
		if err := d.Reset(r.JSON); err != nil {
			return err
		}
		return w.AttachData(r, d)
	}
	for _, r := range p.current {
		if err := put(sectionOf(r), r); err != nil {
			return err
		}
	}
	for _, r := range p.earlier {
		if err := put(History, r); err != nil {
			return err
		}
	}
	for _, r := range p.deleted {
		if _, err := w.Put(Deleted, r); err != nil {
			return err
		}
	}
	return nil
}

// options are those of a test package in a folder of its own.
func options(dir string) Options {
	return Options{
		Dir: dir, Name: "EHI_test_single_20261120_J-1", Bases: []string{"https://practice.example/fhir"},
		Sender: Practice{Name: "Practice on the Hill", Phone: "+1 555 0100"}, About: "Pat <Example>",
		Head: Head{
			DocumentationURL: "https://docs.example.org/ehi/1.0.0/", Product: Product{"Satchel", "0.1", "abc", "not certified"},
			Kind: Single, JobID: "J-1", Purpose: "access", TransactionTime: Instant{testTime}, Started: Instant{testTime},
			DBSchemaVersion: "3", Scope: Scope{Patients: []string{"Patient/everything"}},
			Policy: Policy{ScopeRules: "2026-11", History: true, Deleted: true},
		},
	}
}

// testKey makes one key for all tests.
var testKey = sync.OnceValue(func() *Key {
	dir, err := os.MkdirTemp("", "key")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	k, err := NewKey(filepath.Join(dir, "key"), "Practice on the Hill")
	if err != nil {
		panic(err)
	}
	return k
})

// build writes and seals a package of the demo practice.
func build(t testing.TB, o Options) Sealed {
	t.Helper()
	w, err := Create(o)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	s, err := finish(w, demoPractice())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// finish fills, reconciles and seals.
func finish(w *Writer, p *practice) (s Sealed, err error) {
	if err := p.fill(w); err != nil {
		return s, err
	}
	if err := w.AddFile("native/ledger.csv", strings.NewReader("a,b\n1,2\n")); err != nil {
		return s, err
	}
	if _, err := w.Reconcile(context.Background(), p); err != nil {
		return s, err
	}
	if err := w.AddFile("view/index.html", strings.NewReader("<!DOCTYPE html><title>x</title>")); err != nil {
		return s, err
	}
	return w.Seal(context.Background(), testTime.Add(time.Minute))
}

func verify(t testing.TB, path string, o VerifyOptions) *Result {
	t.Helper()
	r, err := Verify(context.Background(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func wantOutcome(t testing.TB, r *Result, want Outcome, mention string) {
	t.Helper()
	all := r.Sentence
	for _, f := range r.Findings {
		all += "\n" + f.Bag + " " + f.Path + ": " + f.Problem
	}
	if r.Outcome != want || !strings.Contains(all, mention) {
		t.Errorf("outcome is %v, want %v mentioning %q:\n%s", r.Outcome, want, mention, all)
	}
}

// content reads every file of a folder or ZIP.
func content(t testing.TB, path string) map[string]string {
	t.Helper()
	var fsys fs.FS
	if strings.HasSuffix(path, ".zip") {
		z, err := zip.OpenReader(path)
		if err != nil {
			t.Fatal(err)
		}
		defer z.Close()
		fsys = z
	} else {
		fsys = os.DirFS(filepath.Dir(path))
	}
	out := map[string]string{}
	top := strings.TrimSuffix(filepath.Base(path), ".zip")
	err := fs.WalkDir(fsys, top, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(fsys, name)
		out[strings.TrimPrefix(name, top+"/")] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// unzip unpacks a ZIP beside itself and returns the folder.
func unzip(t testing.TB, path string) string {
	t.Helper()
	dir := t.TempDir()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if err := os.CopyFS(dir, z); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, strings.TrimSuffix(filepath.Base(path), ".zip"))
}

// rezip packs files under a name, in any order and with any names.
func rezip(t testing.TB, path string, files [][2]string) {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		w, err := z.CreateHeader(&zip.FileHeader{Name: f[0], Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, f[1])
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}
