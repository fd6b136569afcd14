package storagetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"satchel/fhir"
	"satchel/internal/audittest"
	"satchel/storage"
)

// many stores patients p0, p1 … and for each an observation, and returns the keys of a scan of them in order of arrival.
func many(t *testing.T, s *storage.Store, n int) (keys []string) {
	t.Helper()
	var docs []*fhir.Document
	for i := range n {
		docs = append(docs, document(t, `{"resourceType":"Patient","id":"p%d"}`, i),
			document(t, `{"resourceType":"Observation","id":"o%d","status":"final","code":{"text":"%d"},"subject":{"reference":"Patient/p%d"}}`, i, i, i))
		keys = append(keys, fmt.Sprintf("Patient/p%d#1", i), fmt.Sprintf("Observation/o%d#1", i))
	}
	if _, err := s.Import(t.Context(), audittest.Who, docs); err != nil {
		t.Fatal(err)
	}
	return keys
}

// A scan yields each once, in the order in which the first versions came, also where rows are large and changed later, and
// ends with the error of who reads it or with the context.
func arrival(t *testing.T, e Engine) {
	s := e.Open(t, "a")
	want := many(t, s, 700)
	large := make([]byte, 700_000)
	for i := range large {
		large[i] = 'x'
	}
	for i := range 4 {
		put(t, s, `{"resourceType":"Patient","id":"large%d","name":[{"family":"%s"}]}`, i, large)
		want = append(want, fmt.Sprintf("Patient/large%d#1", i))
	}
	put(t, s, `{"resourceType":"Patient","id":"p3","active":true}`)
	want[6] = "Patient/p3#2"
	at := snapshot(t, s)
	same(t, "all", scan(t, s, at, storage.Selection{}), want)
	stop, n := errors.New("enough"), 0
	err := s.Scan(t.Context(), at, storage.Selection{}, func(storage.Row) error {
		if n++; n == 5 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) || n != 5 {
		t.Errorf("%v after %d", err, n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := scanned(ctx, s, at, storage.Selection{}); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

// Types, times, patients and parts of a selection narrow it, each by itself and together.
func selects(t *testing.T, e Engine) {
	s := e.Open(t, "a")
	put(t, s, `{"resourceType":"Patient","id":"p"}`)
	put(t, s, `{"resourceType":"Practitioner","id":"d"}`)
	first := snapshot(t, s)
	o, _ := put(t, s, `{"resourceType":"Observation","id":"o","status":"final","code":{},"subject":{"reference":"Patient/p"}}`)
	put(t, s, `{"resourceType":"Observation","id":"q","status":"final","code":{},"subject":{"reference":"Patient/q"}}`)
	at := snapshot(t, s)
	for name, tt := range map[string]struct {
		sel  storage.Selection
		want []string
	}{
		"types":             {storage.Selection{Types: []string{"Patient", "Practitioner"}}, []string{"Patient/p#1", "Practitioner/d#1"}},
		"no type":           {storage.Selection{Types: []string{}}, nil},
		"since a snapshot":  {storage.Selection{Since: first.Time}, []string{"Observation/o#1", "Observation/q#1"}},
		"strictly since":    {storage.Selection{Since: o.Updated}, []string{"Observation/q#1"}},
		"strictly until":    {storage.Selection{Until: o.Updated}, []string{"Patient/p#1", "Practitioner/d#1"}},
		"part of a tick":    {storage.Selection{Until: o.Updated.Add(time.Microsecond)}, []string{"Patient/p#1", "Practitioner/d#1", "Observation/o#1"}},
		"owned":             {storage.Selection{Owned: true}, []string{"Patient/p#1", "Observation/o#1", "Observation/q#1"}},
		"a patient":         {storage.Selection{Patients: []string{"p"}}, []string{"Patient/p#1", "Observation/o#1"}},
		"two patients":      {storage.Selection{Patients: []string{"q", "p"}}, []string{"Patient/p#1", "Observation/o#1", "Observation/q#1"}},
		"no patient":        {storage.Selection{Patients: []string{}}, nil},
		"a type of patient": {storage.Selection{Patients: []string{"p"}, Types: []string{"Observation"}, Since: first.Time}, []string{"Observation/o#1"}},
	} {
		same(t, name, scan(t, s, at, tt.sel), tt.want)
	}
}

// The parts of a selection are disjoint, in order, and together the whole.
func parts(t *testing.T, e Engine) {
	s := e.Open(t, "a")
	want := many(t, s, 3000)
	at := snapshot(t, s)
	for _, n := range []int{1, 2, 5} {
		split, err := s.Split(t.Context(), at, storage.Selection{}, n)
		if err != nil || len(split) < 1 || len(split) > n {
			t.Fatalf("%d parts of %d: %v", len(split), n, err)
		}
		var got []string
		for _, part := range split {
			got = append(got, scan(t, s, at, part)...)
		}
		same(t, fmt.Sprintf("%d parts", n), got, want)
	}
}

// Every version in a snapshot is read: of given resources in order of arrival, of a type in order of id.
func allVersions(t *testing.T, e Engine) {
	s := e.Open(t, "a")
	put(t, s, `{"resourceType":"Patient","id":"z"}`)
	put(t, s, `{"resourceType":"Patient","id":"z","active":true}`)
	put(t, s, `{"resourceType":"Patient","id":"a"}`)
	remove(t, s, "Patient", "a")
	at := snapshot(t, s)
	put(t, s, `{"resourceType":"Patient","id":"z","active":false}`)
	put(t, s, `{"resourceType":"Patient","id":"z","active":true}`)
	put(t, s, `{"resourceType":"Patient","id":"later"}`)
	text := func(r storage.Row) string { return fmt.Sprintf("%s#%d %v", r.ID, r.Version, r.JSON == nil) }
	rids, err := s.RIDs(t.Context(), "Patient", []string{"a", "z", "later", "never"})
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(rids)
	var got []string
	if err := s.Versions(t.Context(), at, rids, func(r storage.Row) error { got = append(got, text(r)); return nil }); err != nil {
		t.Fatal(err)
	}
	same(t, "by number", got, []string{"z#1 false", "z#2 false", "a#1 false", "a#2 true"})
	got = nil
	err = s.VersionsOfType(t.Context(), at, "Patient", func(r storage.Row, last bool) error {
		got = append(got, fmt.Sprint(text(r), " ", last))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "by type", got, []string{"a#1 false false", "a#2 true true", "z#1 false false", "z#2 false true"})
}

// An import tells for each document what became of it, two with one key are two versions, and one that cannot be stored
// leaves nothing of the others.
func imports(t *testing.T, e Engine) {
	s := e.Open(t, "a")
	put(t, s, `{"resourceType":"Patient","id":"old"}`)
	got, err := s.Import(t.Context(), audittest.Who, []*fhir.Document{
		document(t, `{"resourceType":"Patient","id":"old"}`), document(t, `{"resourceType":"Patient","id":"old","active":true}`),
		document(t, `{"resourceType":"Patient","id":"new"}`), document(t, `{"resourceType":"Patient","id":"new","active":true}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "changes", got, []storage.Change{storage.Unchanged, storage.Updated, storage.Created, storage.Updated})
	same(t, "stored", scan(t, s, snapshot(t, s), storage.Selection{}), []string{"Patient/old#2", "Patient/new#2"})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Import(ctx, audittest.Who, []*fhir.Document{document(t, `{"resourceType":"Patient","id":"never"}`)}); err == nil {
		t.Error("an import whose context has ended is stored")
	}
	if _, err := s.Resource(t.Context(), "Patient", "never"); codeOf(err) != fhir.CodeNotFound {
		t.Error(err)
	}
}
