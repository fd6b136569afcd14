package storage

import (
	"context"
	"database/sql/driver"
	"fmt"
	"slices"
	"strconv"
)

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
		sc := &scanner{r: raw{c.(driver.Conn), map[string]driver.Stmt{}}, page: newPage(&s.types)}
		defer sc.r.close()
		defer sc.page.close()
		if p.listed {
			sc.text = s.pageText(at, sel, "%[1]s.rid IN ("+numberedMarks(2, pageList)+")")
			return sc.scanList(ctx, p.rids, f)
		}
		sc.text = s.pageText(at, sel, "%[1]s.rid > ?2 AND %[1]s.rid <= ?3")
		return sc.scanRange(ctx, p.after, p.upto, f)
	})
}

// pageText is the statement of a page. rids is its condition on the row number.
func (s *Store) pageText(at Snapshot, sel Selection, rids string) string {
	return `SELECT satchel_row(?1, rid, type, id, version, updated, body) FROM (
		SELECT r.rid, r.type, r.id, r.version, r.updated, r.body FROM resource r
		WHERE ` + fmt.Sprintf(rids, "r") + ` AND ` + s.where(at, sel, "r", "r") + `
		UNION ALL
		SELECT h.rid, r.type, r.id, h.version, h.updated, h.body FROM history h CROSS JOIN resource r ON r.rid = h.rid
		WHERE ` + fmt.Sprintf(rids, "h") + ` AND h.superseded > ` + strconv.FormatInt(at.Seq, 10) + ` AND ` + s.where(at, sel, "h", "r") + `
		ORDER BY 1)`
}

// scanner reads the pages of one scan.
type scanner struct {
	r    raw
	text string
	page *page
}

// scanRange scans the rows with a number above after and not above upto.
func (sc *scanner) scanRange(ctx context.Context, after, upto int64, f func(Row) error) error {
	args := numbered(3)
	for width := int64(pageRange); after < upto; {
		end := min(after+width, upto)
		args[1].Value, args[2].Value = after, end
		full, err := sc.read(args)
		if err != nil {
			return err
		}
		if full {
			end = sc.page.rows[len(sc.page.rows)-1].RID
		} else if len(sc.page.rows) < pageRange/2 {
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
	args := numbered(1 + pageList)
	for len(rids) > 0 {
		n := min(len(rids), pageList)
		for i := range pageList {
			args[1+i].Value = rids[min(i, n-1)]
		}
		full, err := sc.read(args)
		if err != nil {
			return err
		}
		if full {
			n, _ = slices.BinarySearch(rids[:n], sc.page.rows[len(sc.page.rows)-1].RID+1)
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
	sc.page.clear()
	args[0].Value = sc.page.handle
	err = sc.r.query(sc.text, args, make([]driver.Value, 1), func() (bool, error) { return !sc.page.full(), nil })
	if err != nil {
		err = fmt.Errorf("scan: %w", err)
	}
	return sc.page.full(), err
}

// hand gives the rows of the page to f.
func (sc *scanner) hand(ctx context.Context, f func(Row) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, r := range sc.page.rows {
		if err := f(r); err != nil {
			return err
		}
	}
	return nil
}
