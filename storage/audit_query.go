package storage

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"satchel/audit"
	"satchel/fhir"
)

const auditColumns = `seq, time, who, kind, source, action, target, outcome, status, patients, more, detail, request, lower(hex(hash))`

// auditFields says which column holds a field. Time and seq have the same order.
var auditFields = map[audit.Field]string{
	"": "seq", audit.FieldTime: "seq", audit.FieldWho: "who", audit.FieldKind: "kind", audit.FieldFrom: "source",
	audit.FieldAction: "action", audit.FieldTarget: "target", audit.FieldPatients: "patients", audit.FieldOutcome: "outcome",
	audit.FieldStatus: "status", audit.FieldDetail: "detail", audit.FieldRequest: "request",
}

// AuditEvents answers one page of the events that the filter selects, and the cursor of the next, "" at the end. What
// comes while a reader pages shifts nothing. A word that is on no list is a fhir.Error value.
func (s *Store) AuditEvents(ctx context.Context, f audit.Filter, p audit.Page) ([]audit.Event, string, error) {
	if err := f.Check(); err != nil {
		return nil, "", err
	}
	q, err := auditQueryOf(f, p)
	if err != nil {
		return nil, "", err
	}
	if err := s.period(ctx, &q, f); err != nil {
		return nil, "", fmt.Errorf("read the audit log: %w", err)
	}
	page, err := s.auditPage(ctx, q)
	if err != nil {
		return nil, "", fmt.Errorf("read the audit log: %w", err)
	}
	if len(page) <= q.count {
		return page, "", nil
	}
	page = page[:q.count]
	return page, AuditCursor(page[q.count-1]), nil
}

// AuditCursor is the cursor of the page that begins behind an event, in any order.
func AuditCursor(e audit.Event) string { return cursorOf(e.Seq) }

// AuditStream yields all events that the filter selects, in order, in bounded memory and without holding a transaction
// open. An error is the last thing that it yields. Events that come after it has begun are left out.
func (s *Store) AuditStream(ctx context.Context, f audit.Filter, order audit.Sort) iter.Seq2[audit.Event, error] {
	return func(yield func(audit.Event, error) bool) {
		head, err := s.AuditHead(ctx)
		if err != nil {
			yield(audit.Event{}, err)
			return
		}
		for p := (audit.Page{Sort: order, Count: 1000}); ; {
			events, next, err := s.AuditEvents(ctx, f, p)
			if err != nil {
				yield(audit.Event{}, err)
				return
			}
			for _, e := range events {
				if e.Seq <= head.Seq && !yield(e, nil) {
					return
				}
			}
			if next == "" {
				return
			}
			p.Cursor = next
		}
	}
}

// auditQuery is one statement with its arguments.
type auditQuery struct {
	where []string
	args  []any
	order string
	count int
}

// and adds a condition, in which each ? is one of the values.
func (q *auditQuery) and(condition string, values ...any) {
	q.where = append(q.where, condition)
	q.args = append(q.args, values...)
}

func auditQueryOf(f audit.Filter, p audit.Page) (auditQuery, error) {
	q := auditQuery{count: p.Count}
	if q.count <= 0 {
		q.count = 100
	}
	q.filter(f)
	column, ok := auditFields[p.Sort.By]
	if !ok {
		return q, fhir.Errorf(fhir.CodeValue, "the audit log cannot be sorted by %.40q; use one of %v", p.Sort.By, audit.Fields())
	}
	direction, beyond := "", ">"
	if p.Sort.Down {
		direction, beyond = " DESC", "<"
	}
	q.order = column + direction
	if column != "seq" {
		q.order += ", seq" + direction
	}
	if p.Cursor == "" {
		return q, nil
	}
	var after int64
	if err := parseCursor(p.Cursor, &after); err != nil {
		return q, err
	}
	if column == "seq" {
		q.and("seq "+beyond+" ?", after)
	} else { // a row never changes, so its number says where the page ended
		q.and("("+column+", seq) "+beyond+" ((SELECT "+column+" FROM audit WHERE seq = ?), ?)", after, after)
	}
	return q, nil
}

// commonActions are those that the index on actions leaves out.
var commonActions = []audit.Action{audit.Read, audit.VRead, audit.History, audit.Search, audit.Create, audit.Update, audit.Patch, audit.Delete, audit.ExportStatus}

// rareActions is the condition of that index, word by word.
const rareActions = `action NOT IN ('read', 'vread', 'history', 'search', 'create', 'update', 'patch', 'delete', 'export-status')`

// period adds the conditions on the time, as a range of seq, with which times rise.
func (s *Store) period(ctx context.Context, q *auditQuery, f audit.Filter) error {
	if !f.Since.IsZero() {
		seq, err := s.auditSince(ctx, ceilMillis(f.Since))
		if err != nil {
			return err
		}
		q.and(`seq >= ?`, seq)
	}
	if !f.Until.IsZero() {
		seq, err := s.auditSince(ctx, ceilMillis(f.Until))
		if err != nil {
			return err
		}
		q.and(`seq < ?`, seq)
	}
	return nil
}

// auditSince is the seq of the first event that is not earlier than the time, or of the next to come, by halving.
func (s *Store) auditSince(ctx context.Context, ms int64) (int64, error) {
	var low, high int64 = 1, 0 // it is in [low, high]
	if err := scan(ctx, s.reads, `SELECT coalesce(max(seq), 0) + 1 FROM audit`, nil, &high); err != nil {
		return 0, err
	}
	for low < high {
		middle := low + (high-low)/2
		var at int64
		if err := scan(ctx, s.reads, `SELECT time FROM audit WHERE seq >= ? ORDER BY seq LIMIT 1`, []any{middle}, &at); err != nil {
			return 0, err
		}
		if at >= ms {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low, nil
}

// filter adds the conditions of a filter, but for the time.
func (q *auditQuery) filter(f audit.Filter) {
	if len(f.Actions) > 0 {
		values := make([]any, len(f.Actions))
		for i, a := range f.Actions {
			values[i] = string(a)
		}
		q.and(`action IN (`+marks(len(values))+`)`, values...)
		if !slices.ContainsFunc(f.Actions, func(a audit.Action) bool { return slices.Contains(commonActions, a) }) {
			q.and(rareActions) // true then, and opens the index
		}
	}
	if f.Seqs != nil {
		values := []any{0} // no event's
		for _, seq := range f.Seqs {
			values = append(values, seq)
		}
		q.and(`seq IN (`+marks(len(values))+`)`, values...)
	}
	if f.Patient != "" {
		q.and(`seq IN (SELECT seq FROM audit_patient WHERE patient IN (?, ?))`, f.Patient, audit.Everybody)
	}
	if below, ok := strings.CutSuffix(f.Target, "/"); ok {
		q.and(`target > ? AND target < ?`, f.Target, below+"0") // '0' comes after '/'
	} else if f.Target != "" {
		q.and(`target = ?`, f.Target)
	}
	if f.Detail != "" {
		q.and(`instr(lower(detail), lower(?)) > 0`, f.Detail)
	}
	if f.Status != 0 {
		q.and(`status = ?`, f.Status)
	}
	for _, c := range []struct{ column, value string }{
		{"who", f.Who}, {"kind", string(f.Kind)}, {"source", f.From}, {"outcome", string(f.Outcome)}, {"request", f.RequestID},
	} {
		if c.value != "" {
			q.and(c.column+` = ?`, c.value)
		}
	}
}

// auditPage reads one row more than the page holds. The statement is not kept: there are too many different ones.
func (s *Store) auditPage(ctx context.Context, q auditQuery) ([]audit.Event, error) {
	text := `SELECT ` + auditColumns + ` FROM audit`
	if len(q.where) > 0 {
		text += ` WHERE ` + strings.Join(q.where, ` AND `)
	}
	rows, err := s.reads.db.QueryContext(ctx, text+` ORDER BY `+q.order+` LIMIT ?`, append(q.args, q.count+1)...)
	return collect(rows, err, auditEventOf)
}

// auditEventOf reads the auditColumns.
func auditEventOf(scan row) (e audit.Event, err error) {
	var at int64
	var patients string
	err = scan(&e.Seq, &at, &e.Who.Name, &e.Who.Kind, &e.From, &e.Action, &e.Target, &e.Outcome, &e.Status, &patients, &e.More,
		&e.Detail, &e.RequestID, &e.Hash)
	e.Time, e.Patients = instant(at), auditPatients(patients)
	return e, err
}

// auditPatients reads the patients column. Nothing is lost: joined again it is the same text.
func auditPatients(patients string) []string {
	if patients == "" {
		return nil
	}
	return strings.Split(patients, " ")
}
