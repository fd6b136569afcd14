package storage_test

import (
	"context"
	"path/filepath"
	"testing"

	"satchel/internal/storagetest"
	"satchel/storage"
)

// files are databases in a folder of the test.
type files struct{ folder string }

func (f files) path(name string) string { return filepath.Join(f.folder, name+".db") }

func (f files) Open(t *testing.T, name string) *storage.Store {
	t.Helper()
	s, err := storage.Open(context.Background(), f.path(name), storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (f files) Copy(t *testing.T, from, to string) storage.Contents {
	t.Helper()
	c, err := storage.Backup(t.Context(), f.path(from), f.path(to))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The engine that the product has does what is promised of every engine.
func TestConformance(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T) storagetest.Engine { return files{t.TempDir()} })
}
