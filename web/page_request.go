package web

import (
	"context"
	"net/http"
	"net/netip"

	"satchel/audit"
	"satchel/auth"
	"satchel/storage"
)

// PageRequest is one request for a page.
type PageRequest struct {
	*http.Request
	W       http.ResponseWriter
	Session auth.Session   // without an account if nobody is signed in
	Who     auth.Principal // of the session
	Token   string         // of the session; "" if nobody is signed in
	Address netip.Addr     // of the client
	Local   bool           // the client sits at the server's machine
	Base    string         // URL of the server as the client sees it, without a slash at its end
	ID      string         // of the request
	Page    *Page          // nil: no page is at the address
	Values  map[string]string

	server *Server
	answer *Answer
}

// SignedIn reports whether somebody is signed in.
func (p *PageRequest) SignedIn() bool { return p.Session.Account.Name != "" }

// Value is the value of a placeholder of the page's pattern.
func (p *PageRequest) Value(name string) string { return p.Values[name] }

// Decide returns nil if whoever is signed in may do it, and otherwise the refusal that a page returns.
func (p *PageRequest) Decide(do auth.Action) error {
	if err := p.Who.Decide(do); err != nil {
		return err
	}
	p.Decided()
	return nil
}

// Decided says that auth has agreed to what the answer will hold or do.
func (p *PageRequest) Decided() { p.answer.Decided = true }

// May reports whether whoever is signed in may do it, for a button that others do not see. It decides nothing.
func (p *PageRequest) May(do auth.Action) bool { return p.SignedIn() && p.Who.Decide(do) == nil }

// Actor is who does a deed on an export or package. status is that of a success.
func (p *PageRequest) Actor(status int) auth.Actor {
	return auth.ActorOf(p.Who, p.Address.String(), p.ID, status)
}

// SetSession hands a session's token to the browser; "" takes it away.
func (p *PageRequest) SetSession(token string) { p.server.SetCookie(p.answer, p.Request, token) }

// NoteSignIn notes who signed in.
func (p *PageRequest) NoteSignIn(account string) {
	p.answer.SignedIn(audit.Who{Name: account, Kind: audit.User})
}

// NoteFailedSignIn notes in the audit log who did not.
func (p *PageRequest) NoteFailedSignIn(ctx context.Context, account string) {
	p.answer.Trail.FailSignIn(ctx, account)
}

// Target notes in the audit log what the request is about, such as "Group/1".
func (p *PageRequest) Target(target string) { p.answer.Trail.SetTarget(target) }

// Saw notes in the audit log patients whose data the answer holds or changes.
func (p *PageRequest) Saw(patients ...string) { p.answer.Trail.AddPatients(patients...) }

// Detail notes in the audit log a few words without health data.
func (p *PageRequest) Detail(format string, args ...any) { p.answer.Trail.Words(format, args...) }

// Refused notes in the audit log that the answer is a refusal, whatever its status.
func (p *PageRequest) Refused() { p.answer.Trail.markRefused() }

// Noted says that the audit log has what the request is about already.
func (p *PageRequest) Noted() { p.answer.Trail = Trail{} }

// Did takes over what a deed on an export or package leaves to be noted; one that was done was decided on.
func (p *PageRequest) Did(n audit.Note, err error) { p.answer.did(n, err) }

// Write runs f in a transaction that stores the request's event, as f leaves it, if f changes something.
func (p *PageRequest) Write(f func(tx *storage.Tx) error) error {
	return p.answer.Trail.Write(p.Context(), p.server.Store, http.StatusSeeOther, f)
}
