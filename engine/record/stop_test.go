package record

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"satchel/demo"
	"satchel/internal/await"
	"satchel/internal/testpractice"
)

// Wherever the store fails while a record is gathered: it fails too, or it is whole. A record without something must never pass
// for one with everything.
func TestGatherFailsOrIsWhole(t *testing.T) {
	t.Parallel()
	testpractice.Sequential(t)
	s := demoStore(t, demo.Options{Patients: 1})
	at, err := s.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	whole := func(r *Record) string {
		text := fmt.Sprint(len(r.Exclusions), r.Excerpts)
		for _, typ := range slices.Sorted(maps.Keys(r.Counts)) {
			text += fmt.Sprintf(" %s %+v", typ, *r.Counts[typ])
		}
		return text
	}
	r, err := Gather(t.Context(), s, at, demo.EverythingPatientID, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := whole(r)
	const many = 1 << 30
	ctx := await.StopAfter(t, many)
	if _, err := Gather(ctx, s, at, demo.EverythingPatientID, Options{}); err != nil {
		t.Fatal(err)
	}
	looks, failed := ctx.Looks(), 0
	for n := 1; n <= looks; n += 1 + looks/200 {
		r, err := Gather(await.StopAfter(t, n), s, at, demo.EverythingPatientID, Options{})
		if err != nil {
			failed++
		} else if got := whole(r); got != want {
			t.Errorf("stopped at look %d of %d without an error: %.300s, want %.300s", n, looks, got, want)
		}
	}
	if failed < 50 {
		t.Errorf("of %d looks only %d stopped it", looks, failed)
	}
}
