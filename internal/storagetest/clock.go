package storagetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"satchel/storage"
)

// Times never go back or stand still from one transaction to the next, whatever the wall clock does, and all that one
// transaction writes has one time.
func stamps(t *testing.T, e Engine) {
	s := e.Open(t, "a")
	start := time.Now().Truncate(time.Millisecond).UTC()
	var last time.Time
	for i, wall := range []time.Duration{0, 0, -time.Hour, time.Minute, 0, -24 * time.Hour} {
		s.Now = func() time.Time { return start.Add(wall) }
		var times []time.Time
		err := Write(t.Context(), s, func(tx *storage.Tx) error {
			for k := range 3 {
				r, _, err := tx.Put(document(t, `{"resourceType":"Patient","id":"p%d-%d"}`, i, k), "")
				if err != nil {
					return err
				}
				times = append(times, r.Updated)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		same(t, "the times of one transaction", times, []time.Time{times[0], times[0], times[0]})
		at := snapshot(t, s)
		if !times[0].After(last) || !at.Time.After(times[0]) {
			t.Errorf("%d: %v after %v, snapshot %v", i, times[0], last, at.Time)
		}
		last = at.Time
	}
	if _, err := s.Resource(t.Context(), "Patient", "p0-0"); err != nil {
		t.Error(err)
	}
}

// Writers in several processes get different times, and who commits later has the later one: a history is in their order.
func sharedClock(t *testing.T, e Engine) {
	const writers, each = 3, 15
	var all sync.WaitGroup
	for w := range writers {
		s := e.Open(t, "a")
		all.Go(func() {
			for i := range each {
				d := document(t, `{"resourceType":"Patient","id":"p%d-%d"}`, w, i)
				if err := Write(t.Context(), s, func(tx *storage.Tx) error { _, _, err := tx.Put(d, ""); return err }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	s := e.Open(t, "a")
	history, _, err := s.History(t.Context(), storage.HistoryQuery{Type: "Patient", Count: 2 * writers * each})
	if err != nil || len(history) != writers*each {
		t.Fatalf("%d versions, %v", len(history), err)
	}
	next := map[string]int{}
	for i := range history {
		r := history[len(history)-1-i] // oldest first
		if i > 0 && !r.Updated.After(history[len(history)-i].Updated) {
			t.Errorf("%s at %v is not after the one before it, %v", r.ID, r.Updated, history[len(history)-i].Updated)
		}
		writer := r.ID[:2]
		if want := fmt.Sprintf("%s-%d", writer, next[writer]); r.ID != want {
			t.Errorf("%s comes where %s should", r.ID, want)
		}
		next[writer]++
	}
}
