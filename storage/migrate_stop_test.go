package storage

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"github.com/pressly/goose/v3"
)

// A migration that is told to stop says so, whichever part of database/sql or goose notices it first.
func TestMigrationToldToStop(t *testing.T) {
	t.Parallel()
	rolledBack := &goose.PartialError{Failed: &goose.MigrationResult{Source: &goose.Source{}}, Err: errors.Join(sql.ErrTxDone, sql.ErrTxDone)}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := toldToStop(ended, rolledBack); !errors.Is(err, context.Canceled) {
		t.Errorf("told to stop: %v", err)
	}
	if err := toldToStop(t.Context(), rolledBack); !errors.Is(err, sql.ErrTxDone) {
		t.Errorf("not told to stop: %v", err)
	}
	bad := errors.New("disk I/O error")
	if err := toldToStop(ended, bad); err != bad {
		t.Errorf("another error: %v", err)
	}
}
