package storage

import (
	"context"
)

// VersionsOfType calls f with every version in the snapshot of every resource of a type, tombstones included (JSON nil),
// in order of id and version; last says that a version is the resource's last one in the snapshot. Memory is bounded
// whatever there is of it. Bytes live until the next call. A non-nil error from f ends it.
func (s *Store) VersionsOfType(ctx context.Context, at Snapshot, typ string, f func(row Row, last bool) error) error {
	code, err := s.types.code(typ)
	if err != nil {
		return err
	}
	return s.onReader(ctx, func(r raw) error {
		t := typeScan{f: f,
			rows:    scanner{r: r, page: newPage(&s.types), text: typeText(at)},
			earlier: scanner{r: r, page: newPage(&s.types), text: earlierText(at)}}
		defer t.rows.page.close()
		defer t.earlier.page.close()
		return t.all(ctx, code)
	})
}
