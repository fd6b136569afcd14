package storage

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"satchel/fhir"
)

// everyVersion reads all versions of a store by key, oldest first.
func everyVersion(t *testing.T, s *Store) map[string][]fhir.Resource {
	t.Helper()
	at, err := s.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rids, err := s.rids(t.Context(), `SELECT rid FROM resource`)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]fhir.Resource{}
	err = s.Versions(t.Context(), at, rids, func(r Row) error {
		v := fhir.Resource{Type: r.Type, ID: r.ID, Version: r.Version, Updated: r.Updated, JSON: bytes.Clone(r.JSON), Deleted: r.JSON == nil}
		all[v.Key()] = append(all[v.Key()], v)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func newStore(t *testing.T) *Store {
	t.Helper()
	return openNew(t)
}

func write(t *testing.T, s *Store, text string) {
	t.Helper()
	d, err := fhir.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.write(t.Context(), func(tx *Tx) error { _, _, err := tx.Put(d, ""); return err }); err != nil {
		t.Fatal(err)
	}
}

func erase(t *testing.T, s *Store, typ, id string) {
	t.Helper()
	if err := s.write(t.Context(), func(tx *Tx) error { _, _, err := tx.Delete(typ, id); return err }); err != nil {
		t.Fatal(err)
	}
}

// What is restored is what was there, byte by byte, and its owners and entries are those that belong to it; the store
// goes on from there.
func TestRestore(t *testing.T) {
	t.Parallel()
	from := newStore(t)
	obs := `{"resourceType":"Observation","id":"o","status":"final","code":{},"subject":{"reference":"Patient/`
	write(t, from, `{"resourceType":"Patient","id":"a"}`)
	write(t, from, obs+`a"}}`)
	write(t, from, obs+`b"}}`)
	erase(t, from, "Observation", "o")
	write(t, from, obs+`a"}}`)
	write(t, from, `{"resourceType":"Patient","id":"gone","active":true}`)
	erase(t, from, "Patient", "gone")
	want := everyVersion(t, from)

	to := newStore(t)
	var all [][]fhir.Resource
	for _, versions := range want {
		all = append(all, versions)
	}
	if err := to.Restore(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	got := everyVersion(t, to)
	for key, versions := range want {
		same := func(a, b fhir.Resource) bool {
			return a.Version == b.Version && a.Updated.Equal(b.Updated) && a.Deleted == b.Deleted && bytes.Equal(a.JSON, b.JSON)
		}
		if !slices.EqualFunc(versions, got[key], same) {
			t.Errorf("%s: %v, want %v", key, got[key], versions)
		}
	}
	if found, err := to.CheckOwners(t.Context()); err != nil || len(found) > 0 {
		t.Errorf("owners and entries: %q %v", found, err)
	}
	if n, damaged, err := to.VerifyHashes(t.Context()); err != nil || len(damaged) > 0 || n == 0 {
		t.Errorf("hashes of %d versions: %q %v", n, damaged, err)
	}
	// it goes on: same content is no new version, other content is the next, what was deleted comes again
	write(t, to, obs+`a"}}`)
	write(t, to, `{"resourceType":"Patient","id":"gone","active":true}`)
	if o, err := to.Resource(t.Context(), "Observation", "o"); err != nil || o.Version != 4 {
		t.Errorf("observation at version %d: %v", o.Version, err)
	}
	p, err := to.Resource(t.Context(), "Patient", "gone")
	if err != nil || p.Version != 3 {
		t.Errorf("patient at version %d: %v", p.Version, err)
	}
	if found, err := to.CheckOwners(t.Context()); err != nil || len(found) > 0 {
		t.Errorf("owners and entries afterwards: %q %v", found, err)
	}
}

// What cannot be a history is refused, and nothing of the call is stored.
func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 6_000_000, time.UTC)
	living := func(id string, version int64, at time.Time) fhir.Resource {
		d, err := fhir.Parse([]byte(`{"resourceType":"Patient","id":"` + id + `"}`))
		if err != nil {
			t.Fatal(err)
		}
		return fhir.Resource{Type: "Patient", ID: id, Version: version, Updated: at, JSON: d.Stamped(nil, id, version, at)}
	}
	gone := func(id string, version int64) fhir.Resource {
		return fhir.Resource{Type: "Patient", ID: id, Version: version, Updated: at, Deleted: true}
	}
	other := living("y", 1, at)
	other.ID = "x"
	for name, versions := range map[string][]fhir.Resource{
		"no versions":         {},
		"deletion alone":      {gone("x", 2)},
		"gap before deletion": {living("x", 1, at), gone("x", 3)},
		"twice":               {living("x", 1, at), living("x", 1, at)},
		"time goes back":      {living("x", 1, at), living("x", 2, at.Add(-time.Second))},
		"future":              {living("x", 1, time.Now().Add(48*time.Hour))},
		"text of another":     {other},
		"two resources":       {living("x", 1, at), living("y", 2, at)},
		"taken":               {living("taken", 1, at)},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			write(t, s, `{"resourceType":"Patient","id":"taken"}`)
			if err := s.Restore(t.Context(), [][]fhir.Resource{{living("before", 1, at)}, versions}); err == nil {
				t.Fatal("it was restored")
			}
			if got := everyVersion(t, s); len(got) != 1 {
				t.Errorf("stored: %v", got)
			}
		})
	}
	s := newStore(t)
	ahead := time.Now().Add(time.Hour).Truncate(time.Millisecond)
	if err := s.Restore(t.Context(), [][]fhir.Resource{{living("x", 3, at), living("x", 7, ahead)}}); err != nil {
		t.Fatal(err)
	}
	write(t, s, `{"resourceType":"Patient","id":"later"}`)
	later, err := s.Resource(t.Context(), "Patient", "later")
	if err != nil || !later.Updated.After(ahead) {
		t.Errorf("a later write is of %v, a restored one of %v: %v", later.Updated, ahead, err)
	}
}
