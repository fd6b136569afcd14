package requests

import (
	"context"
	"slices"
	"strings"

	"satchel/audit"
	"satchel/fhir"
	"satchel/storage"
)

// Intake is what is known of a request when it comes in. Of Details only what the requester said is read: Channel,
// Requester, Subject, Scope, Asked, Purpose, Wish, and App.
type Intake struct {
	Received Day    // zero: today; not later
	Patient  string // logical id; "": not yet identified, or everybody
	Details
	Note string

	// Then is called in the transaction that adds the request, with its id; an error of it takes the request back. Nil: nothing.
	Then func(tx *storage.Tx, id string) error `json:"-"`
}

// Record takes a request in. Errors: required or value if it cannot be one; not-found if the patient is not in the store.
func (l *Ledger) Record(ctx context.Context, by By, in Intake) (Request, error) {
	if err := by.check(); err != nil {
		return Request{}, err
	}
	d := in.Details
	r := Request{State: Received, Received: in.Received, Patient: in.Patient, Details: Details{
		Channel: d.Channel, Requester: d.Requester, Subject: d.Subject, Scope: d.Scope, Asked: d.Asked, Purpose: d.Purpose, Wish: d.Wish, App: d.App,
		RecordedBy: by.Who.Name,
	}}
	today := l.Today()
	if r.Received == 0 {
		r.Received = today
	}
	if r.Received > today {
		return Request{}, fhir.Errorf(fhir.CodeValue, "the day of receipt, %s, is in the future; write the day on which the request came in", r.Received)
	}
	r.Due = r.Received + Day(l.options.Days)
	r.touched(by.Who.Name)
	err := r.check()
	if err == nil {
		err = checkTexts(in.Note)
	}
	if err == nil {
		err = l.known(ctx, r.Patient)
	}
	if err != nil {
		return Request{}, err
	}
	if text := strings.TrimSpace(in.Note); text != "" {
		r.Notes = []Note{{l.store.Now().UTC(), by.Who.Name, text}}
	}
	row, err := r.row()
	if err != nil {
		return Request{}, err
	}
	detail := "by " + string(r.Channel) + ", scope " + string(r.Scope)
	row, err = l.store.AddRequest(ctx, r.Received.Year(), row, storage.RequestStep{
		Event: storage.RequestEvent{Who: by.Who, Step: string(StepRecord)},
		Audit: eventOf(by, audit.Event{Action: audit.RequestAdd, Detail: detail}, r.Patient),
		Then:  in.Then,
	})
	if err != nil {
		return Request{}, err
	}
	return requestOf(row)
}

// known refuses a patient who is not in the store.
func (l *Ledger) known(ctx context.Context, patient string) error {
	if patient == "" {
		return nil
	}
	_, err := l.store.Resource(ctx, "Patient", patient)
	return err
}

// Verify takes a request up: from here on it is being found out who asks.
func (l *Ledger) Verify(ctx context.Context, by By, seen Seen) (Request, error) {
	return l.change(ctx, by, seen, StepVerify, "", nil)
}

// Check notes how it was found out who asks. A second check replaces the first.
func (l *Ledger) Check(ctx context.Context, by By, seen Seen, how Proof, note string) (Request, error) {
	if err := how.check("the identity check"); err != nil {
		return Request{}, err
	}
	if how == "other" {
		if err := needs(note, "say in the note how it was found out who asks"); err != nil {
			return Request{}, err
		}
	}
	return l.change(ctx, by, seen, StepCheck, note, func(c *change) error {
		c.Request.Check = &Check{How: how, By: by.Who.Name, At: c.now, Note: c.note}
		c.event.Detail = string(how)
		c.touched(by.Who.Name)
		return nil
	})
}

// Amend lets f correct what was written down: Patient, Channel, Requester, Subject, Scope, Asked, Purpose, Wish, Linked and
// App; whatever else it changes is dropped. Who asks, for whom and for what can only be changed before the decision, and an
// identity check that was made before such a change is void.
func (l *Ledger) Amend(ctx context.Context, by By, seen Seen, f func(r *Request)) (Request, error) {
	return l.change(ctx, by, seen, StepAmend, "", func(c *change) error {
		before := *c.Request
		before.Linked = slices.Clone(before.Linked)
		wanted := before
		wanted.Linked = slices.Clone(before.Linked)
		if before.App != nil {
			app := *before.App
			wanted.App = &app
		}
		f(&wanted)
		c.amend(wanted)
		if c.material(before) {
			if before.State != Received && before.State != Verifying {
				return fhir.Errorf(fhir.CodeConflict, "request %s is %s: who asks, for whom and for what no longer change; take the decision back first", c.Number, before.State)
			}
			if c.Request.Check != nil {
				c.Request.Check = nil
				c.note = "the identity check from before no longer counts"
			}
			c.touched(by.Who.Name)
		}
		if err := c.Request.check(); err != nil {
			return err
		}
		if c.Patient != before.Patient {
			return l.known(ctx, c.Patient)
		}
		return nil
	})
}

// amend takes over what may be amended.
func (c *change) amend(w Request) {
	c.Patient = w.Patient
	c.Channel, c.Requester, c.Subject, c.Scope, c.Asked, c.Purpose, c.Wish = w.Channel, w.Requester, w.Subject, w.Scope, w.Asked, w.Purpose, w.Wish
	if c.Linked, c.App = w.Linked, w.App; len(c.Linked) == 0 {
		c.Confirmed = nil
	}
}

// material reports whether something was changed that a decision rests on.
func (c *change) material(before Request) bool {
	return c.Patient != before.Patient || c.Scope != before.Scope || c.Asked != before.Asked || c.Requester.Name != before.Requester.Name ||
		c.Requester.Role != before.Requester.Role || c.Requester.Organization != before.Requester.Organization ||
		c.Requester.Authority != before.Requester.Authority || !slices.Equal(c.Linked, before.Linked)
}

// AddNote writes something beside the request.
func (l *Ledger) AddNote(ctx context.Context, by By, seen Seen, text string) (Request, error) {
	if err := needs(text, "the note is empty; write something"); err != nil {
		return Request{}, err
	}
	return l.change(ctx, by, seen, StepNote, "", func(c *change) error {
		if err := checkTexts(text); err != nil {
			return err
		}
		c.Notes = append(c.Notes, Note{c.now, by.Who.Name, strings.TrimSpace(text)})
		return nil
	})
}

// Extend moves the due date once, by Options.ExtensionDays. The reason is told to the requester by letter, so it is
// required; an extension must be told while the first term runs (45 CFR 164.524(b)(2)), so it is refused after it.
func (l *Ledger) Extend(ctx context.Context, by By, seen Seen, reason string) (Request, error) {
	if err := needs(reason, "an extension needs a reason, which the letter tells"); err != nil {
		return Request{}, err
	}
	return l.change(ctx, by, seen, StepExtend, reason, func(c *change) error {
		switch {
		case c.Extension != nil:
			return fhir.Errorf(fhir.CodeConflict, "request %s was extended already, and there is one extension only; it is due on %s", c.Number, c.Due)
		case c.today > c.Due:
			return fhir.Errorf(fhir.CodeConflict, "request %s was due on %s; an extension must be told before that day is over", c.Number, c.Due)
		}
		c.Extension = &Extension{Days: l.options.ExtensionDays, From: c.Due, Reason: c.note, By: by.Who.Name, At: c.now}
		c.Due += Day(l.options.ExtensionDays)
		c.event.Detail = "due " + c.Due.String()
		return nil
	})
}

// Withdraw ends a request because whoever asked no longer wants it. Links to its package end.
func (l *Ledger) Withdraw(ctx context.Context, by By, seen Seen, note string) (Request, error) {
	return l.change(ctx, by, seen, StepWithdraw, note, func(c *change) error {
		c.Answered = c.today
		return c.tx.RevokeLinks(c.ID)
	})
}
