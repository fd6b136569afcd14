package storagetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"satchel/fhir"
	"satchel/storage"
)

// Engine opens databases of one kind for [Run]. Each test of the suite has an engine of its own, in an empty place.
type Engine interface {
	// Open opens the database of that name, which is made at the first time. Opened again, also while it is open, it is
	// opened as another process would.
	Open(t *testing.T, name string) *storage.Store
	// Copy copies a database, open or not, to one of a new name, as a backup does, and returns what is in the copy.
	Copy(t *testing.T, from, to string) storage.Contents
}

// Run holds an engine to what the exported methods of [storage.Store] promise. engine makes one for a test; the stores that
// it opens are closed when that test ends. Nothing here knows what the engine is.
func Run(t *testing.T, engine func(t *testing.T) Engine) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, e Engine)
	}{
		{"versions follow each other", versions},
		{"the same content is no version", unchanged},
		{"a transaction is whole or nothing", whole},
		{"what cannot be an id is refused", ids},
		{"stamps are in the order of writes", stamps},
		{"writers of several processes share one clock", sharedClock},
		{"what is written is there after opening again", kept},
		{"a snapshot sees no later write", still},
		{"a snapshot is the same under writers", underWriters},
		{"a scan is in order of arrival", arrival},
		{"a selection selects", selects},
		{"parts of a scan are the whole", parts},
		{"all versions are there in order", allVersions},
		{"an import is one transaction", imports},
		{"a search narrows and finds all", searches},
		{"owners are exact as of a snapshot", owners},
		{"a job goes to one worker", claims},
		{"a job that was interrupted runs again", recovers},
		{"jobs end, expire and are limited", ends},
		{"an event is stored with its deed or not at all", deeds},
		{"what a transaction finds completes the event", finds},
		{"events make a chain", chain},
		{"an account keeps its rules in one transaction", accounts},
		{"what belongs to an account goes with it", belongings},
		{"a version that somebody saw is not overwritten", seen},
		{"what is restored is what was there", restores},
		{"a copy is one instant", copies},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, engine(t))
		})
	}
}

// document reads JSON that the test has written.
func document(t *testing.T, format string, args ...any) *fhir.Document {
	t.Helper()
	d, err := fhir.Parse(fmt.Appendf(nil, format, args...))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// put stores a resource in a transaction of its own.
func put(t *testing.T, s *storage.Store, format string, args ...any) (r fhir.Resource, c storage.Change) {
	t.Helper()
	d := document(t, format, args...)
	err := Write(t.Context(), s, func(tx *storage.Tx) (err error) { r, c, err = tx.Put(d, ""); return err })
	if err != nil {
		t.Fatal(err)
	}
	return r, c
}

// remove deletes a resource in a transaction of its own.
func remove(t *testing.T, s *storage.Store, typ, id string) (r fhir.Resource, c storage.Change) {
	t.Helper()
	err := Write(t.Context(), s, func(tx *storage.Tx) (err error) { r, c, err = tx.Delete(typ, id); return err })
	if err != nil {
		t.Fatal(err)
	}
	return r, c
}

func snapshot(t *testing.T, s *storage.Store) storage.Snapshot {
	t.Helper()
	var at storage.Snapshot
	err := patiently(func() (err error) {
		at, err = s.Snapshot(t.Context())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// scanned is what a scan yields, in its order: "Patient/1#2" for version 2.
func scanned(ctx context.Context, s *storage.Store, at storage.Snapshot, sel storage.Selection) (all []string, err error) {
	err = s.Scan(ctx, at, sel, func(r storage.Row) error {
		all = append(all, fmt.Sprintf("%s/%s#%d", r.Type, r.ID, r.Version))
		if sel.Deleted != (r.JSON == nil) || !sel.Deleted && !bytes.Contains(r.JSON, []byte(`"id":"`+r.ID+`"`)) {
			return fmt.Errorf("%s/%s came with %.80q", r.Type, r.ID, r.JSON)
		}
		return nil
	})
	return all, err
}

func scan(t *testing.T, s *storage.Store, at storage.Snapshot, sel storage.Selection) []string {
	t.Helper()
	all, err := scanned(t.Context(), s, at, sel)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// same reports values that are not what they should be.
func same[T comparable](t *testing.T, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// codeOf is the code of a fhir.Error, "" for any other error and for none.
func codeOf(err error) fhir.Code {
	e, ok := errors.AsType[*fhir.Error](err)
	if !ok {
		return ""
	}
	return e.Code
}
