package storage

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"satchel/fhir"
)

// A chart is read from what is there now: no tombstones, nothing of others, the newest first to be kept.
func TestOwnedNow(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), openNew(t)
	for _, text := range []string{
		`{"resourceType":"Patient","id":"p"}`, `{"resourceType":"Patient","id":"q","link":[{"other":{"reference":"Patient/p"},"type":"seealso"}]}`,
		`{"resourceType":"Observation","id":"1","status":"final","code":{},"subject":{"reference":"Patient/p"}}`,
		`{"resourceType":"Observation","id":"2","status":"final","code":{},"subject":{"reference":"Patient/p"}}`,
		`{"resourceType":"Observation","id":"3","status":"final","code":{},"subject":{"reference":"Patient/p"}}`,
		`{"resourceType":"Observation","id":"4","status":"final","code":{},"subject":{"reference":"Patient/q"},"performer":[{"reference":"Patient/p"}]}`,
		`{"resourceType":"Observation","id":"5","status":"final","code":{},"subject":{"reference":"Patient/p"}}`,
		`{"resourceType":"Observation","id":"5","status":"final","code":{},"subject":{"reference":"Patient/q"}}`,
		`{"resourceType":"Observation","id":"1","status":"amended","code":{},"subject":{"reference":"Patient/p"}}`,
	} {
		put(t, s, parse(t, "%s", text))
	}
	if err := s.write(ctx, func(tx *Tx) error { _, _, err := tx.Delete("Observation", "2"); return err }); err != nil {
		t.Fatal(err)
	}
	counts, err := s.OwnedTypes(ctx, "p")
	if diff := cmp.Diff(map[string]int{"Patient": 1, "Observation": 2}, counts); err != nil || diff != "" {
		t.Error(err, diff)
	}
	for most, want := range map[int]map[string]int64{10: {"1": 2, "3": 1}, 1: {"1": 2}, 0: {}} {
		got := map[string]int64{}
		err := s.OwnedNewest(ctx, "p", "Observation", most, func(r fhir.Resource) error { got[r.ID] = r.Version; return nil })
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Error(most, err, diff)
		}
	}
}
