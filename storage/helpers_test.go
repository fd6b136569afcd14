package storage

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"satchel/fhir"
)

// tester is what *testing.T and *rapid.T share.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
}

// openFile opens a store on a file and closes it at the end of the test.
func openFile(t *testing.T, path string, o Options) *Store {
	t.Helper()
	s, err := Open(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func openNew(t *testing.T) *Store {
	t.Helper()
	return openFile(t, newFile(t), Options{})
}

// newFile is the path of a new, empty database: a copy of one that is migrated once for all tests.
func newFile(t testing.TB) string {
	t.Helper()
	image, err := migrated()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "satchel.db")
	if err := os.WriteFile(path, image, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

var migrated = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "satchel-migrated-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "satchel.db")
	s, err := Open(background, path, Options{})
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

func parse(t tester, format string, args ...any) *fhir.Document {
	t.Helper()
	d, err := fhir.Parse(fmt.Appendf(nil, format, args...))
	if err != nil {
		t.Fatalf("parse: %v", err)
	}
	return d
}

// put stores a document and returns what came of it.
func put(t tester, s *Store, d *fhir.Document) (r fhir.Resource, c Change) {
	t.Helper()
	err := s.write(background, func(tx *Tx) (err error) {
		r, c, err = tx.Put(d, "")
		return err
	})
	if err != nil {
		t.Fatalf("put: %v", err)
	}
	return r, c
}

func remove(t tester, s *Store, typ, id string) (r fhir.Resource, c Change) {
	t.Helper()
	err := s.write(background, func(tx *Tx) (err error) {
		r, c, err = tx.Delete(typ, id)
		return err
	})
	if err != nil {
		t.Fatalf("delete: %v", err)
	}
	return r, c
}

func snapshot(t tester, s *Store) Snapshot {
	t.Helper()
	at, err := s.Snapshot(background)
	if err != nil {
		t.Fatalf("snapshot: %v", err)
	}
	return at
}

// keys are what a scan yields: "Patient/1#2" for version 2.
func keys(t tester, s *Store, at Snapshot, sel Selection) []string {
	t.Helper()
	all := []string{}
	err := s.Scan(background, at, sel, func(r Row) error {
		all = append(all, fmt.Sprintf("%s/%s#%d", r.Type, r.ID, r.Version))
		return nil
	})
	if err != nil {
		t.Fatalf("scan: %v", err)
	}
	return all
}

var background = context.Background()
