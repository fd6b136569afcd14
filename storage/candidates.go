package storage

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"satchel/fhir"
)

// Bounds of what a search is willing to look at before it has a match.
const (
	countMost = 20_000  // index rows counted to compare criteria
	listMost  = 200_000 // row numbers held in memory; a criterion with more does not drive
	probeMost = 4       // ranges of a criterion, and criteria, that are probed per candidate
)

// candidates are the rows a search looks at: those that the narrowest criterion's index names.
type candidates struct {
	next      func(after int64) ([]int64, error) // up to fetchSize row numbers above after, ascending
	probes    string                             // further conditions on a row r, by the index
	probeArgs []any
}

// candidates picks the criterion whose index names the fewest rows, or the type's own index. The other criteria that ask for
// single values are probed per candidate, so that rows which cannot match are not read.
func (sr *searcher) candidates() (candidates, error) {
	if ids := sr.query.IDs(); ids != nil {
		rids, err := sr.ridsByID(ids)
		return candidates{next: listed(rids)}, err
	}
	criteria := sr.query.Ranges()
	best, fewest := -1, int64(math.MaxInt64)
	for i, ranges := range criteria {
		n, err := sr.count(ranges)
		if err != nil {
			return candidates{}, err
		}
		if n < fewest || n == fewest && len(ranges) == 1 && single(ranges[0]) {
			best, fewest = i, n
		}
	}
	d := candidates{next: sr.streamed(`SELECT rid FROM resource WHERE type = ? AND rid > ? ORDER BY rid LIMIT ?`, sr.typ)}
	if best >= 0 {
		if next, ok, err := sr.drive(criteria[best]); err != nil {
			return d, err
		} else if ok {
			d.next = next
		} else {
			best = -1
		}
	}
	d.probe(criteria, best)
	return d, nil
}

// single reports whether a range is one key that lists its rows in order.
func single(r fhir.Range) bool { return r.Patient != "" || r.From == r.To }

// term is a query of the rows in a range.
func term(what string, r fhir.Range) (string, []any) {
	switch {
	case r.Patient != "":
		return `SELECT ` + what + ` FROM owner e WHERE e.patient = ? AND e.until IS NULL`, []any{r.Patient}
	case single(r):
		return `SELECT ` + what + ` FROM ` + entriesOf + ` WHERE e.key = ? AND e.value = ?`, []any{r.Key, r.From}
	}
	return `SELECT ` + what + ` FROM ` + entriesOf + ` WHERE e.key = ? AND e.value BETWEEN ? AND ?`, []any{r.Key, r.From, r.To}
}

// inOrder makes a term of a single value answer rows above a row number, ascending, at most so many, without a sort: the
// segments are walked in order, and in each the rows are. Both numbers come as its last arguments.
func inOrder(text string, r fhir.Range) string {
	if r.Patient != "" {
		return text + ` AND e.rid > ? ORDER BY e.rid LIMIT ?`
	}
	return text + ` AND e.rid > ? ORDER BY s.n, e.rid LIMIT ?`
}

// hit is a condition on a row r, that it is in the range of a single value.
func hit(r fhir.Range) (string, []any) {
	if r.Patient != "" {
		text, args := term("1", r)
		return `EXISTS (` + text + ` AND e.rid = r.rid)`, args
	}
	return `EXISTS (SELECT 1 FROM entry e WHERE e.segment = r.rid >> ` + strconv.Itoa(segmentBits) +
		` AND e.key = ? AND e.value = ? AND e.rid = r.rid)`, []any{r.Key, r.From}
}

// count counts the rows of a criterion, up to countMost.
func (sr *searcher) count(ranges []fhir.Range) (int64, error) {
	var sum int64
	for _, r := range ranges {
		text, args := term("1", r)
		var n int64
		err := scan(sr.ctx, sr.db, `SELECT count(*) FROM (`+text+` LIMIT ?)`, append(args, countMost), &n)
		if sum += n; err != nil || sum >= countMost {
			return min(sum, countMost), err
		}
	}
	return sum, nil
}

// drive makes a criterion the driver; false if it names too many rows out of order.
func (sr *searcher) drive(ranges []fhir.Range) (next func(int64) ([]int64, error), ok bool, err error) {
	if len(ranges) == 1 && single(ranges[0]) {
		text, args := term("e.rid", ranges[0])
		return sr.streamed(inOrder(text, ranges[0]), args...), true, nil
	}
	var rids []int64
	for _, r := range ranges {
		text, args := term("e.rid", r)
		more, err := sr.rids(text+` LIMIT ?`, append(args, listMost+1-len(rids))...)
		if err != nil {
			return nil, false, err
		}
		if rids = append(rids, more...); len(rids) > listMost {
			return nil, false, nil
		}
	}
	return listed(rids), true, nil
}

// streamed yields rows by a statement that takes the row number and the limit last.
func (sr *searcher) streamed(text string, args ...any) func(int64) ([]int64, error) {
	return func(after int64) ([]int64, error) {
		return sr.rids(text, append(slices.Clip(args), after, fetchSize)...)
	}
}

// listed yields rows that are all known.
func listed(rids []int64) func(int64) ([]int64, error) {
	slices.Sort(rids)
	rids = slices.Compact(rids)
	return func(after int64) ([]int64, error) {
		i, _ := slices.BinarySearch(rids, after+1)
		return rids[i:min(i+fetchSize, len(rids))], nil
	}
}

func (sr *searcher) ridsByID(ids []string) ([]int64, error) {
	var rids []int64
	for _, id := range ids {
		more, err := sr.rids(`SELECT rid FROM resource WHERE type = ? AND id = ?`, sr.typ, id)
		if err != nil {
			return nil, err
		}
		rids = append(rids, more...)
	}
	return rids, nil
}

func (sr *searcher) rids(text string, args ...any) ([]int64, error) {
	rows, err := query(sr.ctx, sr.db, text, args...)
	return collect(rows, err, oneColumn[int64])
}

// probe adds the conditions that the index can answer for one row: those of the criteria other than the driving one.
func (d *candidates) probe(criteria [][]fhir.Range, driving int) {
	n := 0
	for i, ranges := range criteria {
		if i == driving || n == probeMost || len(ranges) > probeMost || !allSingle(ranges) {
			continue
		}
		n++
		var any []string
		for _, r := range ranges {
			text, args := hit(r)
			any = append(any, text)
			d.probeArgs = append(d.probeArgs, args...)
		}
		d.probes += ` AND (` + strings.Join(any, ` OR `) + `)`
	}
}

func allSingle(ranges []fhir.Range) bool {
	return len(ranges) > 0 && !slices.ContainsFunc(ranges, func(r fhir.Range) bool { return !single(r) })
}
