// Package testpractice makes the databases of practices for tests: empty ones and filled ones, each a copy of one that this
// test program has migrated and filled once. It knows nothing above storage, so that the tests of engine can use it from
// inside; whole servers are in satchel/internal/testserver.
package testpractice

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"satchel/demo"
	"satchel/storage"
)

// Template is a database that tests get copies of. It is made when the first test asks for one.
type Template struct {
	fill  func(*storage.Store) error
	image func() ([]byte, error)
}

// New makes a template. fill puts into a new store what each copy shall hold.
func New(fill func(*storage.Store) error) *Template {
	m := &Template{fill: fill}
	m.image = sync.OnceValues(m.make)
	return m
}

// Empty is a database of today's schema without any row of a practice.
var Empty = New(func(*storage.Store) error { return nil })

// demos are the templates of synthetic practices, by their options.
var demos sync.Map

// Demo is a database with the synthetic practice that demo.Items makes from the options.
func Demo(o demo.Options) *Template {
	m, _ := demos.LoadOrStore(fmt.Sprintf("%+v", o), New(func(s *storage.Store) error { return FillDemo(s, o) }))
	return m.(*Template)
}

// Open opens a copy of its own in a folder of the test, and closes it when the test ends.
func (m *Template) Open(t testing.TB) *storage.Store {
	t.Helper()
	return m.OpenAt(t, filepath.Join(t.TempDir(), "satchel.db"), storage.Options{})
}

// Bulk is Open of a copy that does not wait for the disk at every commit, as imports do; for tests that write much.
func (m *Template) Bulk(t testing.TB) *storage.Store {
	t.Helper()
	return m.OpenAt(t, filepath.Join(t.TempDir(), "satchel.db"), storage.Options{Bulk: true})
}

// OpenAt is Open of a copy at a path, where nothing must be yet.
func (m *Template) OpenAt(t testing.TB, path string, o storage.Options) *storage.Store {
	t.Helper()
	m.Write(t, path)
	s, err := storage.Open(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// Write makes the file of a copy, for tests that open it themselves.
func (m *Template) Write(t testing.TB, path string) {
	t.Helper()
	image, err := m.image()
	if err != nil {
		t.Fatalf("making the template: %v", err)
	}
	if err := os.WriteFile(path, image, 0o600); err != nil {
		t.Fatal(err)
	}
}

// make fills a new store and reads its file.
func (m *Template) make() (image []byte, err error) {
	dir, err := os.MkdirTemp("", "satchel-template-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "satchel.db")
	s, err := storage.Open(background, path, storage.Options{Bulk: true})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	if err := m.fill(s); err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil { // from here on all is in the one file
		return nil, err
	}
	return os.ReadFile(path)
}
