package storage

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"satchel/audit"
)

// VerifyAudit walks along the whole chain of the audit log, in bounded memory and in short reads, and says what is not
// as it was written. It finds every row that was edited, added or moved and every run of rows that was removed. What
// the chain alone cannot tell, that its end was cut off together with the note of its head, or that all of it from some
// row on was written anew, it finds if an anchor taken since is given. Rows that come meanwhile are left out.
// An error means that it could not be walked to the end.
func (s *Store) VerifyAudit(ctx context.Context, anchors ...audit.Anchor) (audit.Verdict, error) {
	w := auditWalk{anchors: slices.SortedFunc(slices.Values(anchors), func(a, b audit.Anchor) int { return cmp.Compare(a.Seq, b.Seq) })}
	w.v.Anchors = len(anchors)
	w.v.Head.Time = s.Now().UTC()
	err := s.onReader(ctx, func(r raw) error {
		w.r = r
		return w.walk(ctx)
	})
	if err != nil {
		err = fmt.Errorf("verify the audit log: %w", err)
	}
	return w.v, err
}

// auditWalk is one walk along the chain.
type auditWalk struct {
	r       raw
	v       audit.Verdict
	anchors []audit.Anchor // those not met yet

	headless         bool              // the note of the last event is gone
	last             int64             // seq of the row before
	stored, computed [sha256.Size]byte // its hash, as it says and as it should be
	patients         int64             // of all rows, that were found in the list
}

func (w *auditWalk) walk(ctx context.Context) error {
	for _, step := range []func() error{w.guards, w.ends} {
		if err := step(); err != nil {
			return err
		}
	}
	for more := true; more; {
		if err := ctx.Err(); err != nil {
			return err
		}
		before := w.last
		if err := w.page(); err != nil {
			return err
		}
		more = w.last > before
	}
	w.tail()
	return w.index()
}

// auditGuards are the triggers that forbid changes.
var auditGuards = []string{
	"audit_next", "audit_no_update", "audit_no_delete", "audit_patient_next", "audit_patient_no_update",
	"audit_patient_no_delete", "audit_head_follows", "audit_head_no_insert", "audit_head_no_delete",
}

// guards looks whether the triggers are in place.
func (w *auditWalk) guards() error {
	have, err := w.r.triggers()
	for _, name := range auditGuards {
		if err == nil && !have[name] {
			w.v.Add(audit.Guard, 0, 0, "the trigger %s is gone", name)
		}
	}
	return err
}

// ends reads the head and compares it with the rows, both in one statement and so at one instant.
func (w *auditWalk) ends() error {
	row := make([]rawValue, 4)
	err := w.r.query(`SELECT (SELECT min(seq) FROM audit), (SELECT max(seq) FROM audit), (SELECT audit_seq FROM clock), (SELECT audit_hash FROM clock)`,
		nil, row, func() (bool, error) { return true, nil })
	if err != nil {
		return err
	}
	lowest, some := row[0].(int64)
	highest, _ := row[1].(int64)
	if some && lowest < 1 {
		w.v.Add(audit.Added, lowest, 0, "the log begins with 1")
	}
	seq, ok := row[2].(int64)
	hash, _ := row[3].([]byte)
	if !ok || len(hash) != sha256.Size {
		w.v.Add(audit.Head, 0, 0, "the note of the last event is gone")
		w.headless, w.v.Head.Seq = true, highest
		return nil
	}
	w.v.Head.Seq, w.v.Head.Hash = seq, [sha256.Size]byte(hash)
	if some && highest > seq {
		w.v.Add(audit.Added, seq+1, highest, "the note of the last event ends before them")
	}
	if seq <= 0 && (seq < 0 || w.v.Head.Hash != [sha256.Size]byte{}) {
		w.v.Add(audit.Head, 0, 0, "the note of the last event is not that of an empty log")
	}
	return nil
}

// page walks the next rows up to the head.
func (w *auditWalk) page() error {
	args := numbered(2)
	args[0].Value, args[1].Value = w.last, max(w.v.Head.Seq, 0)
	row := make([]rawValue, 15)
	return w.r.query(`SELECT seq, time, who, kind, source, action, target, outcome, status, patients, more, detail, request, prev, hash
		FROM audit WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT 500`, args, row, func() (bool, error) {
		w.step(eventOf(row))
		return true, w.listed(row[0].(int64), row[9])
	})
}

// eventOf reads a row. A value of another kind than its column's comes out as zero, which no hash fits.
func eventOf(row []rawValue) (e audit.Event, prev, hash [sha256.Size]byte) {
	number := func(i int) int64 { n, _ := row[i].(int64); return n }
	text := func(i int) string { s, _ := row[i].(string); return s }
	blob := func(i int) (sum [sha256.Size]byte) {
		if b, _ := row[i].([]byte); len(b) == len(sum) {
			copy(sum[:], b)
		}
		return sum
	}
	return audit.Event{
		Seq: number(0), Time: instant(number(1)), Who: audit.Who{Name: text(2), Kind: audit.Kind(text(3))}, From: text(4),
		Action: audit.Action(text(5)), Target: text(6), Outcome: audit.Outcome(text(7)), Status: int(number(8)),
		Patients: auditPatients(text(9)), More: int(number(10)), Detail: text(11), RequestID: text(12),
	}, blob(13), blob(14)
}

// step puts one row to the test: by itself, after the row before it, and against the anchors and the head.
func (w *auditWalk) step(e audit.Event, prev, hash [sha256.Size]byte) {
	w.v.Rows++
	sum := audit.Sum(prev, e)
	gap := e.Seq > w.last+1
	if gap {
		w.v.Add(audit.Removed, w.last+1, e.Seq-1, "missing from the middle")
	}
	// Where the hash of the row before was edited, that row has been named; this one still knows the right hash.
	follows := gap || prev == w.stored || prev == w.computed
	switch {
	case sum != hash:
		w.v.Add(audit.Edited, e.Seq, e.Seq, "the hash does not fit the fields")
	case !follows:
		w.v.Add(audit.Broken, e.Seq, e.Seq, "it does not follow the event before it; one of the two was written anew")
	}
	for len(w.anchors) > 0 && w.anchors[0].Seq <= e.Seq {
		a := w.anchors[0]
		w.anchors = w.anchors[1:]
		if a.Seq == e.Seq && a.Hash != hash && a.Hash != sum {
			w.v.Add(audit.Rewritten, e.Seq, e.Seq, "the anchor %q knows another event", a)
		}
	}
	if head := w.v.Head; !w.headless && e.Seq == head.Seq && head.Hash != hash && head.Hash != sum {
		w.v.Add(audit.Head, e.Seq, e.Seq, "the note of the last event knows another one")
	}
	w.last, w.stored, w.computed = e.Seq, hash, sum
}

// tail looks for events after the last row that was walked.
func (w *auditWalk) tail() {
	end := w.v.Head.Seq
	if w.last < end {
		w.v.Add(audit.Removed, w.last+1, end, "missing from the end")
	}
	if n := len(w.anchors); n > 0 && w.anchors[n-1].Seq > max(end, w.last) {
		a := w.anchors[n-1]
		w.v.Add(audit.Removed, max(end, w.last)+1, a.Seq, "missing from the end; the anchor %q knows them", a)
	}
}

// listed looks for the patients of a row in the list of all.
func (w *auditWalk) listed(seq int64, patients rawValue) error {
	text, _ := patients.(string)
	args, row := numbered(2), make([]rawValue, 1)
	args[1].Value = seq
	for _, id := range auditPatients(text) {
		found := false
		args[0].Value = id
		err := w.r.query(`SELECT 1 FROM audit_patient WHERE patient = ? AND seq = ?`, args, row, func() (bool, error) {
			found = true
			return true, nil
		})
		if err != nil {
			return err
		}
		if !found {
			w.v.Add(audit.Index, seq, seq, "a patient of it is not in the list of patients")
			continue
		}
		w.patients++
	}
	return nil
}

// index looks for entries of the list of patients that belong to no event: there are some if it has more than were
// found for the rows. Entries beyond the head are counted at one instant with it, as new ones may come.
func (w *auditWalk) index() error {
	args, row := numbered(1), make([]rawValue, 2)
	args[0].Value = w.last
	err := w.r.query(`SELECT count(*) FILTER (WHERE seq <= ?), count(*) FILTER (WHERE seq > (SELECT audit_seq FROM clock)) FROM audit_patient`,
		args, row, func() (bool, error) { return true, nil })
	if err != nil || row[0] == w.patients && row[1] == int64(0) {
		return err
	}
	return w.r.query(`SELECT p.seq, p.patient FROM audit_patient p LEFT JOIN audit a ON a.seq = p.seq
		WHERE a.seq IS NULL AND (p.seq <= ? OR p.seq > (SELECT audit_seq FROM clock)) OR instr(' ' || a.patients || ' ', ' ' || p.patient || ' ') = 0
		LIMIT 1000`, args, row, func() (bool, error) {
		seq, _ := row[0].(int64)
		w.v.Add(audit.Index, seq, seq, "the list of patients has one that the event has not")
		return true, nil
	})
}
