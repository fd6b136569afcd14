package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	"satchel/fhir"
)

// HistoryQuery selects versions, newest first. Empty Type: all types; empty ID: all of the type.
type HistoryQuery struct {
	Type, ID string
	Since    time.Time // versions at or after it; zero: all
	Count    int       // most versions on the page; 0: 100
	Cursor   string    // opaque, from an earlier page; empty: the first
}

// History answers one page and the cursor of the next, "" at the end. Versions that come while a reader pages appear
// before the first page and shift nothing. An ID that does not exist is a fhir.Error not-found.
func (s *Store) History(ctx context.Context, q HistoryQuery) ([]fhir.Resource, string, error) {
	condition, arg, err := s.historyOf(ctx, q)
	if err != nil {
		return nil, "", err
	}
	before, beforeSeq := int64(math.MaxInt64), int64(math.MaxInt64)
	if err := parseCursor(q.Cursor, &before, &beforeSeq); err != nil {
		return nil, "", err
	}
	count := q.Count
	if count <= 0 {
		count = 100
	}
	since := int64(math.MinInt64)
	if !q.Since.IsZero() {
		since = ceilMillis(q.Since)
	}
	page, next, err := s.historyPage(ctx, condition, count, since, before, beforeSeq, count+1, arg)
	if err != nil {
		err = fmt.Errorf("read history: %w", err)
	}
	return page, next, err
}

// historyOf is the condition of the query, on a version v of a resource r, and the value of its ?5.
func (s *Store) historyOf(ctx context.Context, q HistoryQuery) (condition string, arg int64, err error) {
	if q.Type == "" {
		return `?5 = 0`, 0, nil
	}
	code, err := s.types.code(q.Type)
	if err != nil || q.ID == "" {
		return `r.type = ?5`, code, err
	}
	err = scan(ctx, s.reads, `SELECT rid FROM resource WHERE type = ? AND id = ?`, []any{code, q.ID}, &arg)
	if errors.Is(err, sql.ErrNoRows) {
		return "", 0, fhir.Errorf(fhir.CodeNotFound, "there is no %s/%s", q.Type, q.ID)
	}
	if err != nil {
		return "", 0, fmt.Errorf("read history: %w", err)
	}
	return `v.rid = ?5`, arg, nil
}

// historyPage reads up to count versions. Both tables are read by their index on (updated, seq), backwards, and merged;
// the condition on one resource goes by that resource instead.
func (s *Store) historyPage(ctx context.Context, condition string, count int, args ...any) ([]fhir.Resource, string, error) {
	const bounds = ` AND v.updated >= ?1 AND (v.updated, v.seq) < (?2, ?3)`
	rows, err := query(ctx, s.reads, `
		SELECT r.type, r.id, v.version, v.updated, v.seq, v.body FROM resource v CROSS JOIN resource r ON r.rid = v.rid WHERE `+condition+bounds+`
		UNION ALL
		SELECT r.type, r.id, v.version, v.updated, v.seq, v.body FROM history v CROSS JOIN resource r ON r.rid = v.rid WHERE `+condition+bounds+`
		ORDER BY 4 DESC, 5 DESC LIMIT ?4`, args...)
	var page []fhir.Resource
	var next string
	var updated, seq int64
	err = eachRow(rows, err, func(scan row) error {
		if len(page) == count {
			next = cursorOf(updated, seq)
			return nil
		}
		var r fhir.Resource
		var typ int64
		if err := scan(&typ, &r.ID, &r.Version, &updated, &seq, &r.JSON); err != nil {
			return err
		}
		r.Type, r.Updated, r.Deleted = s.types.name(typ), instant(updated), r.JSON == nil
		page = append(page, r)
		return nil
	})
	return page, next, err
}
