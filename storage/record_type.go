package storage

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strconv"
)

// VersionsOfType calls f with every version in the snapshot of every resource of a type, tombstones included (JSON nil),
// in order of id and version; last says that a version is the resource's last one in the snapshot. Memory is bounded
// whatever there is of it. Bytes live until the next call. A non-nil error from f ends it.
func (s *Store) VersionsOfType(ctx context.Context, at Snapshot, typ string, f func(row Row, last bool) error) error {
	code, err := s.types.code(typ)
	if err != nil {
		return err
	}
	conn, err := s.scans.Conn(ctx)
	if err != nil {
		return fmt.Errorf("read versions: %w", err)
	}
	defer conn.Close()
	return conn.Raw(func(c any) error {
		r := raw{c.(driver.Conn), map[string]driver.Stmt{}}
		defer r.close()
		seq := strconv.FormatInt(at.Seq, 10)
		t := typeScan{f: f}
		// What is later than the snapshot has a negative version here, and in history what the snapshot has as the last one.
		t.rows = scanner{r: r, page: newPage(&s.types), text: `SELECT satchel_row(?1, rid, type, id, iif(seq <= ` + seq + `, version, -version), updated,
			iif(seq <= ` + seq + `, body, NULL)) FROM resource WHERE type = ?2 AND id > ?3 ORDER BY id`}
		t.earlier = scanner{r: r, page: newPage(&s.types), text: `SELECT satchel_row(?1, rid, ?2, '', iif(superseded > ` + seq + `, -version, version), updated, body)
			FROM history WHERE rid = ?3 AND version > ?4 AND seq <= ` + seq + ` ORDER BY version`}
		defer t.rows.page.close()
		defer t.earlier.page.close()
		return t.all(ctx, code)
	})
}

// typeScan is a scan of one type in order of id.
type typeScan struct {
	rows, earlier scanner
	f             func(row Row, last bool) error
}

func (t *typeScan) all(ctx context.Context, code int64) error {
	args := numbered(3)
	args[1].Value, args[2].Value = code, ""
	for full := true; full; {
		if err := ctx.Err(); err != nil {
			return err
		}
		var err error
		if full, err = t.rows.read(args); err != nil {
			return err
		}
		for _, row := range t.rows.page.rows {
			if err := t.versions(code, row); err != nil {
				return err
			}
			args[2].Value = row.ID
		}
	}
	return nil
}

// versions hands out one resource. Only what is not a first version can have earlier ones.
func (t *typeScan) versions(code int64, row Row) error {
	later := row.Version < 0
	if later || row.Version > 1 {
		if err := t.history(code, row); err != nil {
			return err
		}
	}
	if later {
		return nil
	}
	return t.f(row, true)
}

func (t *typeScan) history(code int64, of Row) error {
	args := numbered(4)
	args[1].Value, args[2].Value, args[3].Value = code, of.RID, int64(0)
	for full := true; full; {
		var err error
		if full, err = t.earlier.read(args); err != nil {
			return err
		}
		for _, row := range t.earlier.page.rows {
			last := row.Version < 0
			row.ID, row.Version = of.ID, max(row.Version, -row.Version)
			args[3].Value = row.Version
			if err := t.f(row, last); err != nil {
				return err
			}
		}
	}
	return nil
}
