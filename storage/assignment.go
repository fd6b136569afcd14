package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"satchel/audit"
	"satchel/fhir"
)

// Assignment is what staff said about a resource that says of nobody whose it is: that it is one patient's, or that it is
// nobody's. The resource stays as it is.
//
// It holds until it is taken back, the resource is made again after a deletion, or the resource, or something that it hangs
// on, names a patient itself: then that counts, and the assignment ends with an event of its own. That a resource is nobody's
// was said of one version, and holds for no later one.
type Assignment struct {
	Type, ID string
	Patient  string    // logical id; "": it is nobody's
	Version  int64     // of the resource that was looked at
	Time     time.Time // when it was said
	Account  string    // who said it
	Reason   string    // in the words of who said it; "" without any
}

// Key is the name of the resource, "Type/id".
func (a Assignment) Key() string { return a.Type + "/" + a.ID }

// Assign stores an assignment of now. It replaces one that says of the resource that it is nobody's. Time is set here.
// Errors: not-found, if there is no such living resource or Patient; conflict, if the resource is of another version, is
// somebody's already, or is of a type that may be nobody's ([fhir.Disposition.Ownerless]), so that nothing is to be said.
func (s *Store) Assign(ctx context.Context, event audit.Event, a Assignment) error {
	err := s.write(ctx, func(tx *Tx) error {
		c, err := tx.assignable(a)
		if err != nil {
			return err
		}
		if err := tx.endAssignment(c.rid); err != nil {
			return err
		}
		patient := sql.NullString{String: a.Patient, Valid: a.Patient != ""}
		err = tx.exec(`INSERT INTO assigned (rid, since, patient, version, time, account, reason) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			c.rid, tx.next(), patient, a.Version, tx.Time.UnixMilli(), a.Account, a.Reason)
		if err != nil {
			return err
		}
		tx.reassigned(c.rid, a.Key())
		return tx.record(event)
	})
	return wrap("assign "+a.Key(), err)
}

// assignable reads the resource that an assignment is about, and refuses one that cannot be assigned.
func (tx *Tx) assignable(a Assignment) (current, error) {
	d, ok := fhir.DispositionOf(a.Type)
	if !ok || d.Ownerless() {
		return current{}, fhir.Errorf(fhir.CodeConflict, "resources of type %q may belong to nobody, so that they are not assigned", a.Type)
	}
	c, err := tx.living(a.Type, a.ID)
	switch {
	case err != nil:
		return c, err
	case c.version != a.Version:
		return c, fhir.Errorf(fhir.CodeConflict, "%s was changed meanwhile: it is at version %d; look at it again", a.Key(), c.version)
	case c.owned:
		return c, fhir.Errorf(fhir.CodeConflict, "%s is a patient's already; if staff assigned it, take that back first", a.Key())
	}
	if a.Patient != "" {
		_, err = tx.living("Patient", a.Patient)
	}
	return c, err
}

// living is the row of a resource that is there and not deleted; not-found otherwise.
func (tx *Tx) living(typ, id string) (current, error) {
	code, err := tx.s.types.code(typ)
	if err != nil {
		return current{}, err
	}
	c, found, err := tx.current(code, id)
	if err == nil && (!found || c.body == nil) {
		err = fhir.Errorf(fhir.CodeNotFound, "there is no %s/%s", typ, id)
	}
	return c, err
}

// Unassign takes an assignment back. Not-found, if there is none.
func (s *Store) Unassign(ctx context.Context, event audit.Event, typ, id string) error {
	err := s.write(ctx, func(tx *Tx) error {
		a, err := s.assignment(ctx, tx, typ, id)
		if err != nil {
			return err
		}
		if err := tx.endAssignment(a.rid); err != nil {
			return err
		}
		tx.reassigned(a.rid, a.Key())
		return tx.record(event)
	})
	return wrap("take the assignment of "+typ+"/"+id+" back", err)
}

// endAssignment ends the assignment of a resource, if it has one.
func (tx *Tx) endAssignment(rid int64) error {
	return tx.exec(`UPDATE assigned SET until = ? WHERE rid = ? AND until IS NULL`, tx.next(), rid)
}

// keepAssignment has the assignment of a resource, if there is one, looked at again at the end of the transaction, when a
// version follows c. What is made again after a deletion is something new, and loses it.
func (tx *Tx) keepAssignment(c current) error {
	var has bool
	err := tx.scan(`SELECT EXISTS (SELECT 1 FROM assigned WHERE rid = ? AND until IS NULL)`, []any{c.rid}, &has)
	if err != nil || !has {
		return err
	}
	tx.hang(c.rid)
	if c.body == nil {
		return tx.endAssignment(c.rid)
	}
	return nil
}

// reassigned has the owners of a resource, and of what hangs on it, made right at the end of the transaction.
func (tx *Tx) reassigned(rid int64, key string) {
	tx.hang(rid)
	tx.name(fhir.HashName(key))
}

// overruled ends an assignment because the documents say themselves whose the resource is, and notes that beside the event
// of the transaction.
func (tx *Tx) overruled(a assignment) error {
	tx.further = append(tx.further, audit.Event{Action: audit.AssignmentEnd, Target: a.Key(), Patients: []string{a.Patient}, Detail: "the data now says whose it is"})
	return tx.endAssignment(a.rid)
}

// assignment is an Assignment with its place in the tables.
type assignment struct {
	Assignment
	rid, since, until int64
}

// Assignment is the one that a resource has; not-found, if it has none.
func (s *Store) Assignment(ctx context.Context, typ, id string) (Assignment, error) {
	a, err := s.assignment(ctx, s.reads, typ, id)
	return a.Assignment, wrap("read the assignment of "+typ+"/"+id, err)
}

// columns of an assignment, as [Store.readAssignment] reads them.
const assignmentColumns = `SELECT r.type, r.id, coalesce(a.patient, ''), a.version, a.time, a.account, a.reason, a.rid, a.since, coalesce(a.until, 0)
	FROM assigned a CROSS JOIN resource r ON r.rid = a.rid WHERE `

func (s *Store) readAssignment(scan row) (a assignment, err error) {
	var code, at int64
	err = scan(&code, &a.ID, &a.Patient, &a.Version, &at, &a.Account, &a.Reason, &a.rid, &a.since, &a.until)
	a.Type, a.Time = s.types.name(code), instant(at)
	return a, err
}

func (s *Store) assignment(ctx context.Context, db querier, typ, id string) (assignment, error) {
	code, err := s.types.code(typ)
	if err != nil {
		return assignment{}, err
	}
	rows, err := query(ctx, db, assignmentColumns+`a.until IS NULL AND a.rid = (SELECT rid FROM resource WHERE type = ? AND id = ?)`, code, id)
	found, err := collect(rows, err, s.readAssignment)
	if err == nil && len(found) == 0 {
		err = fhir.Errorf(fhir.CodeNotFound, "nobody has assigned %s/%s", typ, id)
	}
	if err != nil {
		return assignment{}, err
	}
	return found[0], nil
}

// Assignments lists the assignments that hold, the newest first: at most so many behind a cursor, which is "" at the
// beginning; next is "" at the end.
func (s *Store) Assignments(ctx context.Context, cursor string, most int) (all []Assignment, next string, err error) {
	at, rid := int64(1)<<62, int64(0)
	if err := parseCursor(cursor, &at, &rid); err != nil {
		return nil, "", err
	}
	rows, err := query(ctx, s.reads, assignmentColumns+`a.until IS NULL AND (a.time < ?1 OR a.time = ?1 AND a.rid > ?2) ORDER BY a.time DESC, a.rid LIMIT ?3`,
		at, rid, most+1)
	found, err := collect(rows, err, s.readAssignment)
	if err != nil {
		return nil, "", fmt.Errorf("list assignments: %w", err)
	}
	if len(found) > most {
		found = found[:most]
		next = cursorOf(found[most-1].Time.UnixMilli(), found[most-1].rid)
	}
	for _, a := range found {
		all = append(all, a.Assignment)
	}
	return all, next, nil
}

// assignee is the patient to whom staff assigned a resource, "" if to none, with the seq of that.
func (c *climber) assignee(typ, id string) (patient string, since int64, err error) {
	if c.none == nil {
		var none bool
		if err := scan(c.ctx, c.db, `SELECT NOT EXISTS (SELECT 1 FROM assigned)`, nil, &none); err != nil {
			return "", 0, err
		}
		c.none = &none
	}
	if *c.none {
		return "", 0, nil
	}
	a, err := c.s.assignment(c.ctx, c.db, typ, id)
	if e, ok := errors.AsType[*fhir.Error](err); ok && e.Code == fhir.CodeNotFound {
		return "", 0, nil
	}
	return a.Patient, a.since, err
}

// everAssigned lists the assignments of all times, with those that ended.
func (s *Store) everAssigned(ctx context.Context, db querier) ([]assignment, error) {
	rows, err := query(ctx, db, assignmentColumns+`TRUE`)
	all, err := collect(rows, err, s.readAssignment)
	return all, wrap("read assignments", err)
}
