package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"satchel/internal/durable/internal/seam"
)

// Folder is an open folder in which files are made. Names are relative to it and cannot lead out of it.
type Folder struct{ root *os.Root }

// In is the folder of an open root, which stays the caller's to close.
func In(root *os.Root) Folder { return Folder{root} }

// Write is [Write] for a name in the folder.
func (d Folder) Write(name string, o Options, write func(*File) error) error {
	f, err := d.Begin(name, o)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		f.Discard()
		return err
	}
	if err := f.Place(); err != nil {
		return err
	}
	err = d.SyncIn(filepath.Dir(name))
	if err != nil && o.Exclusive {
		err = errors.Join(err, d.root.Remove(name)) // so that it can be tried again
	}
	return err
}

// Begin makes a file under a temporary name beside its final one. The caller ends it by [File.Place], and makes the name
// durable by Sync, or by [File.Discard].
func (d Folder) Begin(name string, o Options) (*File, error) {
	name = filepath.FromSlash(name)
	if o.Exclusive { // seen early; Place looks again
		if err := vacant(d.root, name); err != nil {
			return nil, err
		}
	}
	temporary := temporaryFor(name)
	f, err := d.root.OpenFile(temporary, os.O_CREATE|os.O_EXCL|os.O_RDWR, o.mode())
	if err != nil {
		return nil, err
	}
	return &File{f: f, in: d.root, temporary: temporary, name: name, options: o}, nil
}

// Sync makes the names in the folder durable.
func (d Folder) Sync() error { return d.SyncIn(".") }

// SyncIn makes the names in a folder below it durable.
func (d Folder) SyncIn(name string) error {
	name = filepath.FromSlash(name)
	return syncNames(filepath.Join(d.root.Name(), name), func() (*os.File, error) { return d.root.Open(name) })
}

// SyncFolder makes the names in the folder at path durable.
func SyncFolder(path string) error {
	return syncNames(path, func() (*os.File, error) { return os.Open(path) })
}

// syncNames syncs a folder. Windows has no call for that; see rename there.
func syncNames(path string, open func() (*os.File, error)) error {
	op := seam.Op{Kind: seam.SyncFolder, Path: path}
	if runtime.GOOS == "windows" {
		return seam.Run(op, func() error { return nil })
	}
	f, err := open()
	if err != nil {
		return err
	}
	return errors.Join(seam.Run(op, f.Sync), f.Close())
}

// MkdirAll makes a folder with those above it that are missing, and returns once their names are on the disk.
func MkdirAll(path string, mode fs.FileMode) error {
	switch info, err := os.Stat(path); {
	case err == nil && info.IsDir():
		return nil
	case err == nil:
		return &fs.PathError{Op: "mkdir", Path: path, Err: errors.New("a file of that name is there")}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	above := filepath.Dir(filepath.Clean(path))
	if above != path {
		if err := MkdirAll(above, mode); err != nil {
			return err
		}
	}
	if err := os.Mkdir(path, mode); err != nil && !errors.Is(err, fs.ErrExist) { // another process was faster
		return err
	}
	return SyncFolder(above)
}
