package datadir_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"satchel/datadir"
	"satchel/internal/testsatchel"
)

// What a crash left under a temporary name goes once nobody can be writing it any more.
func TestSweep(t *testing.T) {
	t.Parallel()
	cfg := testsatchel.New(t)
	testsatchel.Must(t, os.MkdirAll(filepath.Join(cfg.Data, "tls"), 0o700))
	old := []string{filepath.Join(cfg.Data, ".satchel.db.before-schema-11.abcdefghij.tmp"), filepath.Join(cfg.Data, "tls", ".server-private.pem.abcdefghij.tmp")}
	stay := []string{filepath.Join(cfg.Data, ".hidden"), filepath.Join(cfg.Data, "notes.tmp"), cfg.Database()}
	now := time.Now()
	for _, path := range append(old, stay[:2]...) {
		testsatchel.Must(t, os.WriteFile(path, nil, 0o600))
		testsatchel.Must(t, os.Chtimes(path, now, now)) // the disk's clock is not always the program's
	}
	if removed := datadir.Sweep(cfg, now.Add(5*time.Hour)); removed != nil {
		t.Errorf("still being written: %q", removed)
	}
	if removed := datadir.Sweep(cfg, now.Add(7*time.Hour)); !slices.Equal(removed, old) {
		t.Errorf("%q", removed)
	}
	for _, path := range stay {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
}
