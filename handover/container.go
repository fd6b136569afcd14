package handover

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
)

// container is where the files of one bag are written: a folder or a ZIP file. Until it is sealed, what there is of it
// stands under a name that begins with a dot and ends with ".partial". It is not for concurrent use.
type container interface {
	// create begins a file that has no name yet. tight says that its content does not get smaller by deflating.
	create(tight bool) (blob, error)
	// open reads a file back that has its name. Several may be open, from several goroutines.
	open(path string) (io.ReadCloser, error)
	// seal makes everything durable and then gives the container its name. Nothing may be open.
	seal() error
	// abandon removes what was written.
	abandon() error
}

// blob is one file under way.
type blob interface {
	io.Writer
	// commit ends the file and gives it its path.
	commit(path string) error
	// discard ends the file and forgets it.
	discard()
}

// syncFile makes the content of a file durable.
func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	err = f.Sync()
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}

// syncFolder makes the names in a folder durable. Windows does that by itself and cannot be asked.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	err = d.Sync()
	if e := d.Close(); err == nil {
		err = e
	}
	return err
}

// syncTree makes everything below a folder durable, several files at a time: waiting for one after the other would take
// most of the time of a package with many attachments.
func syncTree(root string) error {
	work := make(chan string)
	var first error
	var once sync.Once
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			for path := range work {
				if err := syncFile(path); err != nil {
					once.Do(func() { first = err })
				}
			}
		})
	}
	var folders []string
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			folders = append(folders, path)
		default:
			work <- path
		}
		return nil
	})
	close(work)
	group.Wait()
	for i := len(folders) - 1; i >= 0 && err == nil && first == nil; i-- {
		err = syncFolder(folders[i])
	}
	if err == nil {
		err = first
	}
	return err
}
