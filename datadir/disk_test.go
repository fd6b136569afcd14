package datadir

import (
	"os"
	"path/filepath"
	"testing"

	"satchel/config"
)

func TestDiskFloor(t *testing.T) {
	t.Parallel()
	c := config.Defaults()
	for total, want := range map[int64]int64{1e9: 25e7, 10e9: 1e9, 100e9: 5e9} {
		if got := c.DiskFloor(total); got != want {
			t.Errorf("%d: %d", total, got)
		}
	}
	c.Disk.MinFree = 7
	if got := c.DiskFloor(1e9); got != 7 {
		t.Error(got)
	}
	if free, total, err := Space(t.TempDir()); err != nil || free <= 0 || total < free {
		t.Error(free, total, err)
	}
}

// A folder that vanished or is read-only is said, and the probe leaves nothing behind.
func TestWritableFolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "x")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	check := WritableFolder(root)
	for range 2 {
		if err := check(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Error(entries)
	}
	if os.Remove(dir) == nil && check(t.Context()) == nil {
		t.Error("a folder that is gone is writable")
	}
}
