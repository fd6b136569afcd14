package durable

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"satchel/internal/durable/internal/seam"
)

// Temporary reports whether a file name is one that this package gives to files in the making: .NAME.RANDOM.tmp. What
// has such a name and is not being written was left by a crash and may be removed.
func Temporary(name string) bool {
	return strings.HasPrefix(name, ".") && strings.HasSuffix(name, ".tmp")
}

// File is a file in the making, under a temporary name. One goroutine at a time uses it. It ends by Place or Discard.
type File struct {
	f               *os.File
	in              *os.Root
	temporary, name string // paths in the folder
	options         Options
	ahead           ahead
}

// Path is where the file lies now, under its temporary name.
func (f *File) Path() string { return filepath.Join(f.in.Name(), f.temporary) }

// Write adds to the file. The disk is set to work early, so that the sync at the end is short.
func (f *File) Write(p []byte) (int, error) {
	n, err := f.f.Write(p)
	f.ahead.wrote(f.f, n)
	return n, err
}

// Size is how many bytes were written.
func (f *File) Size() int64 { return f.ahead.written }

// Place syncs and closes the file and gives it its final name. The name is on the disk after [Folder.Sync], which
// serves many files at once. If Place fails, the file is removed.
func (f *File) Place() error {
	err := errors.Join(f.own(), Close(f.f))
	if err == nil {
		err = f.rename()
	}
	if err != nil {
		f.remove()
	}
	return err
}

// Discard removes the file. After Place it does nothing.
func (f *File) Discard() {
	f.f.Close()
	f.remove()
}

// remove removes what is left under the temporary name.
func (f *File) remove() { _ = f.in.Remove(f.temporary) }

// own gives the file to the owner of its folder, if the options say so.
func (f *File) own() error {
	if !f.options.FolderOwner {
		return nil
	}
	folder, err := f.in.Stat(filepath.Dir(f.name))
	if err != nil {
		return err
	}
	return giveTo(f.f, folder)
}

// rename gives the file its final name. A link does not replace a file, which a rename does; where the disk has no
// links (exFAT), a look before the rename must do.
func (f *File) rename() error {
	if !f.options.Exclusive {
		return f.move(seam.Rename, func() error { return renameIn(f.in, f.temporary, f.name) })
	}
	err := f.move(seam.Link, func() error { return f.in.Link(f.temporary, f.name) })
	if err == nil {
		return f.in.Remove(f.temporary)
	}
	if errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := vacant(f.in, f.name); err != nil {
		return err
	}
	return f.move(seam.Rename, func() error { return renameIn(f.in, f.temporary, f.name) })
}

func (f *File) move(how seam.Kind, do func() error) error {
	return seam.Run(seam.Op{Kind: how, Path: f.Path(), To: filepath.Join(f.in.Name(), f.name)}, do)
}

// vacant refuses a name that is taken.
func vacant(in *os.Root, name string) error {
	_, err := in.Lstat(name)
	switch {
	case err == nil:
		return &fs.PathError{Op: "create", Path: filepath.Join(in.Name(), name), Err: fs.ErrExist}
	case errors.Is(err, fs.ErrNotExist):
		return nil
	}
	return err
}

// temporaryFor is a new temporary name beside name.
func temporaryFor(name string) string {
	dir, base := filepath.Split(name)
	return dir + fmt.Sprintf(".%s.%s.tmp", base, strings.ToLower(rand.Text()[:10]))
}
