package storage

import (
	"fmt"
	"slices"
	"testing"

	"satchel/fhir"
	"satchel/internal/audittest"
)

// A page ends where it gets too large, and the next goes on behind it.
func TestScanOfLargeRows(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	filler := make([]byte, 300_000)
	for i := range filler {
		filler[i] = 'x'
	}
	var docs []*fhir.Document
	var want []string
	for i := range 20 {
		docs = append(docs, parse(t, `{"resourceType":"Patient","id":"%d","name":[{"family":"%s"}]}`, i, filler))
		want = append(want, fmt.Sprintf("Patient/%d#1", i))
	}
	if _, err := s.Import(t.Context(), audittest.Who, docs); err != nil {
		t.Fatal(err)
	}
	at := snapshot(t, s)
	for i := range 20 { // now the snapshot is all history
		put(t, s, parse(t, `{"resourceType":"Patient","id":"%d"}`, i))
	}
	patients := Selection{}
	for i := range 20 {
		patients.Patients = append(patients.Patients, fmt.Sprint(i))
	}
	for _, sel := range []Selection{{}, patients} {
		if got := keys(t, s, at, sel); !slices.Equal(got, want) {
			t.Errorf("%v", got)
		}
	}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	var docs []*fhir.Document
	for i := range 10_000 {
		docs = append(docs, parse(t, `{"resourceType":"Organization","id":"%d"}`, i))
	}
	if _, err := s.Import(t.Context(), audittest.Who, docs); err != nil {
		t.Fatal(err)
	}
	at := snapshot(t, s)
	parts, err := s.Split(t.Context(), at, Selection{}, 8)
	if err != nil || len(parts) != 3 {
		t.Fatalf("%d parts (%v)", len(parts), err)
	}
	var got []string
	for _, part := range parts {
		got = append(got, keys(t, s, at, part)...)
	}
	if want := keys(t, s, at, Selection{}); len(want) != 10_000 || !slices.Equal(got, want) {
		t.Errorf("%d rows in parts, %d whole", len(got), len(want))
	}
	if n, err := s.Count(t.Context(), at, Selection{}); err != nil || n != 10_000 {
		t.Errorf("count %d (%v)", n, err)
	}
	if n, err := s.Count(t.Context(), at, Selection{Patients: []string{}}); err != nil || n != 0 {
		t.Errorf("count of no patients %d (%v)", n, err)
	}
}

// Since and Until are strict, and few changes among many rows, found by their index, are the same as a scan of all finds.
func TestSinceAndUntil(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	var docs []*fhir.Document
	for i := range 200 {
		docs = append(docs, parse(t, `{"resourceType":"Organization","id":"%d"}`, i))
	}
	if _, err := s.Import(t.Context(), audittest.Who, docs); err != nil {
		t.Fatal(err)
	}
	change := func(id int) fhir.Resource {
		r, _ := put(t, s, parse(t, `{"resourceType":"Organization","id":"%d","active":true}`, id))
		return r
	}
	a, b, c := change(7), change(5), change(9)
	gone, _ := remove(t, s, "Organization", "3")
	at := snapshot(t, s)
	change(8)
	put(t, s, parse(t, `{"resourceType":"Organization","id":"5","active":false}`)) // its version of the snapshot is history now
	for _, x := range []struct {
		sel  Selection
		want []string
	}{
		{Selection{Since: a.Updated}, []string{"Organization/5#2", "Organization/9#2"}},
		{Selection{Since: a.Updated.Add(-1)}, []string{"Organization/5#2", "Organization/7#2", "Organization/9#2"}},
		{Selection{Since: a.Updated, Until: c.Updated}, []string{"Organization/5#2"}},
		{Selection{Since: a.Updated, Until: c.Updated.Add(1)}, []string{"Organization/5#2", "Organization/9#2"}},
		{Selection{Since: b.Updated, Until: c.Updated}, []string{}},
		{Selection{Since: c.Updated, Deleted: true}, []string{"Organization/3#2"}},
		{Selection{Since: gone.Updated, Deleted: true}, []string{}},
		{Selection{Since: at.Time}, []string{}},
	} {
		p, err := s.plan(t.Context(), at, x.sel)
		if err != nil || !p.listed {
			t.Errorf("%+v does not go by the index (%v)", x.sel, err)
		}
		if got := keys(t, s, at, x.sel); !slices.Equal(got, x.want) {
			t.Errorf("%+v: %v, want %v", x.sel, got, x.want)
		}
	}
	if got := keys(t, s, at, Selection{Until: a.Updated}); len(got) != 196 {
		t.Errorf("%d rows before the changes", len(got))
	}
}
