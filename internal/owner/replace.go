// Package owner keeps files in the hands of the account that a data directory belongs to.
package owner

import (
	"errors"
	"os"
	"path/filepath"
)

// Replace puts a text in the place of a file, whole or not at all. Its owner alone may read it.
func Replace(path, text string) error {
	f, err := os.CreateTemp(filepath.Dir(path), "*.tmp") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return errors.Join(os.Rename(f.Name(), path), Same(path, filepath.Dir(path)))
}
