package storage

import (
	"context"
	"fmt"
	"time"
)

// Row is one scanned resource. Its bytes are valid only until the next step.
type Row struct {
	RID     int64
	Type    string
	ID      string
	Version int64
	Updated time.Time
	JSON    []byte // nil for a tombstone
}

// Scan calls f for each selected resource as of the snapshot, each once, in order of arrival, in bounded memory whatever
// the size of the rows. It sees no write that is later than the snapshot and holds nothing open between the rows, so it may
// take as long as it likes and keeps no writer waiting. A non-nil error from f ends the scan with that error.
func (s *Store) Scan(ctx context.Context, at Snapshot, sel Selection, f func(Row) error) error {
	p, err := s.plan(ctx, at, sel)
	if err != nil {
		return fmt.Errorf("scan: %w", err)
	}
	if p.size() == 0 {
		return nil
	}
	sel.late = p.late
	return s.scanning(ctx, func(sc *scanner) error {
		if p.listed {
			sc.text = s.listText(at, sel)
			return sc.scanList(ctx, p.rids, f)
		}
		sc.text = s.rangeText(at, sel)
		return sc.scanRange(ctx, p.after, p.upto, f)
	})
}
