package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// rotatingFile is a log file of bounded size: when it is full it becomes name.1, what was name.1 becomes name.2, and so
// on; the oldest goes.
type rotatingFile struct {
	path string
	max  int64 // bytes of one file
	keep int   // older files

	mu   sync.Mutex
	file *os.File
	size int64
}

// newRotatingFile opens the file, in a folder that it makes, to append.
func newRotatingFile(path string, max int64, keep int) (*rotatingFile, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	r := &rotatingFile{path: path, max: max, keep: keep}
	return r, r.open()
}

func (r *rotatingFile) open() error {
	f, err := os.OpenFile(r.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	r.file, r.size = f, info.Size()
	return nil
}

// Write appends one line. A line is never divided.
func (r *rotatingFile) Write(line []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil || r.size > 0 && r.size+int64(len(line)) > r.max {
		if err := r.turn(); err != nil {
			return 0, err
		}
	}
	n, err := r.file.Write(line)
	r.size += int64(n)
	return n, err
}

// turn begins a new file. If the old one cannot be renamed, since some program has it open, it is written on.
func (r *rotatingFile) turn() error {
	if r.file != nil {
		r.file.Close()
		r.file = nil
		for i := r.keep - 1; i >= 1; i-- {
			_ = os.Rename(r.name(i), r.name(i+1)) // there may be none yet
		}
		if r.keep > 0 {
			_ = os.Rename(r.path, r.name(1))
		} else {
			_ = os.Remove(r.path)
		}
	}
	return r.open()
}

func (r *rotatingFile) name(i int) string { return fmt.Sprintf("%s.%d", r.path, i) }

// Close ends the file.
func (r *rotatingFile) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		return nil
	}
	err := r.file.Close()
	r.file = nil
	return err
}
