package handover

import (
	"os"
	"path/filepath"
	"runtime"
	"sync"
)

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

// manyFiles is how many files are worth one sync of the whole disk, where the system has that, instead of one for each.
const manyFiles = 256

// syncTree makes everything below a folder durable. Where it cannot be done at once, several files are synced at a time:
// waiting for one after the other would take most of the time of a package with many attachments.
func syncTree(root string) error {
	var files, folders []string
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			folders = append(folders, path)
		default:
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(files) >= manyFiles {
		if whole, err := syncDisk(root); whole || err != nil {
			return err
		}
	}
	if err := syncFiles(files); err != nil {
		return err
	}
	for i := len(folders) - 1; i >= 0; i-- {
		if err := syncFolder(folders[i]); err != nil {
			return err
		}
	}
	return nil
}

// syncFiles syncs each of the files.
func syncFiles(files []string) error {
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
	for _, path := range files {
		work <- path
	}
	close(work)
	group.Wait()
	return first
}

// flushEach is after how many bytes of a file the disk is told to begin with it, so that the sync at the end is short.
const flushEach = 8 << 20
