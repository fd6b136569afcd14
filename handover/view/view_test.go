package view

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"satchel/demo"
	"satchel/fhir"
	"satchel/handover"
)

var patients = []string{demo.EverythingPatientID, demo.ChildPatientID, demo.PatientID(0), demo.PatientID(4)}

// Every version of every resource has exactly one row, with its key and its source.
func TestEveryResourceHasARow(t *testing.T) {
	t.Parallel()
	for _, patient := range patients {
		b := record(t, patient)
		rows := rowsOf(t, b.pages(t))
		for _, i := range b.items {
			f := fact{typ: i.Type, id: i.ID, version: i.Version, section: i.Section, deleted: i.JSON == nil}
			row, ok := rows[f.anchor()]
			if !ok {
				t.Errorf("%s: no row for %s version %d in %s", patient, f.key(), i.Version, i.Section)
				continue
			}
			text := readable(t, row.html)
			source := fmt.Sprintf("source: %s line %d", strings.TrimPrefix(i.Path, "data/"), i.Line)
			if !strings.Contains(text, f.key()) || !strings.Contains(text, source) {
				t.Errorf("%s: the row of %s lacks its key or %q", patient, f.key(), source)
			}
			delete(rows, f.anchor())
		}
		for id := range rows {
			t.Errorf("%s: a row %q too much", patient, id)
		}
	}
}

// Whatever is a text in a resource is in its row: canaries and everything else with a space in it.
func TestTextsAreInTheirRows(t *testing.T) {
	t.Parallel()
	for _, patient := range patients {
		b := record(t, patient)
		rows, canaries := rowsOf(t, b.pages(t)), 0
		for _, i := range b.items {
			if i.JSON == nil {
				continue
			}
			f := fact{typ: i.Type, id: i.ID, version: i.Version, section: i.Section}
			text := readable(t, rows[f.anchor()].html)
			if i.Type == "Observation" {
				text += b.heading(t, i)
			}
			for _, s := range leaves(t, i.JSON) {
				if strings.Contains(s, demo.Canary(patient)) {
					canaries++
				} else if !strings.Contains(s, " ") {
					continue
				}
				if s = strings.Join(strings.Fields(s), " "); !strings.Contains(text, s) {
					t.Errorf("%s: %q is not in its row", f.key(), s)
				}
			}
		}
		if canaries == 0 {
			t.Errorf("%s: no canary was looked for", patient)
		}
	}
}

// heading is the name of the test, under which the rows of its results stand.
func (b bundle) heading(t *testing.T, i Item) string {
	d, err := fhir.Parse(i.JSON)
	if err != nil {
		t.Fatal(err)
	}
	return concept(d.Look().Child("code")).text
}

// leaves are the strings of a resource that people read.
func leaves(t *testing.T, json []byte) (all []string) {
	d, err := fhir.Parse(json)
	if err != nil {
		t.Fatal(err)
	}
	var walk func(v fhir.Value)
	walk = func(v fhir.Value) {
		v.Children(func(name string, _ int, c fhir.Value) bool {
			switch {
			case name == "meta" || c.Type() == "xhtml" || c.Type() == "base64Binary" || c.Type() == "url" || c.Type() == "uri":
			case c.IsObject():
				shown := c
				if name == "code" || c.Type() == "CodeableConcept" || c.Type() == "HumanName" {
					shown = c.Child("text") // which goes before displays and parts
				}
				if shown.Ok() && !shown.IsObject() {
					all = append(all, shown.Text())
				} else {
					walk(c)
				}
			default:
				all = append(all, c.Text())
			}
			return true
		})
	}
	walk(d.Look())
	return all
}

// Links lead to rows and files that exist, and nowhere else.
func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	for _, patient := range patients {
		b := record(t, patient)
		pages, ids, paths := b.pages(t), map[string]bool{}, map[string]bool{}
		for _, i := range b.items {
			paths[strings.TrimPrefix(i.Path, "data/")] = true
		}
		for name := range b.files {
			paths[name] = true
		}
		for name, page := range pages {
			ids[name] = true
			for _, one := range tokens(t, page) {
				if id := one.attrs["id"]; id != "" {
					if ids[name+"#"+id] {
						t.Errorf("%s has the id %q twice", name, id)
					}
					ids[name+"#"+id] = true
				}
			}
		}
		for name, page := range pages {
			for _, one := range tokens(t, page) {
				for _, attr := range []string{"href", "src"} {
					to := one.attrs[attr]
					if strings.HasPrefix(to, "#") {
						to = name + to
					}
					if file, ok := strings.CutPrefix(to, "../"); to != "" && !ids[to] && (!ok || !paths[file]) {
						t.Errorf("%s of %s: %q leads nowhere", name, patient, to)
					}
				}
			}
		}
	}
}

// The same items in another order give the same bytes.
func TestOrderDoesNotMatter(t *testing.T) {
	t.Parallel()
	b := record(t, demo.EverythingPatientID)
	want := b.pages(t)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(b.items), func(i, j int) { b.items[i], b.items[j] = b.items[j], b.items[i] })
	for name, page := range b.pages(t) {
		if page != want[name] {
			t.Errorf("%s differs", name)
		}
	}
}

// Ids, keys, type names: what a page of a record of its own shows.
func TestItemsSayWhatTheyAre(t *testing.T) {
	t.Parallel()
	v := New(Options{Patient: "p", Source: func(typ, id string, version int64) (string, int64) {
		return fmt.Sprintf("data/fhir/%s-%s-%d.ndjson", typ, id, version), 7
	}})
	add := func(section handover.Section, json string) {
		t.Helper()
		if err := v.Add(Item{Section: section, JSON: []byte(json)}); err != nil {
			t.Fatal(err)
		}
	}
	add(handover.Current, `{"resourceType":"Patient","id":"p","meta":{"versionId":"3","lastUpdated":"2026-01-02T03:04:05.678Z"},"name":[{"family":"Weir","given":["Ann"]}]}`)
	add(handover.Deleted, `{"resourceType":"Bundle","meta":{"versionId":"4","lastUpdated":"2026-02-03T04:05:06.000Z"},"type":"transaction","entry":[{"request":{"method":"DELETE","url":"Condition/c"}}]}`)
	pages := map[string]string{}
	_ = v.Pages(func(name string, write func(io.Writer) error) error {
		var b bytes.Buffer
		err := write(&b)
		pages[name] = b.String()
		return err
	})
	rows := rowsOf(t, pages)
	if text := readable(t, rows["Patient-p"].html); !strings.Contains(text, "Ann Weir") || !strings.Contains(text, "version 3 · source: fhir/Patient-p-3.ndjson line 7") {
		t.Errorf("patient: %q", text)
	}
	if text := readable(t, rows["Condition-c_v4"].html); !strings.Contains(text, "Deleted Problem Problem 4 February 3, 2026, 4:05 AM UTC") {
		t.Errorf("deletion: %q", text)
	}
	if len(pages) != len(pageNames) {
		t.Errorf("%d pages", len(pages))
	}
}

func TestAddRefuses(t *testing.T) {
	t.Parallel()
	v := New(Options{})
	for _, i := range []Item{{}, {JSON: []byte("{")}, {JSON: []byte(`{"resourceType":"Nope","id":"x"}`)}, {JSON: []byte(`{"resourceType":"Patient"}`)}} {
		if v.Add(i) == nil {
			t.Errorf("%q was taken", i.JSON)
		}
	}
	twice := Item{Section: handover.Current, Version: 1, JSON: []byte(`{"resourceType":"Patient","id":"x"}`)}
	if err := v.Add(twice); err != nil {
		t.Fatal(err)
	}
	if v.Add(twice) == nil {
		t.Error("the same version was taken twice")
	}
}

// big is a record of n results, as wordy as a practice's.
func big(n int) []Item {
	items := []Item{{Section: handover.Current, JSON: []byte(`{"resourceType":"Patient","id":"p","name":[{"text":"Ann Weir"}]}`), Path: "data/fhir/current/Patient-0001.ndjson", Line: 1}}
	var all [][]byte
	for item := range demo.Items(demo.Options{Lean: true, Patients: 1}) {
		if item.Type != "Patient" && fhir.InPatientCompartment(item.Type) {
			all = append(all, bytes.Clone(item.JSON))
		}
	}
	id := regexp.MustCompile(`"id":"[^"]*"`)
	for i := range n {
		j := id.ReplaceAllString(string(all[i%len(all)]), fmt.Sprintf(`"id":"r%d"`, i))
		items = append(items, Item{Section: handover.Current, Version: 1, JSON: []byte(j), Path: "data/fhir/current/Any-0001.ndjson", Line: int64(i + 1)})
	}
	return items
}

// heap is the memory in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestLargeRecord(t *testing.T) {
	items := big(5000)
	before, start := heap(), time.Now()
	v := New(Options{Patient: "p"})
	for _, i := range items {
		if err := v.Add(i); err != nil {
			t.Fatal(err)
		}
	}
	added := time.Since(start)
	kept := heap() - before
	var total, most int64
	files, start := 0, time.Now()
	err := v.Pages(func(name string, write func(io.Writer) error) error {
		var n counter
		err := write(&n)
		total, most, files = total+int64(n), max(most, int64(n)), files+1
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("5000 resources: added in %v, written in %v; %d kB kept; %d files, %d kB, the largest %d kB", added, time.Since(start), kept>>10, files, total>>10, most>>10)
	if kept > 50<<20 || most > 4<<20 {
		t.Errorf("%d bytes kept, a page of %d bytes", kept, most)
	}
	runtime.KeepAlive(v)
}

type counter int64

func (c *counter) Write(p []byte) (int, error) { *c += counter(len(p)); return len(p), nil }

func BenchmarkView(b *testing.B) {
	items := big(5000)
	b.ReportAllocs()
	for b.Loop() {
		v := New(Options{Patient: "p"})
		for _, i := range items {
			if err := v.Add(i); err != nil {
				b.Fatal(err)
			}
		}
		_ = v.Pages(func(_ string, write func(io.Writer) error) error { return write(io.Discard) })
	}
}
