package durabletest

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// disk is what would be left of a folder after a power cut: of each file the content at its last sync, of each folder the
// names at its last sync. Files and folders are known by their identity, so a rename alone changes nothing.
type disk struct {
	root    string
	files   []fileState
	folders []folderState
}

type fileState struct {
	info    fs.FileInfo
	content []byte
}

type folderState struct {
	info  fs.FileInfo
	names map[string]fs.FileInfo
}

// newDisk takes what is there already for synced.
func newDisk(root string) (*disk, error) {
	d := &disk{root: root}
	return d, d.syncAll(root)
}

// syncAll notes a sync of everything below path.
func (d *disk) syncAll(path string) error {
	return filepath.WalkDir(path, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			return d.syncFolder(path)
		}
		return d.syncFile(path)
	})
}

// syncFile notes that a file was synced as it is now.
func (d *disk) syncFile(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for i := range d.files {
		if os.SameFile(d.files[i].info, info) {
			d.files[i].content = content
			return nil
		}
	}
	d.files = append(d.files, fileState{info, content})
	return nil
}

// syncFolder notes that a folder was synced with the names that it has now.
func (d *disk) syncFolder(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	state := folderState{info, map[string]fs.FileInfo{}}
	for _, e := range entries {
		if state.names[e.Name()], err = e.Info(); err != nil {
			return err
		}
	}
	for i := range d.folders {
		if os.SameFile(d.folders[i].info, info) {
			d.folders[i] = state
			return nil
		}
	}
	d.folders = append(d.folders, state)
	return nil
}

// fileSynced returns why a file's content would not survive; nil if it would.
func (d *disk) fileSynced(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for _, f := range d.files {
		if os.SameFile(f.info, info) {
			if bytes.Equal(f.content, content) {
				return nil
			}
			return fmt.Errorf("%s: the file was not synced after its last write", d.short(path))
		}
	}
	return fmt.Errorf("%s: the file was never synced", d.short(path))
}

// nameSynced returns why the name of a file or folder would not survive; nil if it would.
func (d *disk) nameSynced(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	above := filepath.Dir(path)
	folder, err := os.Stat(above)
	if err != nil {
		return err
	}
	for _, f := range d.folders {
		if os.SameFile(f.info, folder) && f.names[filepath.Base(path)] != nil && os.SameFile(f.names[filepath.Base(path)], info) {
			return nil
		}
	}
	return fmt.Errorf("%s: its folder was not synced after it got that name", d.short(path))
}

// goneSynced tells which name would be back in a folder; nil if none would.
func (d *disk) goneSynced(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	for _, f := range d.folders {
		if !os.SameFile(f.info, info) {
			continue
		}
		for name := range f.names {
			if _, err := os.Lstat(filepath.Join(path, name)); err != nil {
				return fmt.Errorf("%s: its folder was not synced after that name went", d.short(filepath.Join(path, name)))
			}
		}
	}
	return nil
}

// survives returns why path, or something in it, would not be there as it is now; nil if it would.
func (d *disk) survives(path string) error {
	for above := path; above != d.root; above = filepath.Dir(above) {
		if err := d.nameSynced(above); err != nil {
			return err
		}
	}
	return filepath.WalkDir(path, func(name string, e fs.DirEntry, err error) error {
		if err == nil && name != path {
			err = d.nameSynced(name)
		}
		switch {
		case err != nil:
			return err
		case e.IsDir():
			return d.goneSynced(name)
		}
		return d.fileSynced(name)
	})
}

// short is a path from the root of the disk.
func (d *disk) short(path string) string {
	if rel, err := filepath.Rel(d.root, path); err == nil {
		return filepath.ToSlash(rel)
	}
	return path
}
