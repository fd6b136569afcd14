package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"satchel/engine/pack"
	"satchel/handover"
	"satchel/internal/durable"
	"satchel/storage"
)

// hiding begins the names of folders with packages that are not encrypted yet.
const hiding = ".EHI_unencrypted-"

// tidyLeftovers names what interrupted handovers left in a folder. What anybody could read of packages that were to be encrypted
// is removed; the lock in such a folder shows whether somebody is still at work on it.
func tidyLeftovers(dir string) {
	for _, path := range handover.Leftovers(dir) {
		if !strings.HasPrefix(filepath.Base(path), hiding) {
			fmt.Fprintf(os.Stderr, "left by an interrupted handover, no package, may be deleted unless another handover is running: %s\n", path)
			continue
		}
		unlock, err := storage.LockFile(filepath.Join(path, "lock"))
		if errors.Is(err, storage.ErrLocked) {
			continue
		}
		if err == nil {
			unlock()
			err = os.RemoveAll(path)
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "left by an interrupted handover, not encrypted, delete it: %s (%v)\n", path, err)
		} else {
			fmt.Fprintf(os.Stderr, "left by an interrupted handover, not encrypted, removed now: %s\n", path)
		}
	}
}

// hide lets the package be made in a folder of its own beside where it shall stand, named as what [handover.Leftovers] finds.
// done removes it.
func hide(r *pack.Run) (done func(), err error) {
	if err := durable.MkdirAll(r.Dir, 0o700); err != nil {
		return nil, err
	}
	hidden, err := os.MkdirTemp(r.Dir, hiding+"*.partial")
	if err != nil {
		return nil, err
	}
	unlock, err := storage.LockFile(filepath.Join(hidden, "lock"))
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(hidden))
	}
	r.Dir = hidden
	return func() {
		unlock()
		if err := os.RemoveAll(hidden); err != nil {
			fmt.Fprintf(os.Stderr, "not encrypted, delete it: %s (%v)\n", hidden, err)
		}
	}, nil
}

// encrypt encrypts sealed ZIP files and returns the encrypted ones, which stand in dir. After an error none stands there.
func encrypt(paths []string, secret string, html bool, dir string) (encrypted []string, err error) {
	wrap, extension := handover.EncryptAgeTo, ".age"
	if html {
		wrap, extension = handover.EncryptHTMLTo, ".html"
	}
	for _, path := range paths {
		to := filepath.Join(dir, filepath.Base(path)+extension)
		if err := wrap(path, to, secret); err != nil {
			for _, made := range encrypted {
				err = errors.Join(err, os.Remove(made))
			}
			return nil, err
		}
		encrypted = append(encrypted, to)
	}
	return encrypted, nil
}
