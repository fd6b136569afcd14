// Package seam lets tests of this module watch, and fail, what durable asks of the disk. Only packages below
// internal/durable can import it, so nothing in the product can set an observer.
package seam

import (
	"slices"
	"sync"
	"sync/atomic"
)

// Kind says what is asked of the disk.
type Kind string

// The kinds.
const (
	SyncFile   Kind = "sync file"   // Path: the file
	SyncFolder Kind = "sync folder" // Path: the folder
	SyncDisk   Kind = "sync disk"   // Path: a folder on it
	Rename     Kind = "rename"      // Path: the old name, To: the new one
	Link       Kind = "link"        // Path: the old name, To: the new one
)

// Op is one operation.
type Op struct {
	Kind     Kind
	Path, To string
}

// An Observer is called in place of each operation. It calls do, unless the operation is to fail, and returns the error.
type Observer func(op Op, do func() error) error

var (
	changing  sync.Mutex
	observers atomic.Pointer[[]*Observer] // nil in the product
)

// Run does an operation: do itself where there is no observer.
func Run(op Op, do func() error) error {
	all := observers.Load()
	if all == nil {
		return do()
	}
	for _, o := range *all {
		inner := do
		do = func() error { return (*o)(op, inner) }
	}
	return do()
}

// Observe adds an observer until stop is called.
func Observe(o Observer) (stop func()) {
	changing.Lock()
	defer changing.Unlock()
	var all []*Observer
	if now := observers.Load(); now != nil {
		all = slices.Clone(*now)
	}
	all = append(all, &o)
	observers.Store(&all)
	return func() {
		changing.Lock()
		defer changing.Unlock()
		left := slices.DeleteFunc(slices.Clone(*observers.Load()), func(other *Observer) bool { return other == &o })
		if len(left) == 0 {
			observers.Store(nil)
			return
		}
		observers.Store(&left)
	}
}
