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

// Request is one row of the ledger of people who ask for records. Package requests gives states and body their meaning.
type Request struct {
	ID       string
	Number   string // for people: 2026-0017
	Version  int64  // rises by one with each step
	State    string
	Received int // day: days since 1970-01-01
	Due      int // day
	Answered int // day of handover or denial; 0: not yet
	Late     bool
	Created  time.Time
	Changed  time.Time
	Patient  string // logical id; "": not yet identified, or everybody
	Job      string // that makes or made the package; ""
	Find     string // folded text to search in
	Body     []byte // JSON of requests.Details
}

// RequestEvent is one step of a request. Store and time are given when it is stored.
type RequestEvent struct {
	Request string
	Ord     int64 // the version that the step made
	Time    time.Time
	Who     audit.Who
	Step    string
	Before  string // state; "" of the first step
	After   string
	Note    string
}

// RequestStep is what a step leaves beside the request itself: its event, what the audit log is to hold of it, and what was
// given away by it. A zero Audit.Target becomes the request's number.
type RequestStep struct {
	Event RequestEvent // Who, Step and Note; the rest is filled in
	Audit audit.Event
	Given []Disclosure                  // Request, Time and Patient are filled in
	Then  func(tx *Tx, id string) error // called last in the transaction, with the request's id; nil: nothing
}

// AddRequest stores a new request with its first step and its event of the audit log, in one transaction. It sets ID,
// Number (the next of the year), Version, Created and Changed.
func (s *Store) AddRequest(ctx context.Context, year int, r Request, step RequestStep) (Request, error) {
	err := s.write(ctx, func(tx *Tx) error {
		var ord int
		if err := tx.scan(`SELECT coalesce(max(ord), 0) + 1 FROM request WHERE year = ?`, []any{year}, &ord); err != nil {
			return err
		}
		r.ID, r.Number, r.Version = newID(), fmt.Sprintf("%04d-%04d", year, ord), 1
		r.Created, r.Changed = tx.tick().Time, tx.Time
		err := tx.exec(`INSERT INTO request (id, number, year, ord, version, state, received, due, answered, late, created, changed, patient, job, find, body)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, r.ID, r.Number, year, ord, r.Version, r.State, r.Received, r.Due, r.Answered, r.Late,
			millis(r.Created), millis(r.Changed), r.Patient, r.Job, r.Find, string(r.Body))
		if err != nil {
			return err
		}
		return tx.requestStep(r, "", step)
	})
	if err != nil {
		return Request{}, wrap("add request", err)
	}
	return r, nil
}

// ChangeRequest lets f change a request and stores it with the step that f answers, in one transaction; not-found if there
// is none. If version is not 0 and no longer the request's, it is a fhir.Error conflict, and f is not called. f may refuse
// by an error. Of r, f may change all but ID, Number, Version, Received, Created and Changed.
func (s *Store) ChangeRequest(ctx context.Context, id string, version int64, f func(tx *Tx, r *Request) (RequestStep, error)) (Request, error) {
	var r Request
	err := s.write(ctx, func(tx *Tx) (err error) {
		if r, err = requestBy(ctx, tx, id); err != nil {
			return err
		}
		if version != 0 && version != r.Version {
			return fhir.Errorf(fhir.CodeConflict, "request %s was changed by somebody else meanwhile; look at it again, then repeat what you did", r.Number)
		}
		before := r
		step, err := f(tx, &r)
		if err != nil {
			return err
		}
		r.ID, r.Number, r.Version, r.Received, r.Created, r.Changed = before.ID, before.Number, before.Version+1, before.Received, before.Created, tx.tick().Time
		err = tx.exec(`UPDATE request SET version = ?, state = ?, due = ?, answered = ?, late = ?, changed = ?, patient = ?, job = ?, find = ?, body = ? WHERE id = ?`,
			r.Version, r.State, r.Due, r.Answered, r.Late, millis(r.Changed), r.Patient, r.Job, r.Find, string(r.Body), r.ID)
		if err != nil {
			return err
		}
		return tx.requestStep(r, before.State, step)
	})
	if err != nil {
		return Request{}, wrap("change request", err)
	}
	return r, nil
}

// requestStep adds what a step leaves beside the request.
func (tx *Tx) requestStep(r Request, before string, step RequestStep) error {
	e := step.Event
	err := tx.exec(`INSERT INTO request_event (request, ord, time, who, kind, step, before, after, note) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		r.ID, r.Version, millis(tx.Time), e.Who.Name, string(e.Who.Kind), e.Step, before, r.State, e.Note)
	if err != nil {
		return err
	}
	for _, d := range step.Given {
		d.Request, d.Time, d.Patient = r.ID, tx.Time, r.Patient
		if err := tx.addDisclosure(d); err != nil {
			return err
		}
	}
	if step.Audit.Target == "" {
		step.Audit.Target = r.Number
	}
	if step.Then != nil {
		if err := step.Then(tx, r.ID); err != nil {
			return err
		}
	}
	return tx.record(step.Audit)
}

const requestColumns = `id, number, version, state, received, due, answered, late, created, changed, patient, job, find, body`

func requestOf(scan row) (Request, error) {
	var r Request
	var created, changed int64
	var body string
	err := scan(&r.ID, &r.Number, &r.Version, &r.State, &r.Received, &r.Due, &r.Answered, &r.Late, &created, &changed, &r.Patient, &r.Job, &r.Find, &body)
	r.Created, r.Changed, r.Body = instant(created), instant(changed), []byte(body)
	return r, err
}

// Request is the request with that id or number; not-found otherwise.
func (s *Store) Request(ctx context.Context, id string) (Request, error) {
	r, err := requestBy(ctx, s.reads, id)
	return r, wrap("read request", err)
}

func requestBy(ctx context.Context, q querier, id string) (Request, error) {
	r, err := requestOf(func(dest ...any) error {
		return scan(ctx, q, `SELECT `+requestColumns+` FROM request WHERE id = ?1 OR number = ?1`, []any{id}, dest...)
	})
	if errors.Is(err, sql.ErrNoRows) {
		err = fhir.Errorf(fhir.CodeNotFound, "there is no request %.40q; the list of requests tells their numbers", id)
	}
	return r, err
}

// RequestEvents lists the steps of a request, oldest first.
func (s *Store) RequestEvents(ctx context.Context, id string) ([]RequestEvent, error) {
	rows, err := query(ctx, s.reads, `SELECT ord, time, who, kind, step, before, after, note FROM request_event WHERE request = ? ORDER BY ord`, id)
	all, err := collect(rows, err, func(scan row) (RequestEvent, error) {
		e, at := RequestEvent{Request: id}, int64(0)
		err := scan(&e.Ord, &at, &e.Who.Name, &e.Who.Kind, &e.Step, &e.Before, &e.After, &e.Note)
		e.Time = instant(at)
		return e, err
	})
	return all, wrap("read the steps of a request", err)
}
