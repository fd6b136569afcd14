package pages

import (
	"net/http"

	"satchel/audit"
	"satchel/auth"
	"satchel/fhir"
	"satchel/requests"
)

const linkPath = "/r/"

// linkRoutes are the page on which somebody without an account loads a record. The ledger notes every wrong passphrase and
// every download; it counts them, too, so that nobody guesses.
func linkRoutes() []Route {
	return []Route{
		{Method: "GET", Pattern: "r/{token}", Kind: Public, Action: audit.NoEvent, Guests: true, Summary: "For people who were given a link: load the record", Run: showLink},
		{Method: "POST", Pattern: "r/{token}", Kind: Public, Action: audit.NoEvent, Guests: true, Long: true, Most: maxLinkForm, Summary: "Load the record with the passphrase", Run: openLink},
	}
}

// maxLinkForm bounds the form of a link.
const maxLinkForm = 16 << 10

// linkPage is the data of the page. It tells nothing of whose record it is.
type linkPage struct {
	Form     *Form
	Link     requests.Link
	Practice string
	Ask      string // whom to ask
	HTML     bool   // the file opens itself
	Left     int    // downloads
	Until    string // last day
}

// link is the link in the address. Nothing of the page is kept or told to others: its address opens something.
func (v *Request) link(f *Form) (linkPage, error) {
	h := v.W.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Robots-Tag", "noindex, nofollow, noarchive")
	l, err := v.ledger()
	if err != nil {
		return linkPage{}, err
	}
	p := linkPage{Form: f, Practice: l.Practice().Name, Ask: l.Practice().Ask()}
	p.Link, err = l.Link(v.Context(), v.Value("token"))
	p.HTML, p.Left, p.Until = p.Link.Form == requests.FormHTML, p.Link.Most-p.Link.Downloads, lastDay(l, p.Link)
	return p, err
}

// linkOver answers calmly that a link opens nothing, or nothing any more.
func (v *Request) linkOver(p linkPage, status int) error {
	v.Refused()
	return v.RenderStatus(status, "links-over", p)
}

// showLink asks for the passphrase.
func showLink(v *Request) error {
	p, err := v.link(NewForm())
	switch {
	case isCode(err, fhir.CodeNotFound):
		return v.linkOver(p, http.StatusNotFound)
	case err != nil:
		return err
	case p.Link.Ended != "":
		return v.linkOver(p, http.StatusGone)
	}
	return v.Render("links", p)
}

// openLink hands out the file if the passphrase is right.
func openLink(v *Request) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	p, err := v.link(f)
	switch {
	case isCode(err, fhir.CodeNotFound):
		return v.linkOver(p, http.StatusNotFound)
	case err != nil:
		return err
	}
	if f.Need("passphrase"); f.Bad() {
		return v.Invalid("links", p)
	}
	opened, err := v.Requests.Unlock(v.Context(), v.Value("token"), f.Secret("passphrase"), v.Address.String())
	switch {
	case err == nil:
		return v.sendLinked(opened)
	case isCode(err, fhir.CodeDeleted):
		if p, err = v.link(f); err != nil && !isCode(err, fhir.CodeNotFound) {
			return err
		}
		return v.linkOver(p, http.StatusGone)
	case isCode(err, fhir.CodeLogin):
		if p, err = v.link(f); err != nil {
			return err
		}
		f.Fail("passphrase", "wrong")
		return v.Invalid("links", p)
	case isCode(err, fhir.CodeThrottled):
		f.Fail("", "busy")
		v.Refused()
		return v.RenderStatus(http.StatusTooManyRequests, "links", p)
	}
	return err
}

// sendLinked hands out the file of a link, whole: each download counts.
func (v *Request) sendLinked(o requests.Opened) error {
	for _, name := range []string{"Range", "If-Range", "If-None-Match", "If-Modified-Since"} {
		v.Header.Del(name)
	}
	return v.sendJobFile(auth.Granted(audit.Who{Kind: audit.Anonymous}, v.Address.String(), v.ID), o.Job, o.File)
}
