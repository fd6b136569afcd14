package engine

import (
	"errors"
	"testing"

	"satchel/audit"
	"satchel/engine/bulk"
	"satchel/internal/audittest"
)

// Who removes an account leaves no file of its exports behind, although the jobs' rows went with the account; a refusal
// leaves everything.
func TestCancelFor(t *testing.T) {
	t.Parallel()
	e := engineOn(t, practice(t), Options{})
	job, _ := export(t, e, bulk.Request{Level: bulk.LevelSystem, Types: []string{"Patient"}})
	refusal := errors.New("not allowed")
	if err := e.CancelFor(t.Context(), job.Account, func() error { return refusal }); !errors.Is(err, refusal) {
		t.Error(err)
	}
	remove := func() error {
		_, err := e.store.DeleteJob(t.Context(), audittest.Event(audit.ExportDelete), job.ID)
		return err
	}
	if err := e.CancelFor(t.Context(), "somebody else", func() error { return nil }); err != nil || len(names(t, e.folder)) != 1 {
		t.Errorf("%v, %v", err, names(t, e.folder))
	}
	if err := e.CancelFor(t.Context(), job.Account, remove); err != nil || len(names(t, e.folder)) != 0 {
		t.Errorf("%v, left %v", err, names(t, e.folder))
	}
}
