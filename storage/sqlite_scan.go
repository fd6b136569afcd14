package storage

import (
	"context"
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

// listText is the statement of a page of rows whose numbers are listed.
func (s *Store) listText(at Snapshot, sel Selection) string {
	return s.pageText(at, sel, "%[1]s.rid IN ("+numberedMarks(2, pageList)+")")
}

// rangeText is the statement of a page of rows whose numbers are in a range.
func (s *Store) rangeText(at Snapshot, sel Selection) string {
	return s.pageText(at, sel, "%[1]s.rid > ?2 AND %[1]s.rid <= ?3")
}

// pageText is the statement of a page. rids is its condition on the row number. Both sides of the snapshot, the current rows
// and the superseded ones, are read in one statement. Which version of a resource belongs to the snapshot never changes, so
// pages may be cut anywhere.
func (s *Store) pageText(at Snapshot, sel Selection, rids string) string {
	return `SELECT satchel_row(?1, rid, type, id, version, updated, body) FROM (
		SELECT r.rid, r.type, r.id, r.version, r.updated, r.body FROM resource r
		WHERE ` + fmt.Sprintf(rids, "r") + ` AND ` + s.where(at, sel, "r", "r") + `
		UNION ALL
		SELECT h.rid, r.type, r.id, h.version, h.updated, h.body FROM history h CROSS JOIN resource r ON r.rid = h.rid
		WHERE ` + fmt.Sprintf(rids, "h") + ` AND h.superseded > ` + strconv.FormatInt(at.Seq, 10) + ` AND ` + s.where(at, sel, "h", "r") + `
		ORDER BY 1)`
}

// scanning runs f with a scanner on a connection of its own.
func (s *Store) scanning(ctx context.Context, f func(sc *scanner) error) error {
	return s.onReader(ctx, func(r raw) error {
		sc := &scanner{r: r, page: newPage(&s.types)}
		defer sc.page.close()
		return f(sc)
	})
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
func (sc *scanner) read(args []rawArg) (full bool, err error) {
	sc.page.clear()
	args[0].Value = sc.page.handle
	err = sc.r.query(sc.text, args, make([]rawValue, 1), func() (bool, error) { return !sc.page.full(), nil })
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
