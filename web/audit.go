package web

import (
	"context"
	"net/http"

	"satchel/audit"
	"satchel/auth"
)

// Trail is what one request leaves in the audit log. It begins as a refused access and learns on the way what was
// wanted, by whom, and about whom. A write's trail is stored in the write's transaction, any other before the answer is
// sent: what cannot be noted is not answered. It holds ids and names of parameters, never what else came or went.
// The zero trail leaves nothing: that of a request which nobody has begun one for, or whose route has [audit.NoEvent].
type Trail struct {
	audit.Note
	Entries []audit.Event // beside the request's own: entries of a Bundle, members of a Group
	server  *Server       // nil: of the zero trail
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

func (s *Server) newTrail(e audit.Event) Trail {
	return Trail{Note: audit.Note{Event: e}, server: s}
}

// Leaves reports whether the trail leaves something.
func (t *Trail) Leaves() bool { return t.server != nil }

// takeRoute notes which route the request takes. It ends where nothing is noted.
func (t *Trail) takeRoute(rt *Route) {
	if t.Action = rt.Action; rt.Action == audit.NoEvent {
		*t = Trail{}
	}
}

// setWho notes who asks.
func (t *Trail) setWho(who auth.Principal) {
	t.Who = audit.Who{Name: who.Name, Kind: audit.User}
	if who.Service {
		t.Who.Kind = audit.Client
	}
}

// refuseStranger notes credentials that were not good, or missing. A name that belongs to an account is noted; any other
// may be a password that was typed in the wrong place.
func (t *Trail) refuseStranger(r *http.Request, who auth.Principal) {
	switch {
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
	t.Action = audit.SignInFailed
	t.setAccount(ctx, name)
}

// MarkBatch notes that the Bundle is one.
func (t *Trail) MarkBatch() { t.Action = audit.Batch }

// SetTarget notes what it is about.
func (t *Trail) SetTarget(target string) { t.Target = target }

// AddPatients notes patients whose data it is about.
func (t *Trail) AddPatients(patients ...string) { t.Patients = append(t.Patients, patients...) }

// SignedIn notes, in the audit log and in the log of requests, who has signed in by this request.
func (a *Answer) SignedIn(who audit.Who) {
	a.Account, a.service = who.Name, who.Kind == audit.Client
	a.Trail.Who, a.Trail.Target = who, who.Name
}

// setAccount aims at an account or client, if there is one of that name.
func (t *Trail) setAccount(ctx context.Context, name string) {
	if !t.Leaves() {
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
func (t *Trail) NewEntry(rt *Route) Trail {
	e := t.server.newTrail(audit.Event{Who: t.Who, From: t.From, RequestID: t.RequestID})
	e.part = true
	e.takeRoute(rt)
	return e
}

// AddEntry takes over what an entry left, unless that is stored already.
func (t *Trail) AddEntry(e *Trail, status int, err error) {
	if !t.Leaves() || !e.Leaves() || e.Stored {
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
	t.refused = true
	if t.Who == (audit.Who{Kind: audit.Anonymous}) && t.Action != audit.SignIn && t.Action != audit.SignInFailed {
		t.Action = audit.AccessRefused
	}
}
