package storage

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"satchel/fhir"
)

// hanging is what a transaction has to put right before it ends: the owners of resources that hang on others. It is done
// once, at the end, so that it does not matter in which order things were written.
type hanging struct {
	rows  map[int64]bool // resources whose own ties may have changed
	names map[int64]bool // hashes of the names of what was written
}

// hang notes a resource whose ties may have changed.
func (tx *Tx) hang(rid int64) {
	if tx.hanging.rows == nil {
		tx.hanging.rows = map[int64]bool{}
	}
	tx.hanging.rows[rid] = true
}

// name notes that something was written that others may hang on.
func (tx *Tx) name(names ...int64) {
	if tx.hanging.names == nil {
		tx.hanging.names = map[int64]bool{}
	}
	for _, n := range names {
		tx.hanging.names[n] = true
	}
}

// changeTies brings the ties of a resource from before to after.
func (tx *Tx) changeTies(rid int64, before, after []int64) error {
	for _, target := range before {
		if !slices.Contains(after, target) {
			if err := tx.exec(`DELETE FROM tie WHERE target = ? AND rid = ?`, target, rid); err != nil {
				return err
			}
		}
	}
	for _, target := range after {
		if !slices.Contains(before, target) {
			if err := tx.exec(`INSERT INTO tie (target, rid) VALUES (?, ?)`, target, rid); err != nil {
				return err
			}
		}
	}
	return nil
}

// Hung reports whether something living hangs on a name. Whoever takes that name decides whose those resources are.
func (tx *Tx) Hung(typ, id string) (hung bool, err error) {
	err = tx.scan(`SELECT EXISTS (SELECT 1 FROM tie t CROSS JOIN resource r ON r.rid = t.rid WHERE t.target = ? AND r.body IS NOT NULL)`,
		[]any{fhir.HashName(typ + "/" + id)}, &hung)
	return hung, err
}

// tieRow is a row of the table of ties.
type tieRow struct{ target, rid int64 }

// insertTies stores rows in the order of their tree.
func (r raw) insertTies(ties []tieRow) error {
	slices.SortFunc(ties, func(a, b tieRow) int { return cmp.Or(cmp.Compare(a.target, b.target), cmp.Compare(a.rid, b.rid)) })
	return r.insert(insertOrSkip+` INTO tie (target, rid)`, 2, len(ties), func(i int, args []rawArg) {
		args[0].Value, args[1].Value = ties[i].target, ties[i].rid
	})
}

// settleTies makes the owners of what hangs on others right, as of now.
func (tx *Tx) settleTies() error {
	if tx.failed != nil || len(tx.hanging.rows)+len(tx.hanging.names) == 0 {
		return nil
	}
	if err := tx.dependents(); err != nil {
		return fmt.Errorf("find what hangs on others: %w", err)
	}
	rows := make([]int64, 0, len(tx.hanging.rows))
	for rid := range tx.hanging.rows {
		rows = append(rows, rid)
	}
	slices.Sort(rows)
	tx.hanging = hanging{}
	s := settling{tx: tx, climber: climber{s: tx.s, ctx: context.Background(), db: tx, own: tx.s.Bases()}}
	for _, rid := range rows {
		if err := s.row(rid); err != nil {
			return fmt.Errorf("settle what hangs on others: row %d: %w", rid, err)
		}
	}
	return nil
}

// dependents adds to the rows all that hang on what has the names, directly or by others.
func (tx *Tx) dependents() error {
	var any bool
	if err := tx.scan(`SELECT EXISTS (SELECT 1 FROM tie)`, nil, &any); err != nil || !any {
		return err
	}
	seen := map[int64]bool{}
	for names := tx.hanging.names; len(names) > 0; {
		list := make([]int64, 0, len(names))
		for n := range names {
			list, seen[n] = append(list, n), true
		}
		slices.Sort(list)
		found, err := tx.hangers(list)
		if err != nil {
			return err
		}
		names = map[int64]bool{}
		for _, f := range found {
			tx.hang(f.rid)
			if n := fhir.HashName(tx.s.types.name(f.typ) + "/" + f.id); !seen[n] {
				names[n] = true
			}
		}
	}
	return nil
}

// hanger is a resource that hangs on something.
type hanger struct {
	rid, typ int64
	id       string
}

// hangers finds the resources that hang on one of the names.
func (tx *Tx) hangers(names []int64) ([]hanger, error) {
	text, err := json.Marshal(names)
	if err != nil {
		return nil, err
	}
	rows, err := query(context.Background(), tx, `SELECT DISTINCT r.rid, r.type, r.id FROM `+eachValue+` j CROSS JOIN tie t ON t.target = j.value
		CROSS JOIN resource r ON r.rid = t.rid`, string(text))
	return collect(rows, err, func(scan row) (h hanger, err error) {
		err = scan(&h.rid, &h.typ, &h.id)
		return h, err
	})
}

// settling puts the owners by ties right.
type settling struct {
	climber
	tx   *Tx
	seq  int64 // of the changes: one that no version has; 0: none was needed yet
	doc  fhir.Document
	anew bool // all is made anew: what is found held since the version was written
}

// row compares the owners of one resource with what they must be. A tombstone keeps what it had.
func (s *settling) row(rid int64) error {
	var marked bool
	var body []byte
	var written int64
	if err := s.tx.scan(`SELECT owned, seq, body FROM resource WHERE rid = ?`, []any{rid}, &marked, &written, &body); err != nil || body == nil {
		return err
	}
	if err := s.doc.Reset(body); err != nil {
		return err
	}
	b := s.doc.Belonging(s.own)
	want, err := s.climb(s.doc.Type(), s.doc.ID(), b)
	if err != nil {
		return err
	}
	if err := s.overrule(b); err != nil {
		return err
	}
	have, err := tied(s.ctx, s.tx, rid)
	if err != nil {
		return err
	}
	if err := missing(have, want, compareOwners, func(o fhir.Owner) error {
		return s.tx.endOwners(rid, s.now(), []fhir.Owner{o}, nil)
	}); err != nil {
		return err
	}
	if err := missing(want, have, compareOwners, func(o fhir.Owner) error {
		since := written
		if s.anew && o.Why == fhir.WhyAssigned {
			_, since, err = s.assignee(s.doc.Type(), s.doc.ID())
			return errors.Join(err, s.tx.addOwners(rid, since, []fhir.Owner{o}, nil))
		}
		if !s.anew || slices.ContainsFunc(b.Owners, func(n fhir.Owner) bool { return n.Patient == o.Patient }) {
			since = s.now()
		}
		return s.tx.addOwners(rid, since, []fhir.Owner{o}, nil)
	}); err != nil {
		return err
	}
	if now := owned(b.Owners) || owned(want); now != marked {
		return s.tx.exec(`UPDATE resource SET owned = ? WHERE rid = ?`, now, rid)
	}
	return nil
}

// overrule ends the assignment of the resource at hand if the documents say themselves whose it is. While all is made anew
// it stays: nothing was written that says so.
func (s *settling) overrule(b fhir.Belonging) error {
	typ, id := s.doc.Type(), s.doc.ID()
	patient, _, err := s.assignee(typ, id)
	if err != nil || patient == "" || s.anew {
		return err
	}
	counts, err := s.assigned(typ, id, b)
	if err != nil || counts != "" {
		return err
	}
	a, err := s.s.assignment(s.ctx, s.tx, typ, id)
	if err != nil {
		return err
	}
	return s.tx.overruled(a)
}

// now is the seq of the changes.
func (s *settling) now() int64 {
	if s.seq == 0 {
		s.seq = s.tx.next()
	}
	return s.seq
}

// tied are the owners that a resource has and does not name: by ties, or assigned.
func tied(ctx context.Context, db querier, rid int64) ([]fhir.Owner, error) {
	rows, err := query(ctx, db, `SELECT patient, why FROM owner WHERE rid = ? AND until IS NULL AND `+whyTied, rid)
	return collect(rows, err, func(scan row) (o fhir.Owner, err error) {
		err = scan(&o.Patient, &o.Why)
		return o, err
	})
}
