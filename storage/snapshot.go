package storage

import (
	"context"
	"time"
)

// Snapshot names the store as it stood at one instant: every write with seq <= Seq, and none after. All writes in it
// have a time <= Time, all later ones a later time.
type Snapshot struct {
	Seq  int64
	Time time.Time
}

// Snapshot takes the next tick of the clock: all that was committed before is in it, and nothing that is committed later. It
// costs one small write, holds nothing open, and stays valid across restarts, as long as the database lives.
func (s *Store) Snapshot(ctx context.Context) (Snapshot, error) {
	var at Snapshot
	err := s.write(ctx, func(tx *Tx) error {
		at = tx.tick()
		return nil
	})
	return at, err
}
