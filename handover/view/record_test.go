package view

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"satchel/demo"
	"satchel/fhir"
	"satchel/handover"
)

var instant = time.Date(2026, 11, 20, 15, 4, 5, 123e6, time.UTC)

// bundle is a record as it would be put into a package.
type bundle struct {
	o     Options
	items []Item
	files map[string][]byte // below data/
}

// record is the demo practice's record of a patient: what belongs to the patient, earlier versions, deletions, and the
// directory that it refers to.
func record(t testing.TB, patient string) bundle {
	t.Helper()
	b := bundle{o: Options{Practice: "Kestrel Way Family Practice", Patient: patient, TransactionTime: instant,
		Verdict: "COMPLETE WITH STATED EXCLUSIONS", Exclusions: []handover.ExclusionSummary{
			{Type: "Observation", Count: 3, Part: "current", Reason: "other-individual", Authority: "45 CFR 164.524", Statutory: true},
			{Type: "Condition", Part: "current", Reason: "psychotherapy-notes", Authority: "45 CFR 164.501", Statutory: true},
			{Type: "Media", Part: "earlier", Reason: "filtered"}}}, files: map[string][]byte{}}
	versions, mine, refs := map[string][][]byte{}, map[string]bool{}, map[string][]string{}
	directory := map[string]bool{}
	var keys, gone []string
	for item := range demo.Items(demo.Options{}) {
		key := item.Type + "/" + item.ID
		if item.Op == demo.Delete {
			gone = append(gone, key)
			continue
		}
		if len(versions[key]) == 0 {
			keys = append(keys, key)
		}
		versions[key] = append(versions[key], bytes.Clone(item.JSON))
		d, err := fhir.Parse(item.JSON)
		if err != nil {
			t.Fatal(err)
		}
		refs[key] = nil
		d.References(func(_, value string) { refs[key] = append(refs[key], value) })
		mine[key] = strings.HasPrefix(item.ID, patient+"-")
		if item.Type == "Questionnaire" {
			directory[key] = true
		}
		for _, o := range d.Owners(fhir.Bases{}) {
			mine[key] = mine[key] || o.Patient == patient && o.Why != fhir.WhyOther
		}
	}
	for range 3 {
		for _, key := range keys {
			for _, r := range refs[key] {
				typ, _, _ := strings.Cut(r, "/")
				if (mine[key] || directory[key]) && !mine[r] && len(versions[r]) > 0 && !fhir.InPatientCompartment(typ) {
					directory[r] = true
				}
			}
		}
	}
	for i, key := range keys {
		if mine[key] || directory[key] {
			b.put(t, key, versions[key], mine[key], contains(gone, key), int64(i+1))
		}
	}
	return b
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// put adds the versions of a resource to a record.
func (b *bundle) put(t testing.TB, key string, versions [][]byte, mine, gone bool, line int64) {
	typ, id, _ := strings.Cut(key, "/")
	for n, version := range versions {
		i := Item{Section: handover.Current, Type: typ, ID: id, Version: int64(n + 1), Updated: instant.Add(-time.Hour), JSON: version, Line: line}
		if !mine {
			i.Section = handover.Directory
		}
		if n < len(versions)-1 || gone {
			i.Section = handover.History
		}
		i.Path = fmt.Sprintf("data/fhir/%s/%s-0001.ndjson", i.Section, typ)
		b.attach(t, &i)
		b.items = append(b.items, i)
	}
	if gone {
		b.items = append(b.items, Item{Section: handover.Deleted, Type: typ, ID: id, Version: int64(len(versions) + 1), Updated: instant, Path: "data/fhir/deleted/deleted-0001.ndjson", Line: 1})
	}
}

// attach puts the bytes inside a resource into files.
func (b *bundle) attach(t testing.TB, i *Item) {
	d, err := fhir.Parse(i.JSON)
	if err != nil {
		t.Fatal(err)
	}
	i.Attachments = map[string]string{}
	var walk func(v fhir.Value, at string)
	walk = func(v fhir.Value, at string) {
		if data := v.Child("data"); data.Type() == "base64Binary" && v.Child("contentType").Ok() {
			raw, _ := base64.StdEncoding.DecodeString(data.Text())
			if at == "Binary" {
				at = "Binary.data"
			}
			i.Attachments[at] = b.file(raw, v.Child("contentType").Text())
		}
		v.Children(func(name string, index int, c fhir.Value) bool {
			step := at + "." + name
			if index >= 0 {
				step += fmt.Sprintf("[%d]", index)
			}
			walk(c, step)
			return true
		})
	}
	walk(d.Look(), d.Type())
}

func (b *bundle) file(raw []byte, contentType string) string {
	extension := map[string]string{"application/pdf": "pdf", "image/png": "png", "image/svg+xml": "svg.txt", "text/plain": "txt", "text/html": "html.txt"}[contentType]
	if extension == "" {
		extension = "bin"
	}
	sum := sha256.Sum256(raw)
	name := hex.EncodeToString(sum[:])
	path := "data/attachments/" + name[:2] + "/" + name + "." + extension
	b.files[strings.TrimPrefix(path, "data/")] = raw
	return path
}

// pages makes the pages of a record.
func (b bundle) pages(t testing.TB) map[string]string {
	t.Helper()
	v := New(b.o)
	for _, i := range b.items {
		if err := v.Add(i); err != nil {
			t.Fatal(err)
		}
	}
	out := map[string]string{}
	err := v.Pages(func(name string, write func(io.Writer) error) error {
		var page bytes.Buffer
		err := write(&page)
		out[name] = page.String()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// save writes the pages, attachments and sources into a folder as a package has them, and returns the folder of the pages.
func (b bundle) save(t testing.TB, dir string) string {
	t.Helper()
	put := func(name string, content []byte) {
		file := filepath.Join(dir, "data", filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, page := range b.pages(t) {
		put("view/"+name, []byte(page))
	}
	for name, raw := range b.files {
		put(name, raw)
	}
	for _, i := range b.items {
		put(strings.TrimPrefix(i.Path, "data/"), i.JSON)
	}
	return filepath.Join(dir, "data", "view")
}

// resource makes the JSON of a resource from a text with Go's quoting already right.
func resource(t testing.TB, value any) []byte {
	t.Helper()
	out, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
