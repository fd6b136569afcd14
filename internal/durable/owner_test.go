//go:build unix

package durable_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"satchel/internal/durable"
)

// What root makes in somebody's folder is theirs where that is asked for, and root's otherwise.
func TestFolderOwner(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("needs root to make a folder of somebody else")
	}
	in := t.TempDir()
	if err := os.Chown(in, 4711, 4712); err != nil {
		t.Fatal(err)
	}
	theirs := durable.Options{FolderOwner: true}
	for name, make := range map[string]func(path string) error{
		"written": func(p string) error { return durable.Write(p, theirs, durable.Bytes(nil)) },
		"exclusive": func(p string) error {
			return durable.Write(p, durable.Options{Exclusive: true, FolderOwner: true}, durable.Bytes(nil))
		},
		"appended": func(p string) error { return durable.Append(p, theirs, line) },
		"root's":   func(p string) error { return durable.Write(p, durable.Options{}, durable.Bytes(nil)) },
	} {
		path, uid, gid := filepath.Join(in, name), uint32(4711), uint32(4712)
		if name == "root's" {
			uid, gid = 0, 0
		}
		if err := make(path); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Sys().(*syscall.Stat_t); got.Uid != uid || got.Gid != gid {
			t.Errorf("%s: owner %d:%d, want %d:%d", name, got.Uid, got.Gid, uid, gid)
		}
	}
}
