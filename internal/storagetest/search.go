package storagetest

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"satchel/fhir"
	"satchel/storage"
)

// query reads a search as it stands in an address: "Patient?gender=male".
func query(t *testing.T, text string) fhir.Query {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	var params []fhir.Param
	for name, values := range u.Query() {
		for _, v := range values {
			params = append(params, fhir.Param{Name: name, Value: v})
		}
	}
	q, unknown, err := fhir.ParseQuery(u.Path, params, fhir.Bases{})
	if err != nil || unknown != nil {
		t.Fatalf("%s: unknown %v, %v", text, unknown, err)
	}
	return q
}

// found is what a search finds, in its order, in pages of so many.
func found(t *testing.T, s *storage.Store, text string, count int) (ids []string) {
	t.Helper()
	p := storage.Page{Count: count, Total: true}
	for {
		f, err := s.Search(t.Context(), query(t, text), p)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if len(f.Resources) > count {
			t.Errorf("%s: %d on a page of %d", text, len(f.Resources), count)
		}
		for _, r := range f.Resources {
			ids = append(ids, r.ID)
		}
		if p.Cursor = f.Next; f.Next == "" {
			if f.Total != len(ids) {
				t.Errorf("%s: a total of %d for %d", text, f.Total, len(ids))
			}
			return ids
		}
	}
}

// A search finds what trying every document finds, in order of arrival and in pages of any size, whether the index knows the
// parameter or not, and follows every change.
func searches(t *testing.T, e Engine) {
	s := e.Open(t, "a")
	living := map[string]*fhir.Document{}
	var order []string
	write := func(id, format string, args ...any) {
		d := document(t, format, args...)
		put(t, s, format, args...)
		if _, known := living[id]; !known && !slices.Contains(order, id) {
			order = append(order, id)
		}
		living[id] = d
	}
	for i := range 30 {
		write(fmt.Sprint("o", i), `{"resourceType":"Observation","id":"o%d","status":"%s","code":{"coding":[{"system":"http://x","code":"c%d"}]},`+
			`"subject":{"reference":"Patient/p%d"},"effectiveDateTime":"20%d-05-02","valueQuantity":{"value":%d}}`,
			i, []string{"final", "amended"}[i%2], i%3, i%4, 10+i%5, i)
	}
	write("o3", `{"resourceType":"Observation","id":"o3","status":"final","code":{"coding":[{"system":"http://x","code":"moved"}]}}`)
	remove(t, s, "Observation", "o4")
	delete(living, "o4")
	for _, text := range []string{
		"Observation", "Observation?code=c1", "Observation?code=http://x%7Cc1,http://x%7Cc2", "Observation?code=moved", "Observation?code=c0&status=final",
		"Observation?subject=Patient/p1", "Observation?patient=p1,p2&code=c2", "Observation?date=ge2012&date=lt2014", "Observation?date=ge2012-05-02&date=le2013-05-02", "Observation?date=2012-05-02", "Observation?_id=o4,o5,none",
		"Observation?code:not=c1", "Observation?value-quantity=gt20", "Observation?status=unknown",
	} {
		var want []string
		for _, id := range order {
			if d := living[id]; d != nil && query(t, text).Match(d) {
				want = append(want, id)
			}
		}
		for _, count := range []int{1, 7, 100} {
			same(t, fmt.Sprintf("%s by %d", text, count), found(t, s, text, count), want)
		}
	}
}

// Owners are those of the version that a snapshot has, by their reason, and who is deleted keeps them.
func owners(t *testing.T, e Engine) {
	s := e.Open(t, "a")
	put(t, s, `{"resourceType":"Patient","id":"a"}`)
	put(t, s, `{"resourceType":"Patient","id":"b"}`)
	put(t, s, `{"resourceType":"Observation","id":"o","status":"final","code":{},"subject":{"reference":"Patient/a"},"performer":[{"reference":"Patient/b"}]}`)
	first := snapshot(t, s)
	put(t, s, `{"resourceType":"Observation","id":"o","status":"final","code":{},"subject":{"reference":"Patient/b"}}`)
	second := snapshot(t, s)
	remove(t, s, "Observation", "o")
	third := snapshot(t, s)
	for _, tt := range []struct {
		at   storage.Snapshot
		a, b []string
	}{
		{first, []string{"Observation/o", "Patient/a"}, []string{"Patient/b"}},
		{second, []string{"Patient/a"}, []string{"Observation/o", "Patient/b"}},
		{third, []string{"Patient/a"}, []string{"Observation/o", "Patient/b"}},
	} {
		for patient, want := range map[string][]string{"a": tt.a, "b": tt.b} {
			var got []string
			for _, deleted := range []bool{false, true} {
				for _, key := range scan(t, s, tt.at, storage.Selection{Patients: []string{patient}, Deleted: deleted}) {
					key, _, _ = strings.Cut(key, "#")
					got = append(got, key)
				}
			}
			slices.Sort(got)
			same(t, fmt.Sprintf("compartment of %s at %d", patient, tt.at.Seq), got, want)
		}
		all, err := s.Patients(t.Context(), tt.at)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "patients", all, []string{"a", "b"})
	}
	same(t, "deleted ones of a patient", scan(t, s, third, storage.Selection{Patients: []string{"b"}, Deleted: true}), []string{"Observation/o#3"})
	if findings, err := s.CheckOwners(t.Context()); err != nil || len(findings) > 0 {
		t.Errorf("owners and index are not what the documents say: %v, %v", findings, err)
	}
}
