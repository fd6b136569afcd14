package demo

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"satchel/fhir"
)

// practice is a stream kept in memory.
type practice struct {
	items []Item
	live  map[string][]byte // newest content by "Type/id"
}

func collect(tb rapid.TB, o Options) practice {
	tb.Helper()
	p := practice{live: map[string][]byte{}}
	for item := range Items(o) {
		item.JSON = bytes.Clone(item.JSON)
		p.items = append(p.items, item)
		key := item.Type + "/" + item.ID
		if item.Op == Delete {
			if p.live[key] == nil {
				tb.Errorf("%s is deleted but was never put", key)
			}
			delete(p.live, key)
			continue
		}
		p.live[key] = item.JSON
	}
	return p
}

// checkSound asserts that every item is a valid resource and that references lead somewhere.
func checkSound(tb rapid.TB, p practice) {
	tb.Helper()
	d := new(fhir.Document)
	for _, item := range p.items {
		if item.Op == Delete {
			continue
		}
		key := item.Type + "/" + item.ID
		if err := d.Reset(item.JSON); err != nil {
			tb.Errorf("%s: %v\n%s", key, err, item.JSON)
			continue
		}
		if d.Type() != item.Type || d.ID() != item.ID || !bytes.Equal(d.JSON(), item.JSON) {
			tb.Errorf("%s is %s/%s or not compact", key, d.Type(), d.ID())
		}
		for _, issue := range d.Validate() {
			tb.Errorf("%s: %s %s: %s", key, issue.Severity, issue.Expression, issue.Diagnostics)
		}
		d.References(func(path, value string) {
			if !resolves(p.live, key, value) {
				tb.Errorf("%s: %s points to %q, which is not there", key, path, value)
			}
		})
	}
}

// resolves reports whether a relative reference in the resource under key leads to a live resource.
// References of what is deleted later, and all that are not relative, are so on purpose.
func resolves(live map[string][]byte, key, value string) bool {
	value, _, _ = strings.Cut(value, "/_history/")
	typ, id, _ := strings.Cut(value, "/")
	if id == "" || !fhir.IsType(typ) {
		return !strings.Contains(value, "/") || strings.Contains(value, ":")
	}
	return live[value] != nil || live[key] == nil
}

func TestPracticeIsSound(t *testing.T) { checkSound(t, collect(t, Options{})) }

func TestLeanIsSound(t *testing.T) { checkSound(t, collect(t, Options{Lean: true, Patients: 5})) }

func TestEveryTypeOccurs(t *testing.T) {
	p := collect(t, Options{Patients: 1})
	have := map[string]bool{}
	for key := range p.live {
		typ, _, _ := strings.Cut(key, "/")
		have[typ] = true
	}
	for _, typ := range fhir.Types() {
		if !have[typ] {
			t.Errorf("no %s in the practice", typ)
		}
	}
}

// mentions reports whether the text occurs in the JSON or in base64 data of it.
func mentions(json []byte, text string) bool {
	if bytes.Contains(json, []byte(text)) {
		return true
	}
	for _, word := range strings.Split(string(json), `"`) {
		if len(word) < 8 {
			continue
		}
		if plain, err := base64.StdEncoding.DecodeString(word); err == nil && bytes.Contains(plain, []byte(text)) {
			return true
		}
	}
	return false
}

// subjects are the patients whose record a resource is part of by a subject-like element, without those that only play a role.
func subjects(item Item, d *fhir.Document) []string {
	var ids []string
	for _, o := range d.Owners(fhir.Bases{}) {
		if o.Why == fhir.WhySubject {
			ids = append(ids, o.Patient)
		}
	}
	return ids
}

func TestCanariesStayAtHome(t *testing.T) {
	p := collect(t, Options{Patients: 9})
	var patients []string
	for _, item := range p.items {
		if item.Type == "Patient" && item.Op == Put && !slices.Contains(patients, item.ID) {
			patients = append(patients, item.ID)
		}
	}
	if len(patients) != 9+4 {
		t.Fatalf("%d patients, want 13", len(patients))
	}
	found := map[string]int{}
	for _, item := range p.items {
		if item.Op == Delete {
			continue
		}
		var birds []string
		for _, id := range patients {
			if mentions(item.JSON, Canary(id)) {
				birds = append(birds, id)
			}
		}
		if len(birds) > 1 {
			t.Errorf("%s/%s has canaries of %q", item.Type, item.ID, birds)
		}
		if len(birds) == 1 {
			found[birds[0]]++
			checkHome(t, item, birds[0])
		}
	}
	for _, id := range patients {
		if found[id] == 0 {
			t.Errorf("no canary of %s", id)
		}
	}
}

// checkHome asserts that a resource with a patient's canary is about that patient.
func checkHome(t *testing.T, item Item, patient string) {
	d, err := fhir.Parse(item.JSON)
	if err != nil {
		t.Error(err)
		return
	}
	if fhir.InPatientCompartment(item.Type) {
		if s := subjects(item, d); len(s) != 1 || s[0] != patient {
			t.Errorf("%s/%s has the canary of %s, but its subjects are %q", item.Type, item.ID, patient, s)
		}
		return
	}
	home := false
	d.References(func(path, value string) {
		home = home || strings.HasSuffix(value, "/"+patient) || strings.Contains(value, "/"+patient+"-")
	})
	if !home {
		t.Errorf("%s/%s has the canary of %s without pointing to them", item.Type, item.ID, patient)
	}
}
