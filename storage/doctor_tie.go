package storage

import (
	"context"
	"slices"

	"satchel/fhir"
)

// ties compares the owners by ties of living resources with what follows from all documents as they stand now. What they
// were earlier is not judged.
func (c *check) ties(ctx context.Context, s *Store) error {
	c.climber = climber{s: s, ctx: ctx, db: s.reads, own: s.Bases()}
	hung := c.ever
	for _, rid := range c.hung {
		hung[rid] = true
	}
	for rid := range hung {
		if err := c.tied(rid); err != nil {
			return err
		}
	}
	rows, err := query(ctx, s.reads, `SELECT o.rid FROM owner o CROSS JOIN resource r ON r.rid = o.rid
		WHERE o.until IS NULL AND o.`+whyTied+` AND r.body IS NOT NULL`)
	return eachRow(rows, err, func(scan row) error {
		var rid int64
		err := scan(&rid)
		if !hung[rid] {
			c.counts["surplus owners by ties"]++
		}
		return err
	})
}

// tied compares one resource.
func (c *check) tied(rid int64) error {
	var marked bool
	var body []byte
	if err := scan(c.ctx, c.db, `SELECT owned, body FROM resource WHERE rid = ?`, []any{rid}, &marked, &body); err != nil || body == nil {
		return err
	}
	d := c.s.documents.Get().(*fhir.Document)
	defer c.s.documents.Put(d)
	if err := d.Reset(body); err != nil {
		return err
	}
	b := d.Belonging(c.own)
	want, err := c.climb(d.Type(), d.ID(), b)
	if err != nil {
		return err
	}
	have, err := tied(c.ctx, c.db, rid)
	if err != nil {
		return err
	}
	slices.SortFunc(have, compareOwners)
	if !slices.Equal(have, want) {
		c.counts["resources with wrong owners by ties"]++
	}
	if marked != (owned(b.Owners) || owned(want)) {
		c.counts["versions with a wrong owned mark"]++
	}
	return nil
}

// resettle makes the owners by ties of everything anew: those of living resources, and of earlier versions as if what they
// hung on had always been whose it is now. ever are the assignments of all times.
func (tx *Tx) resettle(hung []int64, past []pastHanger, ever []assignment) error {
	s := settling{tx: tx, anew: true, climber: climber{s: tx.s, ctx: context.Background(), db: tx, own: tx.s.Bases()}}
	for _, p := range past {
		owners, err := s.climb("", "", p.belonging)
		if err != nil {
			return err
		}
		var until any
		if p.until != 0 {
			until = p.until
		}
		for _, o := range owners {
			if err := tx.exec(insertOrSkip+` INTO owner (patient, rid, since, until, why) VALUES (?, ?, ?, ?, ?)`, o.Patient, p.rid, p.since, until, o.Why); err != nil {
				return err
			}
		}
	}
	for _, a := range ever {
		if err := tx.wasAssigned(a); err != nil {
			return err
		}
		hung = append(hung, a.rid)
	}
	for _, rid := range hung {
		if err := s.row(rid); err != nil {
			return err
		}
	}
	return nil
}

// wasAssigned makes the owner by an assignment that ended, or of a resource that is deleted and keeps the owner it had.
func (tx *Tx) wasAssigned(a assignment) error {
	if a.Patient == "" {
		return nil
	}
	var until any
	if a.until != 0 {
		until = a.until
	}
	return tx.exec(insertOrSkip+` INTO owner (patient, rid, since, until, why) SELECT ?, rid, ?, ?, ? FROM resource
		WHERE rid = ? AND (body IS NULL OR ?)`, a.Patient, a.since, until, fhir.WhyAssigned, a.rid, a.until != 0)
}
