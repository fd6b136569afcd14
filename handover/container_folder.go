package handover

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"satchel/internal/durable"
)

// incompleteMarker is the first file of a bag in the making and goes last.
const incompleteMarker = "INCOMPLETE"

// folder is a bag as a folder: .NAME.partial until it is sealed.
type folder struct {
	dir, name string
	root      *os.Root
	folders   map[string]*os.Root // those in it, by path, once a file was put there
	blobs     int                 // that were given a temporary name
}

// newFolder begins a folder, removing what an interrupted one of the same name left.
func newFolder(dir, name string) (*folder, error) {
	f := &folder{dir: dir, name: name, folders: map[string]*os.Root{}}
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
	return f, durable.SyncTree(f.partial())
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

func (f *folder) create(bool) (blob, error) { return &folderBlob{in: f}, nil }

func (f *folder) open(path string) (io.ReadCloser, error) { return f.root.Open(path) }

func (f *folder) seal() error {
	if err := durable.SyncTree(f.partial()); err != nil {
		return err
	}
	if err := f.root.Remove(incompleteMarker); err != nil {
		return err
	}
	if err := f.close(); err != nil { // Windows does not rename what is open
		return err
	}
	if err := durable.SyncFolder(f.partial()); err != nil {
		return err
	}
	if err := freeName(f.final()); err != nil {
		return err
	}
	return durable.Rename(f.partial(), f.final())
}

func (f *folder) abandon() error {
	f.close()
	return os.RemoveAll(f.partial())
}

// close closes the folder and those in it.
func (f *folder) close() error {
	errs := []error{f.root.Close()}
	for _, in := range f.folders {
		errs = append(errs, in.Close())
	}
	return errors.Join(errs...)
}

// in opens a folder in the bag, which is made if it is not there. It stays open: of thousands of attachments, each would
// otherwise walk the whole path.
func (f *folder) in(path string) (*os.Root, error) {
	if in := f.folders[path]; in != nil {
		return in, nil
	}
	if err := f.root.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	in, err := f.root.OpenRoot(path)
	if err == nil {
		f.folders[path] = in
	}
	return in, err
}

// folderBlob is a file in a folder. What is small stays in memory until it has its name: many attachments are small, and
// many occur more than once.
type folderBlob struct {
	in     *folder
	buffer []byte         // at most chunkSize
	file   *durable.Ahead // once there was more
	name   string         // of file
}

func (b *folderBlob) Write(p []byte) (int, error) {
	if len(b.buffer)+len(p) >= chunkSize {
		if err := b.flush(); err != nil {
			return 0, err
		}
	}
	if len(p) >= chunkSize {
		return b.file.Write(p)
	}
	b.buffer = append(b.buffer, p...)
	return len(p), nil
}

// flush writes what is in memory to a file under a temporary name.
func (b *folderBlob) flush() (err error) {
	if b.file == nil {
		b.in.blobs++
		b.name = fmt.Sprintf("%d.tmp", b.in.blobs)
		if b.file, err = newFile(b.in.root, b.name); err != nil {
			return err
		}
	}
	_, err = b.file.Write(b.buffer)
	b.buffer = b.buffer[:0]
	return err
}

// newFile makes a file that [durable.SyncTree] syncs when the folder is sealed.
func newFile(in *os.Root, name string) (*durable.Ahead, error) {
	f, err := in.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	return &durable.Ahead{File: f}, err
}

func (b *folderBlob) commit(path string) (err error) {
	path = filepath.FromSlash(path)
	folder, err := b.in.in(filepath.Dir(path))
	if err != nil {
		b.discard()
		return err
	}
	temporary := b.file != nil
	if !temporary {
		if b.file, err = newFile(folder, filepath.Base(path)); err != nil {
			return err
		}
	}
	_, err = b.file.Write(b.buffer)
	if err := errors.Join(err, b.file.Close()); err != nil || !temporary {
		return err
	}
	return b.in.root.Rename(b.name, path)
}

func (b *folderBlob) discard() {
	if b.file != nil {
		b.file.Close()
		b.in.root.Remove(b.name)
	}
}
