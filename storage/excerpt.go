package storage

import (
	"context"
	"fmt"

	"satchel/fhir"
)

// Part is what of a resource somebody gets who may have only what belongs to some patients.
type Part struct {
	Given bool   // some of it
	Text  []byte // the excerpt; nil if all of it is given
}

// Part says what of a document belongs to the patients for whom mine is true, as things stand now: all of it, if it is theirs and
// nobody else's; an excerpt ([fhir.Document.Excerpt]) of a list, a group or an event that is others' as well; and nothing of what
// is not theirs, or where nobody can tell which part is.
func (s *Store) Part(ctx context.Context, d *fhir.Document, mine func(patient string) bool) (Part, error) {
	return s.part(ctx, s.reads, d, mine)
}

// Part is [Store.Part] as the transaction sees things.
func (tx *Tx) Part(d *fhir.Document, mine func(patient string) bool) (Part, error) {
	return tx.s.part(context.Background(), tx, d, mine)
}

func (s *Store) part(ctx context.Context, db querier, d *fhir.Document, mine func(patient string) bool) (Part, error) {
	owners, err := s.belonging(ctx, db, d)
	if err != nil {
		return Part{}, err
	}
	why, others := fhir.Why(0), false
	for _, o := range owners {
		switch {
		case !o.Why.Concerns():
		case !mine(o.Patient):
			others = true
		case why == 0 || o.Why < why:
			why = o.Why
		}
	}
	disposition, _ := fhir.DispositionOf(d.Type())
	switch {
	case why == 0, !why.Whole() && !disposition.Divisible():
		return Part{}, nil
	case why.Whole() && !others:
		return Part{Given: true}, nil
	}
	c := cutting{s: s, ctx: ctx, db: db, own: s.Bases(), mine: mine, known: map[string]fhir.Standing{}}
	text := d.Excerpt(others, c.standing)
	if c.err != nil {
		return Part{}, fmt.Errorf("excerpt of %s/%s: %w", d.Type(), d.ID(), c.err)
	}
	return Part{Given: true, Text: text}, nil
}

// cutting is the making of one excerpt.
type cutting struct {
	s     *Store
	ctx   context.Context
	db    querier
	own   fhir.Bases
	mine  func(patient string) bool
	known map[string]fhir.Standing // by key
	err   error
}

// standing says whose the target of a reference is: in doubt another patient's.
func (c *cutting) standing(to fhir.Reference) fhir.Standing {
	own := c.own.Owns(to)
	switch {
	case to.Type == "Patient" && own && c.mine(to.ID):
		return fhir.Mine
	case to.Type == "Patient":
		return fhir.Foreign
	case !own:
		return fhir.Neutral
	}
	is, known := c.known[to.Key()]
	if !known {
		is = c.look(to)
		c.known[to.Key()] = is
	}
	return is
}

// look looks a target up.
func (c *cutting) look(to fhir.Reference) fhir.Standing {
	if d, ok := fhir.DispositionOf(to.Type); ok && (d.Kind == fhir.Forward || d.Kind == fhir.System) {
		return fhir.Neutral
	}
	r, err := c.s.resource(c.ctx, c.db, to.Type, to.ID)
	if fhir.IsCode(err, fhir.CodeNotFound) || err == nil && r.Deleted {
		return fhir.Foreign
	}
	var d fhir.Document
	if err == nil {
		err = d.Reset(r.JSON)
	}
	var owners []fhir.Owner
	if err == nil {
		owners, err = c.s.belonging(c.ctx, c.db, &d)
	}
	if err != nil {
		c.err = err
		return fhir.Foreign
	}
	for _, o := range owners {
		if o.Why.Concerns() && c.mine(o.Patient) {
			return fhir.Mine
		}
	}
	return fhir.Foreign
}

func (s *Store) readKey(scan row) (string, error) {
	var code int64
	var id string
	err := scan(&code, &id)
	return s.types.name(code) + "/" + id, err
}

// SharedKeys lists as "Type/id" what may be to be cut ([Store.Part]) before it is handed out with one of the patients, as of a
// snapshot, although it names no other Patient: it lists several things, or hangs on something of others.
func (s *Store) SharedKeys(ctx context.Context, at Snapshot, patients []string) (map[string]bool, error) {
	const text = `SELECT r.type, r.id FROM owner o JOIN resource r ON r.rid = o.rid
		WHERE o.patient = ?1 AND o.since <= ?2 AND (o.until IS NULL OR o.until > ?2) AND (o.` + whyShared + ` OR EXISTS (
			SELECT 1 FROM owner t WHERE t.rid = o.rid AND t.` + whyTied + ` AND t.patient <> ?1))`
	keys := map[string]bool{}
	for _, p := range patients {
		rows, err := query(ctx, s.reads, text, p, at.Seq)
		more, err := collect(rows, err, s.readKey)
		if err != nil {
			return nil, fmt.Errorf("list what is shared: %w", err)
		}
		for _, key := range more {
			keys[key] = true
		}
	}
	return keys, nil
}
