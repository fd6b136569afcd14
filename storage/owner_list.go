package storage

import (
	"context"
	"fmt"
)

// EachOwned calls f with each patient and each resource that was at the snapshot in that patient's compartment (as
// documents name patients), deleted ones included, in order of patient and row number. A non-nil error from f ends it. It reads every
// owner, in one transaction: f must not wait for anybody.
func (s *Store) EachOwned(ctx context.Context, at Snapshot, f func(patient string, rid int64) error) error {
	err := s.atOneInstant(ctx, func(r raw) error {
		args, row := numbered(1), make([]rawValue, 2)
		args[0].Value = at.Seq
		var failed error
		err := r.query(`SELECT patient, rid FROM owner WHERE `+whyNamed+` AND since <= ?1 AND (until IS NULL OR until > ?1) ORDER BY patient, rid`,
			args, row, func() (bool, error) {
				if failed = f(row[0].(string), row[1].(int64)); failed == nil {
					failed = ctx.Err()
				}
				return failed == nil, nil
			})
		if failed != nil {
			return failed
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("list owners: %w", err)
	}
	return nil
}
