package web

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"satchel/fhir"
)

// pageHeaders are on every page: nothing from elsewhere, no script and no style but files of this server, no frame, and no
// form that goes elsewhere. Forms need an origin in their Referer where the browser sends no Sec-Fetch-Site.
func pageHeaders(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'; object-src 'none'")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
}

// isPage reports whether a request for the address of a page is for the page: a browser asks, or it is a page's alone.
func (s *Server) isPage(r *http.Request) bool {
	if wantsPage(r) {
		return !forPrograms(r.URL.Path)
	}
	rt, _, err := FindRoute(s.pages, r.Method, r.URL.EscapedPath())
	return err == nil && rt.Pattern != "" // at "/" programs are told what this server is
}

// wantsPage reports whether a browser asks for something to show.
func wantsPage(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }

// asPage makes a request one for a page, and so its errors pages too.
func (s *Server) asPage(a *Answer, r *http.Request) *PageRequest {
	pageHeaders(a.Header())
	a.page = &PageRequest{Request: r, W: a, Address: s.Client(r), Local: s.local(r), Base: strings.TrimSuffix(s.BaseURL(r), FHIRPath), ID: a.ID, server: s, answer: a}
	return a.page
}

// servePage answers at the address of a page.
func (s *Server) servePage(w http.ResponseWriter, r *http.Request) {
	switch {
	case s.isPage(r):
		s.showPage(w, r)
	case r.URL.Path == "/" && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		s.front(w, r)
	default:
		s.notFound(w, r)
	}
}

// showPage runs a page.
func (s *Server) showPage(w http.ResponseWriter, r *http.Request) {
	a := w.(*Answer)
	if err := s.runPage(a, s.asPage(a, r)); err != nil {
		s.Fail(w, r, err)
	}
}

// showNoPage is the page of an address that the router does not know. It looks for no page: the router sends those to servePage.
func (s *Server) showNoPage(w http.ResponseWriter, r *http.Request) {
	a := w.(*Answer)
	err := fhir.Errorf(fhir.CodeNotFound, "there is nothing at this address")
	s.Fail(w, r, errors.Join(err, s.visitor(a, s.asPage(a, r))))
}

// runPage finds the page, knows who asks, and runs it.
func (s *Server) runPage(a *Answer, p *PageRequest) error {
	rt, values, err := FindRoute(s.pages, p.Method, p.URL.EscapedPath())
	if err != nil {
		return errors.Join(err, s.visitor(a, p))
	}
	s.BeginTrail(a, p.Request)
	a.Route = "/" + rt.Pattern
	a.Trail.takeRoute(rt)
	p.Page, p.Values = rt.page, values
	if err := s.visitor(a, p); err != nil {
		return err
	}
	if name := values["name"]; name != "" && p.SignedIn() {
		a.Trail.setAccount(p.Context(), name)
	}
	a.Guarded = p.Page.Guarded
	if p.ContentLength != 0 {
		p.Body = inTime(a, p.Body)
	}
	p.Body = http.MaxBytesReader(a, p.Body, cmp.Or(p.Page.Most, pageMost))
	if p.Page.Long {
		return p.Page.Run(p)
	}
	ctx, cancel := context.WithTimeout(p.Context(), Slowest)
	defer cancel()
	p.Request = p.WithContext(ctx)
	err = p.Page.Run(p)
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// timed is the body of a form that must arrive in time. Its end lifts the limit, which would otherwise end the call itself.
type timed struct {
	io.ReadCloser
	control *http.ResponseController
}

// inTime gives the client as long to send a form as a call may take. An upload of files gives itself more as it goes on.
func inTime(w http.ResponseWriter, body io.ReadCloser) io.ReadCloser {
	t := timed{body, http.NewResponseController(w)}
	_ = t.control.SetReadDeadline(time.Now().Add(Slowest)) // a recorder has no deadlines
	return t
}

func (t timed) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	if err == io.EOF {
		_ = t.control.SetReadDeadline(time.Time{})
	}
	return n, err
}

// visitor finds the session of a request for a page. One that has ended is none; what a script asks for by itself keeps none alive.
func (s *Server) visitor(a *Answer, p *PageRequest) error {
	token := s.SessionToken(p.Request)
	if token == "" {
		return nil
	}
	if p.Page != nil && p.Page.Guarded && !s.ownPage(p.Request) {
		return fhir.Errorf(fhir.CodeForbidden, "a page of another site may not use this session")
	}
	look := s.Auth.Session
	if p.Page == nil || p.Page.Quiet {
		look = s.Auth.Look
	}
	n, err := look(p.Context(), token)
	if fhir.IsCode(err, fhir.CodeLogin) {
		return nil
	} else if err != nil {
		return err
	}
	p.Session, p.Who, p.Token = n, n.Principal(), token
	a.Account = p.Who.Name
	a.Trail.setWho(p.Who)
	return nil
}

// trouble ends a request for a page with an error, as a page.
func (s *Server) trouble(a *Answer, p *Problem) {
	text := ""
	if len(p.Issues) > 0 && (p.Status != http.StatusNotFound || a.page.Page != nil) {
		text = p.Issues[0].Diagnostics
	}
	if p.Status == http.StatusUnauthorized {
		a.Header().Set("WWW-Authenticate", `Cookie realm="Satchel"`)
	}
	if err := s.Pages.Trouble(a.page, p.Status, text); err != nil {
		s.Log.Error("page of an error", "request", a.ID, "err", err.Error())
		plain(a, p.Status, http.StatusText(p.Status)+"\n")
	}
}
