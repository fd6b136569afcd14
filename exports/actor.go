package exports

import (
	"fmt"
	"slices"
	"strings"

	"satchel/audit"
	"satchel/auth"
)

// Actor is who does a deed. The zero actor may do nothing.
type Actor struct {
	Who       audit.Who
	From      string // remote address; "" on the machine itself
	RequestID string // of the HTTP request; "" for none
	Status    int    // HTTP status that answers a success; 0 for none

	principal auth.Principal
	granted   bool // something else than permissions has decided
}

// Account is an account that is signed in, or a client with a token. Its permissions decide.
func Account(p auth.Principal, from, requestID string, status int) Actor {
	kind := audit.User
	if p.Service {
		kind = audit.Client
	}
	return Actor{Who: audit.Who{Name: p.Name, Kind: kind}, From: from, RequestID: requestID, Status: status, principal: p}
}

// Command is a command on the machine itself: whoever can read the data directory may do everything.
func Command(who audit.Who) Actor { return Actor{Who: who, granted: true} }

// Granted is somebody to whom the ledger of requests has given what the deed is about: people have approved it.
func Granted(who audit.Who, from, requestID string) Actor {
	return Actor{Who: who, From: from, RequestID: requestID, granted: true}
}

// decide returns nil if the actor may do it, and otherwise a fhir.Error forbidden or not-found.
func (a Actor) decide(do auth.Action) error {
	if a.granted {
		return nil
	}
	return a.principal.Decide(do)
}

// Note is what a deed leaves for the audit log. The event of a deed that changes something is stored with the change. That
// of a deed that only reads, or that was refused, is stored by the caller before anything is answered, with the answer's
// status.
type Note struct {
	audit.Event
	Stored bool
}

// note begins the event of a deed.
func (a Actor) note(action audit.Action) Note {
	return Note{Event: audit.Event{Who: a.Who, From: a.From, RequestID: a.RequestID, Status: a.Status, Action: action}}
}

// words adds to the detail.
func (n *Note) words(format string, args ...any) {
	n.Detail = strings.TrimPrefix(n.Detail+"; "+fmt.Sprintf(format, args...), "; ")
}

// about adds patients, each once.
func (n *Note) about(patients ...string) {
	for _, id := range patients {
		if !slices.Contains(n.Patients, id) {
			n.Patients = append(n.Patients, id)
		}
	}
}

// done returns the note as stored, with its target.
func (n Note) done(target string) Note {
	n.Target, n.Stored = target, true
	return n
}
