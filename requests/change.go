package requests

import (
	"cmp"
	"context"
	"strings"
	"time"

	"satchel/audit"
	"satchel/fhir"
	"satchel/storage"
)

// change is one step on its way.
type change struct {
	*Request
	tx    *storage.Tx
	by    By
	now   time.Time
	today Day
	note  string               // for the history
	event audit.Event          // Action and Detail; the rest is filled in
	given []storage.Disclosure // Who is filled in, if it is empty
}

// change does one step: it reads the request, refuses what its state does not allow, lets f do what the step means, and
// stores the request with its history and its event of the audit log, in one transaction.
func (l *Ledger) change(ctx context.Context, by By, seen Seen, step Step, note string, f func(c *change) error) (Request, error) {
	if err := by.check(); err != nil {
		return Request{}, err
	}
	if err := checkTexts(note); err != nil {
		return Request{}, err
	}
	row, err := l.store.ChangeRequest(ctx, seen.ID, seen.Version, func(tx *storage.Tx, row *storage.Request) (storage.RequestStep, error) {
		r, err := requestOf(*row)
		if err != nil {
			return storage.RequestStep{}, err
		}
		before, patients := r.State, r.patients()
		if r.State, err = next(r.Number, r.State, step); err != nil {
			return storage.RequestStep{}, err
		}
		c := &change{Request: &r, tx: tx, by: by, now: tx.Time, today: DayOf(tx.Time, l.Zone()), note: strings.TrimSpace(note),
			event: audit.Event{Action: audit.RequestStep}}
		if f != nil {
			if err := f(c); err != nil {
				return storage.RequestStep{}, err
			}
		}
		if *row, err = r.row(); err != nil {
			return storage.RequestStep{}, err
		}
		return c.outcome(step, before, patients), nil
	})
	if err != nil {
		return Request{}, err
	}
	return requestOf(row)
}

// outcome is what the step leaves beside the request.
func (c *change) outcome(step Step, before State, patients []string) storage.RequestStep {
	e := c.event
	e.Detail = strings.TrimSuffix(string(step)+", "+e.Detail, ", ")
	if before != c.State {
		e.Detail += "; " + string(before) + " to " + string(c.State)
	}
	patients = append(patients, c.patients()...)
	if len(c.given) > 0 && c.Scope == ScopePopulation {
		patients = []string{audit.Everybody}
	}
	for i := range c.given {
		c.given[i].Who = cmp.Or(c.given[i].Who, c.by.Who.Name)
	}
	return storage.RequestStep{
		Event: storage.RequestEvent{Who: c.by.Who, Step: string(step), Note: c.note},
		Audit: eventOf(c.by, e, patients...),
		Given: c.given,
	}
}

// patients are those whose records a request is about, as far as they are known: the patient, and who is the same person.
func (r Request) patients() []string { return append([]string{r.Patient}, r.Linked...) }

// eventOf completes an event with who did it, and to whose request.
func eventOf(by By, e audit.Event, patients ...string) audit.Event {
	e.Who, e.From, e.RequestID = by.Who, by.From, by.RequestID
	for _, p := range patients {
		if p != "" {
			e.Patients = append(e.Patients, p)
		}
	}
	return e
}

// answered notes that the practice has given its answer, and whether that was in time.
func (c *change) answered() {
	c.Answered, c.Late = c.today, c.today > c.Due
}

// needs refuses an empty text, saying what it is for.
func needs(text, what string) error {
	if strings.TrimSpace(text) == "" {
		return fhir.Errorf(fhir.CodeRequired, "%s", what)
	}
	return nil
}
