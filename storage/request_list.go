package storage

import (
	"context"
	"strings"

	"satchel/fhir"
)

// RequestFilter selects requests. The zero value selects all.
type RequestFilter struct {
	States   []string // one of these
	Patient  string   // logical id
	Words    []string // each stands somewhere in the number or in Find; fold them as Find is folded
	DueUpto  int      // due on that day or earlier; 0: no such limit
	Since    int      // received on that day or later; 0
	Until    int      // received before that day; 0
	OnlyLate bool     // answered after the due date
}

// RequestPage orders and cuts a list of requests.
type RequestPage struct {
	By     string // "due" (the zero value), "number" or "changed"
	Down   bool
	Count  int    // 0: 100
	Cursor string // "" for the first page
}

var requestOrders = map[string]string{"": "due", "due": "due", "number": "year * 1000000 + ord", "changed": "changed"}

// Requests answers one page of the requests that the filter selects, and the cursor of the next, "" at the end.
func (s *Store) Requests(ctx context.Context, f RequestFilter, p RequestPage) ([]Request, string, error) {
	key, ok := requestOrders[p.By]
	if !ok {
		return nil, "", fhir.Errorf(fhir.CodeValue, "requests cannot be sorted by %.40q; use due, number or changed", p.By)
	}
	q := f.query()
	q.count = p.Count
	if q.count <= 0 {
		q.count = 100
	}
	direction, beyond := "", ">"
	if p.Down {
		direction, beyond = " DESC", "<"
	}
	if p.Cursor != "" {
		var at, rid int64
		if err := parseCursor(p.Cursor, &at, &rid); err != nil {
			return nil, "", err
		}
		q.and("("+key+", rid) "+beyond+" (?, ?)", at, rid)
	}
	found, last, err := s.requestPage(ctx, q, key, direction)
	if err != nil {
		return nil, "", wrap("list request", err)
	}
	return found, last, nil
}

// requestPage reads one page and the cursor of the next.
func (s *Store) requestPage(ctx context.Context, q auditQuery, key, direction string) (all []Request, next string, err error) {
	text := `SELECT ` + requestColumns + `, ` + key + `, rid FROM request`
	if len(q.where) > 0 {
		text += ` WHERE ` + strings.Join(q.where, ` AND `)
	}
	rows, err := s.reads.db.QueryContext(ctx, text+` ORDER BY `+key+direction+`, rid`+direction+` LIMIT ?`, append(q.args, q.count+1)...)
	var at, rid int64
	err = eachRow(rows, err, func(scan row) error {
		if len(all) == q.count {
			next = cursorOf(at, rid)
			return nil
		}
		r, err := requestOf(func(dest ...any) error { return scan(append(dest, &at, &rid)...) })
		all = append(all, r)
		return err
	})
	return all, next, err
}

// query is the condition of a filter.
func (f RequestFilter) query() auditQuery {
	var q auditQuery
	if len(f.States) > 0 {
		values := make([]any, len(f.States))
		for i, state := range f.States {
			values[i] = state
		}
		q.and(`state IN (`+marks(len(values))+`)`, values...)
	}
	if f.Patient != "" {
		q.and(`patient = ? AND patient <> ''`, f.Patient) // the latter opens the index
	}
	for _, word := range f.Words {
		q.and(`(instr(find, ?) > 0 OR instr(number, ?) > 0)`, word, word)
	}
	for _, limit := range []struct {
		condition string
		day       int
	}{{`due <= ?`, f.DueUpto}, {`received >= ?`, f.Since}, {`received < ?`, f.Until}} {
		if limit.day != 0 {
			q.and(limit.condition, limit.day)
		}
	}
	if f.OnlyLate {
		q.and(`late = 1`)
	}
	return q
}

// RequestCount is how many requests share state, due date and lateness.
type RequestCount struct {
	State string
	Due   int // day; 0 of requests that are answered
	Late  bool
	N     int
}

// RequestCounts counts all requests.
func (s *Store) RequestCounts(ctx context.Context) ([]RequestCount, error) {
	rows, err := query(ctx, s.reads, `SELECT state, CASE WHEN answered = 0 THEN due ELSE 0 END, late, count(*) FROM request GROUP BY 1, 2, 3`)
	all, err := collect(rows, err, func(scan row) (c RequestCount, err error) {
		err = scan(&c.State, &c.Due, &c.Late, &c.N)
		return c, err
	})
	return all, wrap("count requests", err)
}
