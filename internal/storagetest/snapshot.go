package storagetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"satchel/fhir"
	"satchel/storage"
)

// What is written after a snapshot, of whatever kind, is not in it; the snapshot is the same when the database is opened anew.
func still(t *testing.T, e Engine) {
	s := e.Open(t, "a")
	put(t, s, `{"resourceType":"Patient","id":"stays"}`)
	put(t, s, `{"resourceType":"Patient","id":"changes"}`)
	put(t, s, `{"resourceType":"Patient","id":"goes"}`)
	put(t, s, `{"resourceType":"Patient","id":"returns"}`)
	remove(t, s, "Patient", "returns")
	at := snapshot(t, s)
	put(t, s, `{"resourceType":"Patient","id":"changes","gender":"male"}`)
	remove(t, s, "Patient", "goes")
	put(t, s, `{"resourceType":"Patient","id":"returns"}`)
	put(t, s, `{"resourceType":"Patient","id":"comes"}`)
	want := []string{"Patient/stays#1", "Patient/changes#1", "Patient/goes#1"}
	check := func(s *storage.Store) {
		same(t, "the snapshot", scan(t, s, at, storage.Selection{}), want)
		same(t, "the deleted ones of the snapshot", scan(t, s, at, storage.Selection{Deleted: true}), []string{"Patient/returns#2"})
		if n, err := s.Count(t.Context(), at, storage.Selection{}); err != nil || n < int64(len(want)) {
			t.Errorf("count %d, %v", n, err)
		}
	}
	check(s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = e.Open(t, "a")
	check(s)
	same(t, "now", scan(t, s, snapshot(t, s), storage.Selection{}), []string{"Patient/stays#1", "Patient/changes#2", "Patient/returns#3", "Patient/comes#1"})
}

// While others write, delete and bring back, in this and another process, each snapshot stays what a scan of it was, and
// nothing is in it twice or missing: pairs that are written together are there together.
func underWriters(t *testing.T, e Engine) {
	s, other := e.Open(t, "a"), e.Open(t, "a")
	const pairs = 40
	for i := range pairs {
		pair(t, s, i, 0)
	}
	for w, store := range []*storage.Store{s, other} {
		random := rand.New(rand.NewPCG(uint64(w), 7))
		defer meanwhile(func(n int) { pair(t, store, random.IntN(pairs), 100*n+w) })()
	}
	for range 15 {
		at := snapshot(t, s)
		first, err := scanned(t.Context(), s, at, storage.Selection{})
		if err != nil {
			t.Error(err)
		}
		again, err := scanned(t.Context(), other, at, storage.Selection{})
		if err != nil {
			t.Error(err)
		}
		same(t, "the same snapshot", again, first)
		count := map[string]int{}
		for _, key := range first {
			var side string
			var i, version int
			if _, err := fmt.Sscanf(key, "Patient/%1s%d#%d", &side, &i, &version); err != nil {
				t.Fatal(key, err)
			}
			count[fmt.Sprintf("%d#%d", i, version)]++
		}
		for which, n := range count {
			if n != 2 {
				t.Errorf("pair %s is there %d times in %v", which, n, slices.Sorted(slices.Values(first)))
			}
		}
		if len(count) != pairs {
			t.Errorf("%d pairs", len(count))
		}
	}
}

// meanwhile calls f again and again, with 1, 2 …, until stop is called. Defer it: then it also stops if the test fails.
func meanwhile(f func(n int)) (stop func()) {
	done := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		for n := 1; ; n++ {
			select {
			case <-done:
				return
			default:
				f(n)
			}
		}
	})
	return sync.OnceFunc(func() {
		close(done)
		running.Wait()
	})
}

// pair writes the next version of two resources in one transaction, at times by way of a deletion.
func pair(t *testing.T, s *storage.Store, i, n int) {
	err := patiently(func() error {
		return Write(t.Context(), s, func(tx *storage.Tx) error {
			for _, side := range []string{"a", "b"} {
				id := fmt.Sprintf("%s%d", side, i)
				if n%3 == 1 {
					if _, _, err := tx.Delete("Patient", id); err != nil {
						return err
					}
				}
				if _, _, err := tx.Put(document(t, `{"resourceType":"Patient","id":"%s","multipleBirthInteger":%d}`, id, n), ""); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil {
		t.Error(err)
	}
}

// patiently writes, and writes again while that may help: a machine too busy to let a writer in says so.
func patiently(write func() error) error {
	err := write()
	for n := 0; n < 10 && transient(err); n++ {
		err = write()
	}
	return err
}

// transient reports whether an error says that trying again may help.
func transient(err error) bool {
	e, ok := errors.AsType[*fhir.Error](err)
	return ok && e.Code == fhir.CodeTransient
}
