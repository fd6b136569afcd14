package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"satchel/audit"
	"satchel/auth"
)

// Trail is what one request leaves in the audit log. It begins as a refused access and learns on the way what was
// wanted, by whom, and about whom. A write's trail is stored in the write's transaction, any other before the answer is
// sent: what cannot be noted is not answered. It holds ids and names of parameters, never what else came or went.
// A nil trail leaves nothing; all methods take one.
type Trail struct {
	audit.Event
	server  *Server
	Entries []audit.Event // beside the request's own: entries of a Bundle, members of a Group
	stored  bool          // the log has it, or it was tried
	part    bool          // of an entry: the request's trail stores it
	refused bool          // a refusal, whatever the status of the answer
	call    *Call         // whose parameters are to be named
}

// BeginTrail begins the trail of a request.
func (s *Server) BeginTrail(w http.ResponseWriter, r *http.Request) {
	if a, ok := w.(*Answer); ok {
		a.Trail = s.newTrail(audit.Event{Who: audit.Who{Kind: audit.Anonymous}, From: s.Client(r).String(), Action: audit.AccessRefused, RequestID: a.ID})
	}
}

func (s *Server) newTrail(e audit.Event) *Trail {
	return &Trail{Event: e, server: s}
}

// takeRoute notes which route the request takes. It ends where nothing is noted.
func (t *Trail) takeRoute(rt *Route) *Trail {
	if t == nil || rt.Action == audit.NoEvent {
		return nil
	}
	t.Action = rt.Action
	return t
}

// setWho notes who asks.
func (t *Trail) setWho(who auth.Principal) {
	if t == nil {
		return
	}
	t.Who = audit.Who{Name: who.Name, Kind: audit.User}
	if who.Service {
		t.Who.Kind = audit.Client
	}
}

// refuseStranger notes credentials that were not good, or missing. A name that belongs to an account is noted; any other
// may be a password that was typed in the wrong place.
func (t *Trail) refuseStranger(r *http.Request, who auth.Principal) {
	switch {
	case t == nil:
	case who.Name != "": // known, but something must be done first
		t.setWho(who)
	case r.Header.Get("Authorization") == "":
		t.Action = audit.AccessRefused
	default:
		name, _, _ := r.BasicAuth()
		t.FailSignIn(r.Context(), name)
	}
}

// FailSignIn notes a sign-in that was not good.
func (t *Trail) FailSignIn(ctx context.Context, name string) {
	if t == nil {
		return
	}
	t.Action = audit.SignInFailed
	if a, err := t.server.Store.Account(ctx, name); err == nil {
		t.Target = a.Name
	} else if c, err := t.server.Store.Client(ctx, name); err == nil {
		t.Target = c.Name
	}
}

// MarkBatch notes that the Bundle is one.
func (t *Trail) MarkBatch() {
	if t != nil {
		t.Action = audit.Batch
	}
}

// SetTarget notes what it is about.
func (t *Trail) SetTarget(target string) {
	if t != nil {
		t.Target = target
	}
}

// AddPatients notes patients whose data it is about.
func (t *Trail) AddPatients(patients ...string) {
	if t != nil {
		t.Patients = append(t.Patients, patients...)
	}
}

// AddDetail adds to the detail.
func (t *Trail) AddDetail(format string, args ...any) {
	if t != nil {
		t.Detail = strings.TrimPrefix(t.Detail+"; "+fmt.Sprintf(format, args...), "; ")
	}
}

// SignedIn notes who signed in.
func (t *Trail) SignedIn(who audit.Who) {
	if t != nil {
		t.Who, t.Target = who, who.Name
	}
}

// setAccount aims at an account or client, if there is one of that name.
func (t *Trail) setAccount(ctx context.Context, name string) {
	if t == nil {
		return
	}
	if a, err := t.server.Store.Account(ctx, name); err == nil {
		t.Target = a.Name
	} else if c, err := t.server.Store.Client(ctx, name); err == nil {
		t.Target = c.Name
	}
}

// BySame completes an event that comes with the request's own.
func (t *Trail) BySame(e audit.Event) audit.Event {
	e.Who, e.From, e.RequestID = t.Who, t.From, t.RequestID
	return e
}

// NewEntry is the trail of an entry of a Bundle.
func (t *Trail) NewEntry(rt *Route) *Trail {
	if t == nil {
		return nil
	}
	e := t.server.newTrail(audit.Event{Who: t.Who, From: t.From, RequestID: t.RequestID})
	e.part = true
	return e.takeRoute(rt)
}

// AddEntry takes over what an entry left, unless that is stored already.
func (t *Trail) AddEntry(e *Trail, status int, err error) {
	if t == nil || e == nil || e.stored {
		return
	}
	if err != nil {
		status = ProblemOf(err).Status
		e.Entries = nil
	}
	e.complete()
	e.Status, e.Outcome = status, audit.OutcomeOf(status)
	t.Entries = append(append(t.Entries, e.Event), e.Entries...)
	t.AddPatients(e.Patients...)
}

// markRefused notes that the answer is a refusal although its status is not one: a redirect to the sign-in. Who is not known
// was refused before it was known what they want.
func (t *Trail) markRefused() {
	if t == nil {
		return
	}
	t.refused = true
	if t.Who == (audit.Who{Kind: audit.Anonymous}) && t.Action != audit.SignIn && t.Action != audit.SignInFailed {
		t.Action = audit.AccessRefused
	}
}
