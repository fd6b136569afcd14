package storage

import (
	"context"
	"strconv"
	"strings"
)

// late lists the resources that came to belong to somebody after the time of a selection without being written themselves:
// something that they hang on came. An export that asks what is new must hold them, too.
func (s *Store) late(ctx context.Context, at Snapshot, sel Selection) ([]int64, error) {
	if sel.Since.IsZero() || sel.Deleted || !sel.Owned && sel.Patients == nil {
		return nil, nil
	}
	since := sel.Since.UnixMilli()
	const first = `(SELECT seq FROM %s WHERE updated > ? ORDER BY updated, seq LIMIT 1)`
	rids, _, err := s.list(ctx, `SELECT DISTINCT o.rid FROM owner o WHERE o.`+whyTied+` AND o.since <= ? AND (o.until IS NULL OR o.until > ?)
		AND o.since > (SELECT min(f.seq) FROM (SELECT * FROM `+strings.ReplaceAll(first, "%s", "resource")+` UNION ALL SELECT * FROM `+
		strings.ReplaceAll(first, "%s", "history")+`) f) LIMIT ?`, 1<<40, at.Seq, at.Seq, since, since)
	return rids, err
}

// numbers are row numbers with commas.
func numbers(rids []int64) string {
	var text strings.Builder
	for i, rid := range rids {
		if i > 0 {
			text.WriteByte(',')
		}
		text.WriteString(strconv.FormatInt(rid, 10))
	}
	return text.String()
}
