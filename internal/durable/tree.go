package durable

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sync/errgroup"

	"satchel/internal/durable/internal/seam"
)

const (
	manyFiles = 256 // worth one sync of the whole disk, where the system has that, instead of one for each
	atOnce    = 16  // files that are synced at a time: syncs that wait together share one commit of the journal
)

// SyncTree makes everything below a folder durable, and the folder's own list of names; its own name is the caller's part.
func SyncTree(root string) error {
	var files, folders []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
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
	if len(files) >= manyFiles && diskReportsErrors() {
		return seam.Run(seam.Op{Kind: seam.SyncDisk, Path: root}, func() error { return syncDisk(root) })
	}
	if err := syncFiles(files); err != nil {
		return err
	}
	for _, path := range slices.Backward(folders) {
		if err := SyncFolder(path); err != nil {
			return err
		}
	}
	return nil
}

// syncFiles syncs each of the files.
func syncFiles(files []string) error {
	var group errgroup.Group
	group.SetLimit(atOnce)
	for _, path := range files {
		group.Go(func() error {
			f, err := os.OpenFile(path, os.O_RDWR, 0) // Windows syncs only what is open to be written
			if err != nil {
				return err
			}
			return Close(f)
		})
	}
	return group.Wait()
}
