package testsatchel

import (
	"os"
	"path/filepath"
	"testing"

	"satchel/backup"
	"satchel/config"
)

// Root is the folder of the module, in which go.mod is.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if filepath.Dir(dir) == dir {
			t.Fatal("no go.mod in any folder above this test")
		}
		dir = filepath.Dir(dir)
	}
}

// Fixtures are databases of released schemas, made by testdata/schema/make: a backup, and the hashes of what it exports.
func Fixtures(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(Root(t), "testdata", "schema", "*.zip"))
	if err != nil || len(found) == 0 {
		t.Fatal("no fixtures", err)
	}
	return found
}

// Unpack puts a fixture's files into a data directory, as the old program left them.
func Unpack(t *testing.T, fixture string) *config.Config {
	t.Helper()
	cfg := New(t)
	Must(t, os.RemoveAll(cfg.Data))
	Must(t, os.MkdirAll(cfg.Data, 0o700))
	b, err := backup.Open(fixture, "")
	Must(t, err)
	defer b.Close()
	Must(t, b.Extract(t.Context(), cfg.Data))
	Must(t, os.Remove(filepath.Join(cfg.Data, backup.NoteFile)))
	return cfg
}
