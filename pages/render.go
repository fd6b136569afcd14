package pages

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"satchel/auth"
	"satchel/internal/texts"
)

// sheet is what the layout needs beside the page's own data.
type sheet struct {
	Lang, Title, Page string
	Practice          string
	Account           string // who is signed in; "" if nobody is
	Nav               []link // where that account may go
	Idle              int    // seconds until the session ends unused; 0: there is none
	Path              string
	Done              string // what was done a moment ago
	Guests            bool   // see [Route]
	Duty              bool   // something must be done before anything else
	Data              any
}

// link is one row of the navigation.
type link struct {
	Path, Key string
	Here      bool
}

// Render answers a page. data is the dot of its template.
func (v *Request) Render(page string, data any) error {
	return v.RenderStatus(http.StatusOK, page, data)
}

// RenderStatus is Render with another status.
func (v *Request) RenderStatus(status int, page string, data any) error {
	s, err := v.sheet(page, data)
	if err != nil {
		return err
	}
	body, err := v.Site.execute(page, "layout", s)
	if err != nil {
		return err
	}
	v.send(status, body)
	return nil
}

// Fragment answers a part of a page to a script that shows it instead of the last one: the template "part" of a page.
// more says that asking again is worth while.
func (v *Request) Fragment(page, part string, data any, more bool) error {
	body, err := v.Site.execute(page, part, data)
	if err != nil {
		return err
	}
	if !more {
		v.W.Header().Set("Satchel-Poll", "done")
	}
	v.send(http.StatusOK, body)
	return nil
}

func (v *Request) send(status int, body []byte) {
	h := v.W.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	v.W.WriteHeader(status)
	_, _ = v.W.Write(body) // a browser that went away is no error of ours
}

// execute fills a template in. Nothing is sent of a page that fails half-way.
func (d *Site) execute(page, part string, data any) ([]byte, error) {
	load := d.pages.templates[page]
	if load == nil {
		return nil, fmt.Errorf("there is no page %q", page)
	}
	t, err := load()
	if err != nil {
		return nil, fmt.Errorf("page %q: %w", page, err)
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, part, data); err != nil {
		return nil, fmt.Errorf("page %q: %w", page, err)
	}
	return b.Bytes(), nil
}

// sheet prepares the layout.
func (v *Request) sheet(page string, data any) (*sheet, error) {
	noun, t := nounOf(page), v.pages.texts
	title, err := t.Say(noun, titleKey(page))
	if err != nil {
		return nil, err
	}
	s := &sheet{Lang: texts.Language, Title: title, Page: page, Practice: v.Practice.Now().Name, Path: v.URL.Path, Data: data}
	s.Guests = v.Route != nil && v.Route.Guests
	if key := v.URL.Query().Get("done"); key != "" && v.Method == http.MethodGet {
		s.Done, _ = t.Find(noun, "done."+key) // what is no key of ours says nothing
	}
	if v.SignedIn() {
		s.Account = v.Session.Account.Name
		s.Idle = v.idle()
		s.Duty = v.Session.Must != auth.MustNothing
		if !s.Duty {
			s.Nav = v.nav()
		}
	}
	return s, nil
}

// idle is after how many seconds the session ends if it is not used; 0 if there is none.
func (v *Request) idle() int {
	if !v.SignedIn() {
		return 0
	}
	return max(1, int(v.Session.Left.Seconds()))
}

// nav is where whoever is signed in may go.
func (v *Request) nav() []link {
	var all []link
	staff := v.May(auth.Action{Verb: auth.VerbAdminWeb})
	for _, p := range v.pages.places {
		rt := p.route
		if rt.Kind == Staff && !staff || rt.Needs != nil && rt.Needs(v.Who) != nil {
			continue
		}
		here := v.URL.Path == p.path || p.path != "/" && strings.HasPrefix(v.URL.Path, p.path+"/")
		all = append(all, link{p.path, p.key, here})
	}
	return all
}

// trouble answers an error as a page: a status, a sentence that may be shown or "", and what to do next.
func (d *Site) trouble(v *Request, status int, text string) error {
	kind := "other"
	switch {
	case status == http.StatusNotFound || status == http.StatusGone:
		kind = "missing"
	case status == http.StatusForbidden:
		kind = "forbidden"
	case status == http.StatusTooManyRequests:
		kind = "busy"
	case status == http.StatusServiceUnavailable:
		kind = "unavailable"
	case status == http.StatusInsufficientStorage:
		kind = "full"
	case status >= http.StatusInternalServerError:
		kind = "broken"
	}
	if status >= http.StatusInternalServerError {
		text = ""
	}
	text = texts.Sentence(text)
	return v.RenderStatus(status, "trouble", map[string]any{"Kind": kind, "Text": text, "Status": status, "ID": v.ID, "SignedIn": v.SignedIn()})
}
