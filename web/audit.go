package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"satchel/audit"
	"satchel/auth"
)

// trail is what one request leaves in the audit log. It begins as a refused access and learns on the way what was
// wanted, by whom, and about whom. A write's trail is stored in the write's transaction, any other before the answer is
// sent: what cannot be noted is not answered. It holds ids and names of parameters, never what else came or went.
// A nil trail leaves nothing; all methods take one.
type trail struct {
	audit.Event
	server  *server
	entries []audit.Event // beside the request's own: entries of a Bundle, members of a Group
	stored  bool          // the log has it, or it was tried
	part    bool          // of an entry: the request's trail stores it
	refused bool          // a refusal, whatever the status of the answer
	call    *call         // whose parameters are to be named
}

// beginTrail begins the trail of a request.
func (s *server) beginTrail(w http.ResponseWriter, r *http.Request) {
	if a, ok := w.(*answer); ok {
		a.trail = s.newTrail(audit.Event{Who: audit.Who{Kind: audit.Anonymous}, From: s.client(r).String(), Action: audit.AccessRefused, RequestID: a.id})
	}
}

func (s *server) newTrail(e audit.Event) *trail {
	return &trail{Event: e, server: s}
}

// takeRoute notes which route the request takes. It ends where nothing is noted.
func (t *trail) takeRoute(rt *route) *trail {
	if t == nil || rt.action == audit.NoEvent {
		return nil
	}
	t.Action = rt.action
	return t
}

// setWho notes who asks.
func (t *trail) setWho(who auth.Principal) {
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
func (t *trail) refuseStranger(r *http.Request, who auth.Principal) {
	switch {
	case t == nil:
	case who.Name != "": // known, but something must be done first
		t.setWho(who)
	case r.Header.Get("Authorization") == "":
		t.Action = audit.AccessRefused
	default:
		name, _, _ := r.BasicAuth()
		t.failSignIn(r.Context(), name)
	}
}

// failSignIn notes a sign-in that was not good.
func (t *trail) failSignIn(ctx context.Context, name string) {
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

// markBatch notes that the Bundle is one.
func (t *trail) markBatch() {
	if t != nil {
		t.Action = audit.Batch
	}
}

// setTarget notes what it is about.
func (t *trail) setTarget(target string) {
	if t != nil {
		t.Target = target
	}
}

// addPatients notes patients whose data it is about.
func (t *trail) addPatients(patients ...string) {
	if t != nil {
		t.Patients = append(t.Patients, patients...)
	}
}

// addDetail adds to the detail.
func (t *trail) addDetail(format string, args ...any) {
	if t != nil {
		t.Detail = strings.TrimPrefix(t.Detail+"; "+fmt.Sprintf(format, args...), "; ")
	}
}

// signedIn notes who signed in.
func (t *trail) signedIn(who audit.Who) {
	if t != nil {
		t.Who, t.Target = who, who.Name
	}
}

// setAccount aims at an account or client, if there is one of that name.
func (t *trail) setAccount(ctx context.Context, name string) {
	if a, err := t.server.Store.Account(ctx, name); err == nil {
		t.Target = a.Name
	} else if c, err := t.server.Store.Client(ctx, name); err == nil {
		t.Target = c.Name
	}
}

// bySame completes an event that comes with the request's own.
func (t *trail) bySame(e audit.Event) audit.Event {
	e.Who, e.From, e.RequestID = t.Who, t.From, t.RequestID
	return e
}

// newEntry is the trail of an entry of a Bundle.
func (t *trail) newEntry(rt *route) *trail {
	if t == nil {
		return nil
	}
	e := t.server.newTrail(audit.Event{Who: t.Who, From: t.From, RequestID: t.RequestID})
	e.part = true
	return e.takeRoute(rt)
}

// addEntry takes over what an entry left, unless that is stored already.
func (t *trail) addEntry(e *trail, status int, err error) {
	if t == nil || e == nil || e.stored {
		return
	}
	if err != nil {
		status = problemOf(err).status
		e.entries = nil
	}
	e.complete()
	e.Status, e.Outcome = status, audit.OutcomeOf(status)
	t.entries = append(append(t.entries, e.Event), e.entries...)
	t.addPatients(e.Patients...)
}
