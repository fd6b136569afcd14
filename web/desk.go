package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"satchel/audit"
	"satchel/desk"
	"satchel/exports"
	"satchel/fhir"
	"satchel/storage"
)

// pageMost bounds the body of a form, unless the page's route says otherwise.
const pageMost = 1 << 20

// newDesk makes the staff pages and their table of routes.
func (s *server) newDesk() error {
	o := s.Desk
	o.Store, o.Exports, o.Auth, o.Log, o.Version, o.Requests = s.Store, s.Exports, s.Auth, s.Log, s.Version, s.Requests
	d, err := desk.New(o)
	if err != nil {
		return err
	}
	s.desk = d
	rows := desk.Routes()
	for i := range rows {
		s.pages = append(s.pages, route{method: rows[i].Method, pattern: rows[i].Pattern, action: rows[i].Action, summary: rows[i].Summary, page: &rows[i]})
	}
	prepared(s.pages)
	return nil
}

// pageHeaders are on every page: nothing from elsewhere, no script and no style but files of this server, no frame, and no
// form that goes elsewhere. Forms need an origin in their Referer where the browser sends no Sec-Fetch-Site.
func pageHeaders(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'; object-src 'none'")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
}

// isPage reports whether a request is for a page of the staff: a browser asks beside the programs' addresses, or anybody
// asks for an address that has a page.
func (s *server) isPage(r *http.Request) bool {
	path := r.URL.Path
	for _, other := range []string{fhirPath, "/api", "/oauth", "/.well-known"} {
		if path == other || strings.HasPrefix(path, other+"/") {
			return false
		}
	}
	if wantsPage(r) {
		return true
	}
	rt, _, err := find(s.pages, r.Method, r.URL.EscapedPath())
	return err == nil && rt.pattern != ""
}

// wantsPage reports whether a browser asks for something to show.
func wantsPage(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }

// visiting makes a request a visit, so that also its errors are pages.
func (s *server) visiting(a *answer, r *http.Request) *desk.Visit {
	pageHeaders(a.Header())
	a.visit = &desk.Visit{Desk: s.desk, Request: r, W: a, Address: s.client(r), Local: s.local(r), Base: strings.TrimSuffix(s.baseURL(r), fhirPath), ID: a.id}
	a.visit.House = &house{s, a}
	return a.visit
}

// servePage answers a page of the staff's.
func (s *server) servePage(w http.ResponseWriter, r *http.Request) {
	a := w.(*answer)
	v := s.visiting(a, r)
	if err := s.page(a, v); err != nil {
		s.fail(w, r, err)
	}
}

// page finds the route, knows who asks, and runs the page.
func (s *server) page(a *answer, v *desk.Visit) error {
	rt, values, err := find(s.pages, v.Method, v.URL.EscapedPath())
	if err != nil {
		return errors.Join(err, s.visitor(a, v))
	}
	s.beginTrail(a, v.Request)
	a.route, a.trail = "/"+rt.pattern, a.trail.takeRoute(rt)
	v.Route, v.Values = rt.page, values
	if err := s.visitor(a, v); err != nil {
		return err
	}
	a.guarded = rt.page.Kind.Guarded()
	most := rt.page.Most
	if most == 0 {
		most = pageMost
	}
	if v.ContentLength != 0 {
		v.Body = inTime(a, v.Body)
	}
	v.Body = http.MaxBytesReader(a, v.Body, most)
	if rt.page.Long {
		return s.desk.Serve(v)
	}
	ctx, cancel := context.WithTimeout(v.Context(), slowest)
	defer cancel()
	v.Request = v.WithContext(ctx)
	err = s.desk.Serve(v)
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
	_ = t.control.SetReadDeadline(time.Now().Add(slowest)) // a recorder has no deadlines
	return t
}

func (t timed) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	if err == io.EOF {
		_ = t.control.SetReadDeadline(time.Time{})
	}
	return n, err
}

// visitor finds the session of a visit. One that has ended is none; what a script asks for by itself keeps none alive.
func (s *server) visitor(a *answer, v *desk.Visit) error {
	token := s.sessionToken(v.Request)
	if token == "" {
		return nil
	}
	if v.Route != nil && v.Route.Kind.Guarded() && !s.ownPage(v.Request) {
		return fhir.Errorf(fhir.CodeForbidden, "a page of another site may not use this session")
	}
	look := s.Auth.Session
	if v.Route == nil || v.Route.Quiet {
		look = s.Auth.Look
	}
	n, err := look(v.Context(), token)
	if isCode(err, fhir.CodeLogin) {
		return nil
	} else if err != nil {
		return err
	}
	v.Session, v.Who, v.Token = n, n.Principal(), token
	a.account = v.Who.Name
	a.trail.setWho(v.Who)
	return nil
}

// trouble ends a visit with an error as a page.
func (s *server) trouble(a *answer, p *problem) {
	text := ""
	if len(p.issues) > 0 && (p.status != http.StatusNotFound || a.visit.Route != nil) {
		text = p.issues[0].Diagnostics
	}
	if p.status == http.StatusUnauthorized {
		a.Header().Set("WWW-Authenticate", `Cookie realm="Satchel"`)
	}
	if err := s.desk.Trouble(a.visit, p.status, text); err != nil {
		s.Log.Error("page of an error", "request", a.id, "err", err.Error())
		plain(a, p.status, http.StatusText(p.status)+"\n")
	}
}

// house is the server as a page sees it.
type house struct {
	server *server
	answer *answer
}

func (h *house) Decided() { h.answer.decided = true }

func (h *house) SetSession(token string) {
	h.server.setCookie(h.answer, h.answer.visit.Request, token)
}

func (h *house) SignedIn(account string) {
	h.answer.account = account
	h.answer.trail.signedIn(audit.Who{Name: account, Kind: audit.User})
}

func (h *house) SignInFailed(ctx context.Context, account string) {
	h.answer.trail.failSignIn(ctx, account)
}

func (h *house) Target(target string)              { h.answer.trail.setTarget(target) }
func (h *house) Saw(patients ...string)            { h.answer.trail.addPatients(patients...) }
func (h *house) Detail(format string, args ...any) { h.answer.trail.addDetail(format, args...) }
func (h *house) Refused()                          { h.answer.trail.markRefused() }
func (h *house) Noted()                            { h.answer.trail = nil }
func (h *house) Did(n exports.Note, err error)     { h.answer.did(n, err) }

func (h *house) Deed(status int, do func(e audit.Event) error) error {
	return h.answer.trail.deed(status, do)
}

func (h *house) Write(status int, f func(tx *storage.Tx) error) error {
	return h.answer.trail.write(h.answer.visit.Context(), h.server.Store, status, f)
}

var _ desk.House = (*house)(nil)

// markRefused notes that the answer is a refusal although its status is not one: a redirect to the sign-in. Who is not known
// was refused before it was known what they want.
func (t *trail) markRefused() {
	if t == nil {
		return
	}
	t.refused = true
	if t.Who == (audit.Who{Kind: audit.Anonymous}) && t.Action != audit.SignIn && t.Action != audit.SignInFailed {
		t.Action = audit.AccessRefused
	}
}
