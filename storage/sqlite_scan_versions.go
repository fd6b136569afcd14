package storage

import (
	"context"
	"strconv"
)

// versionsText is the statement of a page of versions behind (?2, ?3).
func versionsText(at Snapshot) string {
	seq, list := strconv.FormatInt(at.Seq, 10), numberedMarks(4, pageList)
	return `SELECT satchel_row(?1, rid, type, id, version, updated, body) FROM (
		SELECT h.rid, r.type, r.id, h.version, h.updated, h.body FROM history h CROSS JOIN resource r ON r.rid = h.rid
		WHERE h.rid IN (` + list + `) AND h.seq <= ` + seq + ` AND (h.rid, h.version) > (?2, ?3)
		UNION ALL
		SELECT r.rid, r.type, r.id, r.version, r.updated, r.body FROM resource r
		WHERE r.rid IN (` + list + `) AND r.seq <= ` + seq + ` AND (r.rid, r.version) > (?2, ?3)
		ORDER BY 1, 4)`
}

// versions reads the versions of the rows, which ascend.
func (sc *scanner) versions(ctx context.Context, rids []int64, f func(Row) error) error {
	args := numbered(3 + pageList)
	for len(rids) > 0 {
		n := min(len(rids), pageList)
		for i := range pageList {
			args[3+i].Value = rids[min(i, n-1)]
		}
		args[1].Value, args[2].Value = int64(0), int64(0)
		for full := true; full; {
			var err error
			if full, err = sc.read(args); err != nil {
				return err
			}
			if full {
				last := sc.page.rows[len(sc.page.rows)-1]
				args[1].Value, args[2].Value = last.RID, last.Version
			}
			if err := sc.hand(ctx, f); err != nil {
				return err
			}
		}
		rids = rids[n:]
	}
	return nil
}

// typeText is the statement of a page of one type (?2) behind an id (?3). What is later than the snapshot has a negative
// version in it.
func typeText(at Snapshot) string {
	seq := strconv.FormatInt(at.Seq, 10)
	return `SELECT satchel_row(?1, rid, type, id, CASE WHEN seq <= ` + seq + ` THEN version ELSE -version END, updated,
		CASE WHEN seq <= ` + seq + ` THEN body END) FROM resource WHERE type = ?2 AND id > ?3 ORDER BY id`
}

// earlierText is the statement of a page of superseded versions of one row (?3) behind a version (?4). The last one in the
// snapshot has a negative version in it.
func earlierText(at Snapshot) string {
	seq := strconv.FormatInt(at.Seq, 10)
	return `SELECT satchel_row(?1, rid, ?2, '', CASE WHEN superseded > ` + seq + ` THEN -version ELSE version END, updated, body)
		FROM history WHERE rid = ?3 AND version > ?4 AND seq <= ` + seq + ` ORDER BY version`
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
