// Package durable writes files so that they survive a power cut: whole, under their final name, or not at all.
//
// The rule is that of fsync(2) and rename(2): write under a temporary name, sync the file, close it, rename it, sync the
// folder. Without the sync of the file the new name may show an empty or torn one; without the sync of the folder the
// name itself may be gone. All of the product's files that somebody relies on are written here and nowhere else.
//
// On Windows a folder cannot be synced; renames are written through instead.
package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"satchel/internal/durable/internal/seam"
)

// Options say how a file is made.
type Options struct {
	Mode        fs.FileMode // permission bits; 0 means 0600
	Exclusive   bool        // a file that is there already is an error, fs.ErrExist, and stays as it is
	FolderOwner bool        // what root makes belongs to the owner of the folder; see [SameOwner]
}

func (o Options) mode() fs.FileMode {
	if o.Mode == 0 {
		return 0o600
	}
	return o.Mode
}

// Write makes the file at path from what write puts into it, or replaces it. It returns once content and name are on
// the disk. If it fails before the rename, the file at path is what it was; the temporary file is removed.
func Write(path string, o Options, write func(*File) error) error {
	folder, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer folder.Close()
	return In(folder).Write(filepath.Base(path), o, write)
}

// Bytes is what to give to Write for a content that is in memory.
func Bytes(content []byte) func(*File) error {
	return func(f *File) error {
		_, err := f.Write(content)
		return err
	}
}

// Append lets add write to the end of the file at path, which is made if it is not there, and returns once that is on
// the disk. A power cut meanwhile may leave a part of it. Exclusive has no meaning here.
func Append(path string, o Options, add func(*os.File) error) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, o.mode())
	if err != nil {
		return err
	}
	err = add(f)
	if err == nil && o.FolderOwner {
		err = SameOwner(path, filepath.Dir(path))
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	return errors.Join(Close(f), SyncFolder(filepath.Dir(path))) // which may have got the name just now
}

// Close syncs a file and closes it. It is for a file that was made under a name of no importance: its name is durable
// only after [Rename], [SyncFolder] or [SyncTree].
func Close(f *os.File) error {
	return errors.Join(syncFile(f), f.Close())
}

func syncFile(f *os.File) error {
	return seam.Run(seam.Op{Kind: seam.SyncFile, Path: f.Name()}, f.Sync)
}

// Rename gives a file or folder another name, which may be in another folder of the same disk, and returns once that is
// on the disk. What it replaces is a file, never a folder. The content must have been synced before.
func Rename(from, to string) error {
	err := seam.Run(seam.Op{Kind: seam.Rename, Path: from, To: to}, func() error { return rename(from, to) })
	if err != nil {
		return err
	}
	if err := SyncFolder(filepath.Dir(to)); err != nil || filepath.Dir(to) == filepath.Dir(from) {
		return err
	}
	return SyncFolder(filepath.Dir(from))
}
