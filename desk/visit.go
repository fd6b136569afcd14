package desk

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"satchel/audit"
	"satchel/auth"
	"satchel/exports"
	"satchel/storage"
)

// House is what the server around the pages does for one visit.
type House interface {
	Decided()                                          // auth has agreed to what the answer will tell or do
	SetSession(token string)                           // hands a session's token to the browser; "" takes it away
	SignedIn(account string)                           // tells the audit log who signed in
	SignInFailed(ctx context.Context, account string)  // tells the audit log who did not
	Target(target string)                              // tells the audit log what the visit is about
	Saw(patients ...string)                            // tells the audit log whose data it is about
	Detail(format string, args ...any)                 // tells the audit log a few words without health data
	Refused()                                          // tells the audit log that the answer is a refusal, whatever its status
	Noted()                                            // the audit log has what the visit is about already: something else has noted it
	Did(note exports.Note, err error)                  // tells the audit log of a deed on an export or package; one that was done was decided on
	Deed(status int, do func(audit.Event) error) error // gives do the visit's event, which is stored if do returns nil
	// Write runs f in a transaction that stores the visit's event with this status, as f leaves it, if f changes something.
	Write(status int, f func(tx *storage.Tx) error) error
}

// Visit is one request for a page.
type Visit struct {
	*Desk
	*http.Request
	W       http.ResponseWriter
	Session auth.Session   // without an account if nobody is signed in
	Who     auth.Principal // of the session
	Token   string         // of the session; "" if nobody is signed in
	Address netip.Addr     // of the client
	Local   bool           // the client sits at the server's machine
	Base    string         // URL of the server as the client sees it, without a slash at its end
	ID      string         // of the request

	House  House
	Route  *Route // nil: no page is at the address
	Values map[string]string
}

// SignedIn reports whether somebody is signed in.
func (v *Visit) SignedIn() bool { return v.Session.Account.Name != "" }

// Value is the value of a placeholder of the route's pattern.
func (v *Visit) Value(name string) string { return v.Values[name] }

// Decide answers nil if whoever is signed in may do it, and otherwise the refusal that a page returns.
func (v *Visit) Decide(do auth.Action) error {
	if err := v.Who.Decide(do); err != nil {
		return err
	}
	v.House.Decided()
	return nil
}

// actor is who does a deed on an export or package. status is what a success is answered with.
func (v *Visit) actor(status int) exports.Actor {
	return exports.Account(v.Who, v.Address.String(), v.ID, status)
}

// May reports whether whoever is signed in may do it, for a button that others do not see. It decides nothing.
func (v *Visit) May(do auth.Action) bool { return v.SignedIn() && v.Who.Decide(do) == nil }

// Saw tells the audit log of patients whose data the answer tells or changes.
func (v *Visit) Saw(patients ...string) { v.House.Saw(patients...) }

// Target tells the audit log what the visit is about, such as "Group/1".
func (v *Visit) Target(target string) { v.House.Target(target) }

// Detail tells the audit log a few words without health data.
func (v *Visit) Detail(format string, args ...any) { v.House.Detail(format, args...) }

// Deed gives do the visit's event: the storage method that does what the visit is about takes it and stores it in the same
// transaction. If do returns nil, the event is stored.
func (v *Visit) Deed(do func(e audit.Event) error) error {
	return v.House.Deed(http.StatusSeeOther, do)
}

// DeedHere is [Visit.Deed] for a visit that ends in a page and not in a redirect.
func (v *Visit) DeedHere(do func(e audit.Event) error) error {
	return v.House.Deed(http.StatusOK, do)
}

// Write runs f in a transaction that stores the visit's event, as f leaves it, if f changes something.
func (v *Visit) Write(f func(tx *storage.Tx) error) error {
	return v.House.Write(http.StatusSeeOther, f)
}

// Redirect leads to another page of this server, by GET.
func (v *Visit) Redirect(path string) error {
	v.W.Header().Set("Location", path)
	v.W.WriteHeader(http.StatusSeeOther)
	return nil
}

// Done leads to a page that tells the text "done.KEY" of that page's texts.
func (v *Visit) Done(path, key string) error {
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	return v.Redirect(path + separator + "done=" + url.QueryEscape(key))
}

// SamePath answers an address of this server that a visitor asked to be led to, and otherwise "/": whatever leads
// elsewhere, or would only lead here again.
func SamePath(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" {
		return "/"
	}
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f }) {
		return "/"
	}
	if u.Path == signInPath || strings.HasPrefix(u.Path, signInPath+"/") || u.Path == signOutPath || strings.HasPrefix(u.Path, "//") {
		return "/"
	}
	return path
}
