package storage

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Selection says which resources of a snapshot to scan.
type Selection struct {
	Types    []string  // only these; nil: all
	Since    time.Time // changed strictly after, or came to belong to whom the selection asks for; zero: from the beginning
	Until    time.Time // changed strictly before; zero: to the end
	Owned    bool      // only resources that belong to some patient (of any Why but WhyOther)
	Patients []string  // only resources that belong to one of these and are handed out as they are ([fhir.Why.Whole]); nil: no such limit, empty: none
	Shared   bool      // with Patients: also what is to be cut first, as others' as well ([Store.Part])
	Deleted  bool      // tombstones instead of living resources
	After    int64     // only resources with a RID above it; see [Store.Split]
	Upto     int64     // only resources with a RID not above it; 0: all

	late []int64 // resources for which Since does not count; see [Store.late]
}

// where is the condition on a version, with its columns under alias v and those of its resource under alias r.
// It holds numbers alone, so it may be put into the statement.
func (s *Store) where(at Snapshot, sel Selection, v, r string) string {
	terms := []string{v + ".seq <= " + strconv.FormatInt(at.Seq, 10)}
	add := func(format string, args ...any) { terms = append(terms, fmt.Sprintf(format, args...)) }
	if sel.Types != nil {
		add("%s.type IN (%s)", r, s.typeList(sel.Types))
	}
	switch since := sel.Since.UnixMilli(); {
	case sel.Since.IsZero():
	case len(sel.late) > 0:
		add("(%s.updated > %d OR %s.rid IN (%s))", v, since, v, numbers(sel.late))
	default:
		add("%s.updated > %d", v, since)
	}
	if !sel.Until.IsZero() {
		add("%s.updated < %d", v, ceilMillis(sel.Until))
	}
	if sel.Owned {
		add("%s.owned = 1", v)
	}
	if sel.Deleted {
		add("%s.body IS NULL", v)
	} else {
		add("%s.body IS NOT NULL", v)
	}
	return strings.Join(terms, " AND ")
}

// typeList are the numbers of the types, with commas; types that are not stored here are left out.
func (s *Store) typeList(names []string) string {
	var codes []string
	for _, name := range names {
		if code, err := s.types.code(name); err == nil {
			codes = append(codes, strconv.FormatInt(code, 10))
		}
	}
	return strings.Join(codes, ",")
}

// ceilMillis is the first millisecond not before t.
func ceilMillis(t time.Time) int64 {
	ms := t.UnixMilli()
	if time.UnixMilli(ms).Before(t) {
		ms++
	}
	return ms
}

// plan is how a scan finds its rows: all within (after, upto], or those with the listed numbers alone.
type plan struct {
	after, upto int64
	listed      bool
	rids        []int64 // ascending
	late        []int64 // of [Store.late]
}

// size is how many rows the plan looks at.
func (p plan) size() int64 {
	if p.listed {
		return int64(len(p.rids))
	}
	return p.upto - p.after
}

// plan picks the way that reads least. A list costs a jump per row, so it must be much shorter than the table.
func (s *Store) plan(ctx context.Context, at Snapshot, sel Selection) (plan, error) {
	p := plan{after: sel.After, upto: sel.Upto}
	var last int64
	if err := scan(ctx, s.reads, `SELECT coalesce(max(rid), 0) FROM resource`, nil, &last); err != nil {
		return p, err
	}
	if p.upto == 0 || p.upto > last {
		p.upto = last
	}
	p.after = min(p.after, p.upto)
	var err error
	if p.late, err = s.late(ctx, at, sel); err != nil {
		return p, err
	}
	if sel.Patients != nil {
		p.listed = true
		p.rids, err = s.ridsOf(ctx, at, sel)
		p.within()
		return p, err
	}
	most := last / 16
	if !sel.Since.IsZero() {
		p.rids, p.listed, err = s.list(ctx, `SELECT rid FROM resource WHERE updated > ? LIMIT ?`, most, sel.Since.UnixMilli())
		p.rids = append(p.rids, p.late...)
	}
	if err == nil && !p.listed && sel.Types != nil {
		p.rids, p.listed, err = s.list(ctx, `SELECT rid FROM resource WHERE type IN (`+s.typeList(sel.Types)+`) LIMIT ?`, most)
	}
	p.within()
	return p, err
}

// within sorts the list and cuts it to the plan's bounds.
func (p *plan) within() {
	slices.Sort(p.rids)
	p.rids = slices.Compact(p.rids)
	from, _ := slices.BinarySearch(p.rids, p.after+1)
	to, _ := slices.BinarySearch(p.rids, p.upto+1)
	p.rids = p.rids[from:max(from, to)]
}

// ridsOf lists the resources that were in the compartment of one of the patients at the snapshot.
func (s *Store) ridsOf(ctx context.Context, at Snapshot, sel Selection) ([]int64, error) {
	why := whyWhole
	if sel.Shared {
		why = `(` + whyWhole + ` OR ` + whyShared + `)`
	}
	var rids []int64
	for _, p := range sel.Patients {
		more, _, err := s.list(ctx, `SELECT rid FROM owner WHERE patient = ?1 AND `+why+` AND since <= ?2
			AND (until IS NULL OR until > ?2) LIMIT ?3`, math.MaxInt64-1, p, at.Seq)
		if err != nil {
			return nil, err
		}
		rids = append(rids, more...)
	}
	return rids, nil
}

// list reads row numbers; false if there are more than most.
func (s *Store) list(ctx context.Context, text string, most int64, args ...any) ([]int64, bool, error) {
	rows, err := query(ctx, s.reads, text, append(args, most+1)...)
	rids, err := collect(rows, err, oneColumn[int64])
	if err != nil || int64(len(rids)) > most {
		return nil, false, err
	}
	return rids, true, nil
}

// Count is the number of rows that [Store.Scan] will look at: an upper bound of what it yields, and the total for a
// progress bar.
func (s *Store) Count(ctx context.Context, at Snapshot, sel Selection) (int64, error) {
	p, err := s.plan(ctx, at, sel)
	if err != nil {
		return 0, fmt.Errorf("count: %w", err)
	}
	return p.size(), nil
}

// Split divides a selection into at most n with disjoint ranges of RID, in order, which together yield the same: for
// scanning with several goroutines. A selection by patient or of few rows stays whole.
func (s *Store) Split(ctx context.Context, at Snapshot, sel Selection, n int) ([]Selection, error) {
	p, err := s.plan(ctx, at, sel)
	if err != nil {
		return nil, fmt.Errorf("split: %w", err)
	}
	step := max((p.upto-p.after+int64(n)-1)/int64(n), 4096)
	if p.listed {
		return []Selection{sel}, nil
	}
	var parts []Selection
	for after := p.after; after < p.upto; after += step {
		part := sel
		part.After, part.Upto = after, min(after+step, p.upto)
		parts = append(parts, part)
	}
	return parts, nil
}
