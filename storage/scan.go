package storage

import (
	"context"
	"database/sql/driver"
	"fmt"
	"slices"
	"strconv"
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

// Sizes of a page of a scan. A page is read whole before its rows are handed out, so that the transaction under it is
// short whatever the caller does.
const (
	pageBytes = 1 << 20 // a page ends after the row that exceeds it
	pageRange = 512     // row numbers looked at, to begin with
	pageMost  = 1 << 16 // row numbers looked at when few of them are selected
	pageList  = 128     // row numbers per statement when they are listed
)

// Scan calls f for each selected resource as of the snapshot, each once, in order of arrival, in bounded memory whatever
// the size of the rows. It reads in short pages, so it may take as long as it likes and sees no later write. A non-nil
// error from f ends the scan with that error.
//
// Both sides of the snapshot, the current rows and the superseded ones, are read in one statement per page. Which version
// of a resource belongs to the snapshot never changes, so pages may be cut anywhere.
func (s *Store) Scan(ctx context.Context, at Snapshot, sel Selection, f func(Row) error) error {
	p, err := s.plan(ctx, at, sel)
	if err != nil {
		return fmt.Errorf("scan: %w", err)
	}
	if p.size() == 0 {
		return nil
	}
	conn, err := s.scans.Conn(ctx)
	if err != nil {
		return fmt.Errorf("scan: %w", err)
	}
	defer conn.Close()
	return conn.Raw(func(c any) error {
		sc := &scanner{r: raw{c.(driver.Conn), map[string]driver.Stmt{}}, types: &s.types}
		defer sc.r.close()
		if p.listed {
			sc.text = s.pageText(at, sel, "%[1]s.rid IN ("+numberedMarks(pageList)+")")
			return sc.scanList(ctx, p.rids, f)
		}
		sc.text = s.pageText(at, sel, "%[1]s.rid > ?1 AND %[1]s.rid <= ?2")
		return sc.scanRange(ctx, p.after, p.upto, f)
	})
}

// pageText is the statement of a page. rids is its condition on the row number.
func (s *Store) pageText(at Snapshot, sel Selection, rids string) string {
	return `SELECT r.rid, r.type, r.id, r.version, r.updated, r.body FROM resource r
		WHERE ` + fmt.Sprintf(rids, "r") + ` AND ` + s.where(at, sel, "r", "r") + `
		UNION ALL
		SELECT h.rid, r.type, r.id, h.version, h.updated, h.body FROM history h CROSS JOIN resource r ON r.rid = h.rid
		WHERE ` + fmt.Sprintf(rids, "h") + ` AND h.superseded > ` + strconv.FormatInt(at.Seq, 10) + ` AND ` + s.where(at, sel, "h", "r") + `
		ORDER BY 1`
}

// scanner reads the pages of one scan.
type scanner struct {
	r     raw
	types *types
	text  string
	rows  []Row // of one page
	row   [6]driver.Value
}

// scanRange scans the rows with a number above after and not above upto.
func (sc *scanner) scanRange(ctx context.Context, after, upto int64, f func(Row) error) error {
	args := numbered(2)
	for width := int64(pageRange); after < upto; {
		end := min(after+width, upto)
		args[0].Value, args[1].Value = after, end
		full, err := sc.read(args)
		if err != nil {
			return err
		}
		if full {
			end = sc.rows[len(sc.rows)-1].RID
		} else if len(sc.rows) < pageRange/2 {
			width = min(width*2, pageMost)
		} else {
			width = max(width/2, pageRange)
		}
		if err := sc.hand(ctx, f); err != nil {
			return err
		}
		after = end
	}
	return nil
}

// scanList scans the rows with the numbers, which ascend.
func (sc *scanner) scanList(ctx context.Context, rids []int64, f func(Row) error) error {
	args := numbered(pageList)
	for len(rids) > 0 {
		n := min(len(rids), pageList)
		for i := range args {
			args[i].Value = rids[min(i, n-1)]
		}
		full, err := sc.read(args)
		if err != nil {
			return err
		}
		if full {
			n, _ = slices.BinarySearch(rids[:n], sc.rows[len(sc.rows)-1].RID+1)
		}
		if err := sc.hand(ctx, f); err != nil {
			return err
		}
		rids = rids[n:]
	}
	return nil
}

// read reads one page. It is full if it ended for its size, with the last of its rows.
func (sc *scanner) read(args []driver.NamedValue) (full bool, err error) {
	sc.rows = sc.rows[:0]
	size := 0
	err = sc.r.query(sc.text, args, sc.row[:], func() (bool, error) {
		v := &sc.row
		body, _ := v[5].([]byte)
		sc.rows = append(sc.rows, Row{RID: v[0].(int64), Type: sc.types.name(v[1].(int64)), ID: v[2].(string),
			Version: v[3].(int64), Updated: instant(v[4].(int64)), JSON: body})
		size += len(body)
		full = size >= pageBytes
		return !full, nil
	})
	if err != nil {
		err = fmt.Errorf("scan: %w", err)
	}
	return full, err
}

// hand gives the rows of the page to f.
func (sc *scanner) hand(ctx context.Context, f func(Row) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for i := range sc.rows {
		if err := f(sc.rows[i]); err != nil {
			return err
		}
		sc.rows[i].JSON = nil
	}
	return nil
}
