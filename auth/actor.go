package auth

import (
	"satchel/audit"
	"satchel/fhir"
	"satchel/storage"
)

// Actor is who does a deed. The zero actor may do nothing.
type Actor struct {
	Who       audit.Who
	From      string // remote address; "" on the machine itself
	RequestID string // of the HTTP request; "" for none
	Status    int    // HTTP status that answers a success; 0 for none
	Words     string // with which the detail of its events begins

	Principal Principal // whose permissions decide
	trusted   bool      // something else than permissions has decided
}

// ActorOf is an account that is signed in, or a client with a token. Its permissions decide.
func ActorOf(p Principal, from, requestID string, status int) Actor {
	kind := audit.User
	if p.Service {
		kind = audit.Client
	}
	return Actor{Who: audit.Who{Name: p.Name, Kind: kind}, From: from, RequestID: requestID, Status: status, Principal: p}
}

// Command is a command on the machine itself: whoever can read the data directory may do everything. words are how it is
// called, such as "satchel user add".
func Command(who audit.Who, words string) Actor { return Actor{Who: who, Words: words, trusted: true} }

// Granted is somebody to whom something else than permissions has given what the deed is about: people have approved it, or
// the setup code of the first run was told.
func Granted(who audit.Who, from, requestID string) Actor {
	return Actor{Who: who, From: from, RequestID: requestID, trusted: true}
}

// Trusted reports whether something else than permissions has decided.
func (a Actor) Trusted() bool { return a.trusted }

// Decide returns nil if the actor may do it, and otherwise a fhir.Error forbidden or not-found.
func (a Actor) Decide(do Action) error {
	if a.trusted {
		return nil
	}
	return a.Principal.Decide(do)
}

// grants refuses to hand out, or to decide about, what the actor does not hold.
func (a Actor) grants(authorities ...[]storage.Authority) error {
	for _, all := range authorities {
		if a.trusted {
			return nil
		}
		if err := CheckGrant(a.Principal, all); err != nil {
			return err
		}
	}
	return nil
}

// own begins the event of a deed on the own account. Whoever has none is refused.
func (a Actor) own(action audit.Action) (audit.Note, error) {
	note := a.Note(action)
	if a.trusted || a.Principal.Service || a.Principal.Name == "" {
		return note, fhir.Errorf(fhir.CodeForbidden, "%q has no account of its own; sign in as a user", a.Who.Name)
	}
	note.Target = a.Principal.Name
	return note, nil
}

// Note begins the event of a deed.
func (a Actor) Note(action audit.Action) audit.Note {
	return audit.Note{Event: audit.Event{Who: a.Who, From: a.From, RequestID: a.RequestID, Status: a.Status, Action: action, Detail: a.Words}}
}
