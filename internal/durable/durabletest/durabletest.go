package durabletest

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"satchel/internal/durable/internal/seam"
)

// ErrDisk is the error of an operation that a test made fail.
var ErrDisk = errors.New("the disk failed")

// Recorder watches a folder.
type Recorder struct {
	mu     sync.Mutex
	disk   *disk
	ops    []string
	faults []error // operations that were out of order
	fail   int     // number of the operation that fails; 0: none
	failed string  // that operation
}

// Record watches a folder until the test ends. What is in it by now is taken for synced. Tests that watch different
// folders may run at the same time.
func Record(t testing.TB, folder string) *Recorder {
	t.Helper()
	root, err := filepath.Abs(folder)
	if err != nil {
		t.Fatal(err)
	}
	d, err := newDisk(root)
	if err != nil {
		t.Fatal(err)
	}
	r := &Recorder{disk: d}
	t.Cleanup(seam.Observe(r.observe))
	return r
}

// observe notes one operation and, unless it is the one to fail, does it.
func (r *Recorder) observe(op seam.Op, do func() error) error {
	path, err := filepath.Abs(op.Path)
	if err != nil || path != r.disk.root && !strings.HasPrefix(path, r.disk.root+string(filepath.Separator)) {
		return do()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	text := fmt.Sprintf("%s %s", op.Kind, r.disk.short(path))
	if op.To != "" {
		if to, err := filepath.Abs(op.To); err == nil {
			text += " → " + r.disk.short(to)
		}
	}
	r.ops = append(r.ops, text)
	if len(r.ops) == r.fail {
		r.failed = text
		return ErrDisk
	}
	if op.Kind == seam.Rename || op.Kind == seam.Link {
		r.ordered(op.Kind, path)
	}
	if err := do(); err != nil {
		return err
	}
	return r.note(op.Kind, path)
}

// ordered notes a fault if something gets its final name before its content is on the disk.
func (r *Recorder) ordered(kind seam.Kind, path string) {
	d := *r.disk
	d.root = path // its own name does not count yet
	if err := d.survives(path); err != nil {
		r.faults = append(r.faults, fmt.Errorf("%s too early: %w", kind, err))
	}
}

// note brings the model up to date.
func (r *Recorder) note(kind seam.Kind, path string) error {
	switch kind {
	case seam.SyncFile:
		return r.disk.syncFile(path)
	case seam.SyncFolder:
		return r.disk.syncFolder(path)
	case seam.SyncDisk:
		return r.disk.syncAll(r.disk.root)
	}
	return nil
}

// Survives fails the test unless each path, with everything in it, would be there after a power cut now as it is now,
// and nothing was renamed before it was synced.
func (r *Recorder) Survives(t testing.TB, paths ...string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	faults := r.faults
	for _, p := range paths {
		p, err := filepath.Abs(p)
		if err == nil {
			err = r.disk.survives(p)
		}
		if err != nil {
			faults = append(faults, err)
		}
	}
	if len(faults) > 0 {
		t.Errorf("after a power cut: %v\noperations:\n%s", errors.Join(faults...), strings.Join(r.ops, "\n"))
	}
}

// Ops are the operations so far, such as "sync file a/b".
func (r *Recorder) Ops() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.ops...)
}

// A Deed makes files in a new folder: it prepares what it needs there, and returns the deed itself and what must be on the
// disk once that returns without an error.
type Deed func(t *testing.T, folder string) (do func() error, made []string)

// Check does a deed in a new folder and fails the test unless what it made survives a power cut. Then it does the deed
// again once for each of its operations, in a new folder each time, with that operation failing: the deed must fail too,
// or have found another way.
func Check(t *testing.T, deed Deed) {
	t.Helper()
	for i := range Once(t, deed) {
		if r, err := try(t, deed, i+1); err == nil && r.failed != "" {
			t.Logf("operation %d, %q, failed and the deed went on", i+1, r.failed)
		}
	}
}

// Once does a deed that takes too long to be repeated, and fails the test unless what it made survives a power cut. It
// returns the number of operations.
func Once(t *testing.T, deed Deed) int {
	t.Helper()
	r, err := try(t, deed, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Ops()) == 0 {
		t.Fatal("nothing was synced")
	}
	return len(r.Ops())
}

// try does a deed in a new folder; the operation of that number fails. A deed that succeeds must survive.
func try(t *testing.T, deed Deed, fail int) (*Recorder, error) {
	t.Helper()
	folder := t.TempDir()
	do, made := deed(t, folder)
	r := Record(t, folder)
	r.fail = fail
	err := do()
	if err == nil {
		var paths []string
		for _, name := range made {
			paths = append(paths, filepath.Join(folder, name))
		}
		r.Survives(t, paths...)
	}
	return r, err
}
