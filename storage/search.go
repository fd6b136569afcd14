package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"satchel/fhir"
)

// Page selects a part of a search result.
type Page struct {
	Count  int    // most resources on the page; 0 with Total only counts
	Cursor string // opaque, from an earlier page; empty: the first
	Total  bool   // also count all matches, those of earlier pages included
}

// Found is one page of a search result, in order of arrival in the store (a keyset: pages never shift).
type Found struct {
	Resources []fhir.Resource
	Next      string // cursor of the next page; "" at the end
	Total     int    // number of all matches, if asked for; -1 otherwise
}

// Search answers one page of the matches of q. It narrows by the index and lets the documents decide.
// It ends with the error of ctx when that is over.
func (s *Store) Search(ctx context.Context, q fhir.Query, p Page) (Found, error) {
	return s.search(ctx, ctx, s.reads, q, p)
}

// Search is [Store.Search] inside the transaction, for conditional create, update and delete.
func (tx *Tx) Search(q fhir.Query, p Page) (Found, error) {
	return tx.s.search(tx.ctx, context.Background(), tx, q, p)
}

// searcher is one run of a search.
type searcher struct {
	s     *Store
	until context.Context // the search ends with it
	ctx   context.Context // of the statements
	db    querier
	query fhir.Query
	typ   int64
	page  Page
	after int64 // the page begins behind this rid
	found Found
	last  int64 // rid of the last resource on the page
}

func (s *Store) search(until, ctx context.Context, db querier, q fhir.Query, p Page) (Found, error) {
	sr := searcher{s: s, until: until, ctx: ctx, db: db, query: q, page: p, found: Found{Total: -1}}
	var err error
	if sr.typ, err = s.types.code(q.Type); err != nil {
		return Found{}, err
	}
	if err := parseCursor(p.Cursor, &sr.after); err != nil {
		return Found{}, err
	}
	if p.Total {
		sr.found.Total = 0
	}
	if err := sr.run(); err != nil && !errors.Is(err, errEnough) {
		return Found{}, fmt.Errorf("search %s: %w", q.Type, err)
	}
	return sr.found, nil
}

// errEnough ends a search whose page is full.
var errEnough = errors.New("enough")

// run takes the candidates in order of rid, some at a time, and offers them to the query.
func (sr *searcher) run() error {
	d, err := sr.candidates()
	if err != nil {
		return err
	}
	text := `SELECT rid, id, version, updated, body FROM resource r WHERE rid IN (` + marks(fetchSize) + `) AND type = ?
		AND body IS NOT NULL` + d.probes + ` ORDER BY rid`
	start := sr.after
	if sr.page.Total {
		start = 0 // matches of earlier pages count, too
	}
	for {
		if err := sr.until.Err(); err != nil {
			return err
		}
		rids, err := d.next(start)
		if err != nil || len(rids) == 0 {
			return err
		}
		if err := sr.offer(text, rids, d.probeArgs); err != nil {
			return err
		}
		start = rids[len(rids)-1]
	}
}

// fetchSize is how many candidates are fetched at once.
const fetchSize = 64

// offer reads up to fetchSize candidates and keeps those that match.
func (sr *searcher) offer(text string, rids []int64, probeArgs []any) error {
	args := make([]any, 0, fetchSize+1+len(probeArgs))
	for i := range fetchSize {
		args = append(args, rids[min(i, len(rids)-1)])
	}
	rows, err := query(sr.ctx, sr.db, text, append(append(args, sr.typ), probeArgs...)...)
	d := sr.s.documents.Get().(*fhir.Document)
	defer sr.s.documents.Put(d)
	return eachRow(rows, err, func(scan row) error {
		var rid, updated int64
		var body sql.RawBytes
		r := fhir.Resource{Type: sr.query.Type}
		if err := scan(&rid, &r.ID, &r.Version, &updated, &body); err != nil {
			return err
		}
		if err := d.Reset(body); err != nil {
			return fmt.Errorf("stored %s/%s: %w", r.Type, r.ID, err)
		}
		if !sr.query.Match(d) {
			return nil
		}
		r.Updated = instant(updated)
		return sr.keep(rid, r, body)
	})
}

// keep takes a match: onto the page, as the sign that there is a next one, or only into the count.
func (sr *searcher) keep(rid int64, r fhir.Resource, body []byte) error {
	if sr.page.Total {
		sr.found.Total++
	}
	switch {
	case rid <= sr.after:
	case len(sr.found.Resources) < sr.page.Count:
		r.JSON = append([]byte(nil), body...)
		sr.found.Resources = append(sr.found.Resources, r)
		sr.last = rid
	default:
		if sr.page.Count > 0 {
			sr.found.Next = cursorOf(sr.last)
		}
		if !sr.page.Total {
			return errEnough
		}
	}
	return nil
}
