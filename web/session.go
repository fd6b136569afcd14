package web

import (
	"net/http"
	"net/url"
	"strings"

	"satchel/auth"
	"satchel/fhir"
)

// Names of the session cookie. A browser takes the first only over TLS, for the whole server, and from nobody else: a
// neighbour under the same domain cannot plant one.
const (
	cookieSecure = "__Host-satchel"
	cookiePlain  = "satchel"
)

// secure reports whether clients reach this server by https.
func (s *Server) secure(r *http.Request) bool { return strings.HasPrefix(s.BaseURL(r), "https://") }

// cookieName is the name of the session cookie for this request.
func (s *Server) cookieName(r *http.Request) string {
	if s.secure(r) {
		return cookieSecure
	}
	return cookiePlain
}

// SessionToken is the token in the session cookie, "" if there is none. Two cookies of the name are none: one of them was
// planted.
func (s *Server) SessionToken(r *http.Request) string {
	if all := r.CookiesNamed(s.cookieName(r)); len(all) == 1 {
		return all[0].Value
	}
	return ""
}

// SetCookie hands a session's token to the browser; "" takes it away. The cookie ends with the browser; the session ends
// by itself.
func (s *Server) SetCookie(w http.ResponseWriter, r *http.Request, token string) {
	c := &http.Cookie{Name: s.cookieName(r), Value: token, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: s.secure(r)}
	if token == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// signInSession takes the session cookie of a request that a page of this server, or the person at the browser, made. The
// cookie of a request that another page made is as good as none, beyond what the browser itself refuses.
func (s *Server) signInSession(r *http.Request, token string) (auth.Session, error) {
	if !s.ownPage(r) {
		return auth.Session{}, fhir.Errorf(fhir.CodeForbidden, "a page of another site may not use this session")
	}
	return s.Auth.Session(r.Context(), token)
}

// ownPage reports whether a request with a cookie comes from a page of this very server. A link elsewhere may lead to an
// address here, as long as that only shows something.
func (s *Server) ownPage(r *http.Request) bool {
	shows := (r.Method == http.MethodGet || r.Method == http.MethodHead) && !strings.HasSuffix(r.URL.Path, "$export")
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin":
		return true
	case "none":
		return shows
	case "":
		origin := r.Header.Get("Origin") // of a browser without Sec-Fetch-Site
		if origin == "" {
			return true
		}
		u, err := url.Parse(origin)
		own, err2 := url.Parse(s.BaseURL(r))
		return err == nil && err2 == nil && (u.Host == r.Host || u.Host == own.Host)
	}
	return shows && r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
}

// Own says that what is answered is the caller's own, for which no permission is asked. Backend clients have no account.
func (c *Call) Own() error {
	if c.Who.Service {
		return fhir.Errorf(fhir.CodeForbidden, "client %q has no account; sign in as a user", c.Who.Name)
	}
	c.Answer.Decided = true
	return nil
}
