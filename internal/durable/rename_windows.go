package durable

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// rename returns when the new name is on the disk, since a folder cannot be synced here.
func rename(from, to string) error {
	old, err := windows.UTF16PtrFromString(from)
	if err != nil {
		return err
	}
	name, err := windows.UTF16PtrFromString(to)
	if err != nil {
		return err
	}
	err = windows.MoveFileEx(old, name, windows.MOVEFILE_REPLACE_EXISTING|windows.MOVEFILE_WRITE_THROUGH)
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}

func renameIn(in *os.Root, from, to string) error {
	return rename(filepath.Join(in.Name(), from), filepath.Join(in.Name(), to))
}
