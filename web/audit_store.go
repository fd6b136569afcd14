package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"time"

	"satchel/audit"
	"satchel/fhir"
	"satchel/storage"
)

// Write runs f in a transaction that stores the trail as f leaves it, if f changes something. f knows the status that will be
// sent, or it is the given one.
func (t *Trail) Write(ctx context.Context, s *storage.Store, status int, f func(tx *storage.Tx) error) error {
	stored, err := s.Write(ctx, func(tx *storage.Tx) ([]audit.Event, error) {
		if err := f(tx); err != nil || !t.Leaves() {
			return nil, err
		}
		t.Status = cmp.Or(t.Status, status)
		return t.events(), nil
	})
	t.Stored = t.Stored || stored != nil
	return err
}

// events are what is stored if all goes well: the event itself, and those beside it.
func (t *Trail) events() []audit.Event {
	t.complete()
	t.Outcome = audit.OutcomeOf(t.Status)
	return append([]audit.Event{t.Event}, t.Entries...)
}

// slowestNote is how long an answer may wait for the audit log.
const slowestNote = 15 * time.Second

// store stores the trail before an answer with this status begins. An error means that the answer must not be given.
func (t *Trail) store(status int) (err error) {
	if !t.Leaves() || t.part || t.Stored {
		return nil
	}
	t.Stored = true // or tried once
	defer func() {
		if cause := recover(); cause != nil { // perhaps the answer tells of the same one
			err = fmt.Errorf("panic: %v", cause)
		}
	}()
	t.complete()
	t.Status, t.Outcome = status, audit.OutcomeOf(status)
	if t.refused && status < 400 {
		t.Outcome = audit.Refused
	}
	if t.Action != audit.Batch && status >= 400 {
		t.Entries = nil // they did not happen
	}
	ctx, cancel := context.WithTimeout(context.Background(), slowestNote)
	defer cancel()
	return t.server.Store.Audit(ctx, append([]audit.Event{t.Event}, t.Entries...)...)
}

// storeTrail stores the trail before an answer begins. If that fails, it sends 503 instead, and false; what the handler
// writes then goes nowhere. An answer that tells of a fault of the server goes out as it is: it holds nothing else.
func (a *Answer) storeTrail(status int) bool {
	if status < 200 {
		return true
	}
	err := a.Trail.store(status)
	if err == nil {
		return true
	}
	a.Trail.server.Log.Error("audit log not written", "route", a.Route, "request", a.ID, "status", status, "err", err.Error())
	if status >= 500 {
		return true
	}
	h := a.Header()
	clear(h)
	safeHeaders(h, a.ID)
	a.Status, a.muted = http.StatusServiceUnavailable, true
	h.Set("Content-Type", MediaFHIR)
	h.Set("Retry-After", "5")
	a.extend()
	if a.page != nil {
		h.Set("Content-Type", "text/plain; charset=utf-8")
		a.ResponseWriter.WriteHeader(a.Status)
		_, _ = a.ResponseWriter.Write([]byte("The audit log cannot be written, and nothing is answered without it. Try again; if it stays so, look at the server's disk.\n"))
		return false
	}
	a.ResponseWriter.WriteHeader(a.Status)
	_, _ = a.ResponseWriter.Write(fhir.Outcome(fhir.Issue{Severity: fhir.SeverityError, Code: fhir.CodeTransient,
		Diagnostics: "the audit log cannot be written, and nothing is answered without it; try again, and if it stays so, look at the server's disk"}))
	return false
}
