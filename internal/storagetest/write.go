// Package storagetest is for tests: of what storage promises, by [Run], and of others, which need something in a store.
package storagetest

import (
	"context"

	"satchel/audit"
	"satchel/internal/audittest"
	"satchel/storage"
)

// Write runs f in a write transaction, as an update that somebody makes.
func Write(ctx context.Context, s *storage.Store, f func(tx *storage.Tx) error) error {
	_, err := s.Write(ctx, func(tx *storage.Tx) ([]audit.Event, error) {
		return []audit.Event{audittest.Event(audit.Update)}, f(tx)
	})
	return err
}
