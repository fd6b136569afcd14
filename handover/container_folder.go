package handover

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// incompleteMarker is the first file of a bag in the making and goes last.
const incompleteMarker = "INCOMPLETE"

// folder is a bag as a folder: .NAME.partial until it is sealed.
type folder struct {
	dir, name string
	root      *os.Root
	blobs     int
}

// newFolder begins a folder, removing what an interrupted one of the same name left.
func newFolder(dir, name string) (*folder, error) {
	f := &folder{dir: dir, name: name}
	if err := freeName(f.final()); err != nil {
		return nil, err
	}
	if err := os.RemoveAll(f.partial()); err != nil {
		return nil, err
	}
	if err := os.Mkdir(f.partial(), 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(f.partial())
	if err != nil {
		return nil, err
	}
	f.root = root
	text := "This folder was being written and is not a package. It may be deleted.\n"
	if err := root.WriteFile(incompleteMarker, []byte(text), 0o600); err != nil {
		return nil, err
	}
	return f, syncTree(f.partial())
}

// freeName refuses to replace a package.
func freeName(path string) error {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%q is there already; move it away or choose another name", path)
	} else if !os.IsNotExist(err) {
		return err
	}
	return nil
}

func (f *folder) final() string   { return filepath.Join(f.dir, f.name) }
func (f *folder) partial() string { return filepath.Join(f.dir, "."+f.name+".partial") }

func (f *folder) create(bool) (blob, error) {
	f.blobs++
	name := fmt.Sprintf("%d.tmp", f.blobs)
	file, err := f.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	return &folderBlob{f, file, name, make([]byte, 0, chunkSize)}, nil
}

func (f *folder) open(path string) (io.ReadCloser, error) { return f.root.Open(path) }

func (f *folder) seal() error {
	if err := syncTree(f.partial()); err != nil {
		return err
	}
	if err := f.root.Remove(incompleteMarker); err != nil {
		return err
	}
	if err := f.root.Close(); err != nil { // Windows does not rename what is open
		return err
	}
	if err := syncFolder(f.partial()); err != nil {
		return err
	}
	if err := freeName(f.final()); err != nil {
		return err
	}
	if err := os.Rename(f.partial(), f.final()); err != nil {
		return err
	}
	return syncFolder(f.dir)
}

func (f *folder) abandon() error {
	f.root.Close()
	return os.RemoveAll(f.partial())
}

// folderBlob is a file in a folder.
type folderBlob struct {
	in     *folder
	file   *os.File
	name   string
	buffer []byte
}

func (b *folderBlob) Write(p []byte) (int, error) {
	if len(b.buffer)+len(p) > cap(b.buffer) {
		if err := b.flush(); err != nil {
			return 0, err
		}
	}
	if len(p) >= cap(b.buffer) {
		return b.file.Write(p)
	}
	b.buffer = append(b.buffer, p...)
	return len(p), nil
}

func (b *folderBlob) flush() error {
	_, err := b.file.Write(b.buffer)
	b.buffer = b.buffer[:0]
	return err
}

func (b *folderBlob) commit(path string) error {
	err := b.flush()
	if e := b.file.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	if err := b.in.root.MkdirAll(filepath.Dir(filepath.FromSlash(path)), 0o700); err != nil {
		return err
	}
	return b.in.root.Rename(b.name, filepath.FromSlash(path))
}

func (b *folderBlob) discard() {
	b.file.Close()
	b.in.root.Remove(b.name)
}
