package web

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"satchel/audit"
	"satchel/auth"
	"satchel/fhir"
)

// Names of the session cookie. A browser takes the first only over TLS, for the whole server, and from nobody else: a
// neighbour under the same domain cannot plant one.
const (
	cookieSecure = "__Host-satchel"
	cookiePlain  = "satchel"
)

// maxSignIn bounds the bodies of sign-ins and of changes to the own account.
const maxSignIn = 16 << 10

// sessionText is a session as /api/session answers it.
type sessionText struct {
	Username string    `json:"username"`
	Factors  int       `json:"factors"`        // 1: password; 2: password and code
	Must     auth.Must `json:"must,omitempty"` // what must be done before anything else
	Created  time.Time `json:"created"`
	Idle     time.Time `json:"endsUnused"`
	Ends     time.Time `json:"ends"`
}

// secure reports whether clients reach this server by https.
func (s *server) secure(r *http.Request) bool { return strings.HasPrefix(s.baseURL(r), "https://") }

// cookieName is the name of the session cookie for this request.
func (s *server) cookieName(r *http.Request) string {
	if s.secure(r) {
		return cookieSecure
	}
	return cookiePlain
}

// sessionToken is the token in the session cookie, "" if there is none. Two cookies of the name are none: one of them was
// planted.
func (s *server) sessionToken(r *http.Request) string {
	if all := r.CookiesNamed(s.cookieName(r)); len(all) == 1 {
		return all[0].Value
	}
	return ""
}

// setCookie hands a session's token to the browser; "" takes it away. The cookie ends with the browser; the session ends
// by itself.
func (s *server) setCookie(w http.ResponseWriter, r *http.Request, token string) {
	c := &http.Cookie{Name: s.cookieName(r), Value: token, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: s.secure(r)}
	if token == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// signInSession takes the session cookie of a request that a page of this server, or the person at the browser, made. The
// cookie of a request that another page made is as good as none, beyond what the browser itself refuses.
func (s *server) signInSession(r *http.Request, token string) (auth.Session, error) {
	if !s.ownPage(r) {
		return auth.Session{}, fhir.Errorf(fhir.CodeForbidden, "a page of another site may not use this session")
	}
	return s.Auth.Session(r.Context(), token)
}

// ownPage reports whether a request with a cookie comes from a page of this very server. A link elsewhere may lead to an
// address here, as long as that only shows something.
func (s *server) ownPage(r *http.Request) bool {
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
		own, err2 := url.Parse(s.baseURL(r))
		return err == nil && err2 == nil && (u.Host == r.Host || u.Host == own.Host)
	}
	return shows && r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
}

// own says that what is answered is the caller's own, for which no permission is asked. Backend clients have no account.
func (c *call) own() error {
	if c.who.Service {
		return fhir.Errorf(fhir.CodeForbidden, "client %q has no account; sign in as a user", c.who.Name)
	}
	c.answer.decided = true
	return nil
}

// readJSON reads the body into v: JSON alone, every name known and exactly as it is written, none twice.
func (c *call) readJSON(limit int64, v any, shape string) error {
	body, err := c.body(limit, mediaJSON)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, v, json.RejectUnknownMembers(true)); err != nil {
		return fhir.Errorf(fhir.CodeStructure, "the body is not %s; every name must be written exactly so, once", shape)
	}
	return nil
}

// answerJSON sends a value.
func (c *call) answerJSON(w http.ResponseWriter, status int, v any) error {
	body, err := encode(v)
	if err != nil {
		return err
	}
	return c.sendJSON(w, status, mediaJSON, body)
}

// openSession signs in with a name and a password: POST /api/session. A session that the browser had ends.
func openSession(w http.ResponseWriter, c *call) error {
	var t struct {
		Username string `json:"username"`
		Password string `json:"password"`
		Code     string `json:"code"`
	}
	if err := c.readJSON(maxSignIn, &t, `a sign-in such as {"username":"anna","password":"…","code":"123456"}, the code only if the account has a second factor`); err != nil {
		return err
	}
	token, session, err := c.server.Auth.OpenSession(c.Context(), c.server.client(c.Request).String(), t.Username, t.Password, t.Code)
	if err != nil {
		c.answer.trail.failSignIn(c.Context(), t.Username)
		return err
	}
	if old := c.server.sessionToken(c.Request); old != "" {
		if err := c.server.Auth.CloseSession(c.Context(), old); err != nil {
			return err
		}
	}
	c.answer.account = session.Account.Name
	c.answer.trail.signedIn(audit.Who{Name: session.Account.Name, Kind: audit.User})
	return c.sendSession(w, token, session)
}

// renewSession begins a new session in the place of those that a change of the account has ended, if the caller came
// with one.
func (c *call) renewSession(w http.ResponseWriter, factors int) error {
	if c.server.sessionToken(c.Request) == "" || c.Header.Get("Authorization") != "" {
		return nil
	}
	a, err := c.server.Store.Account(c.Context(), c.who.Name)
	if err != nil {
		return err
	}
	token, _, err := c.server.Auth.NewSession(c.Context(), a, factors)
	if err != nil {
		return err
	}
	c.server.setCookie(w, c.Request, token)
	return nil
}

// sendSession answers a session and hands out its token, if there is a new one.
func (c *call) sendSession(w http.ResponseWriter, token string, n auth.Session) error {
	if token != "" {
		c.server.setCookie(w, c.Request, token)
	}
	return c.answerJSON(w, http.StatusOK, sessionText{n.Account.Name, n.Factors, n.Must, n.Created.UTC(), n.Idle.UTC(), n.Ends.UTC()})
}

// getSession answers the own session: GET /api/session.
func getSession(w http.ResponseWriter, c *call) error {
	if err := c.own(); err != nil {
		return err
	}
	token := c.server.sessionToken(c.Request)
	if token == "" {
		return fhir.Errorf(fhir.CodeNotFound, "this request brings no session; begin one with POST /api/session")
	}
	n, err := c.server.Auth.Session(c.Context(), token)
	if err != nil {
		return err
	}
	return c.sendSession(w, "", n)
}

// closeSession signs out: DELETE /api/session.
func closeSession(w http.ResponseWriter, c *call) error {
	if err := c.own(); err != nil {
		return err
	}
	if token := c.server.sessionToken(c.Request); token != "" {
		if err := c.server.Auth.CloseSession(c.Context(), token); err != nil {
			return err
		}
	}
	c.server.setCookie(w, c.Request, "")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// closeSessions signs out everywhere: DELETE /api/sessions.
func closeSessions(w http.ResponseWriter, c *call) error {
	if err := c.own(); err != nil {
		return err
	}
	err := c.deed(http.StatusNoContent, func(e audit.Event) error { return c.server.Auth.CloseSessions(c.Context(), e, c.who.Name) })
	if err != nil {
		return err
	}
	c.server.setCookie(w, c.Request, "")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// changePassword gives the own account a new password: PUT /api/account/password. All sessions end but the one at hand,
// which begins anew.
func changePassword(w http.ResponseWriter, c *call) error {
	if err := c.own(); err != nil {
		return err
	}
	var t struct {
		Old string `json:"oldPassword"`
		New string `json:"newPassword"`
	}
	if err := c.readJSON(maxSignIn, &t, `{"oldPassword":"…","newPassword":"…"}`); err != nil {
		return err
	}
	factors, err := c.factors()
	if err != nil {
		return err
	}
	err = c.deed(http.StatusNoContent, func(e audit.Event) error {
		_, err := c.server.Auth.ChangePassword(c.Context(), e, c.server.client(c.Request).String(), c.who.Name, t.Old, t.New)
		return err
	})
	if err != nil {
		return mistyped(err)
	}
	if err := c.renewSession(w, factors); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// factors are those of the session at hand, if there is one.
func (c *call) factors() (int, error) {
	token := c.server.sessionToken(c.Request)
	if token == "" || c.Header.Get("Authorization") != "" {
		return 1, nil
	}
	n, err := c.server.Auth.Session(c.Context(), token)
	return n.Factors, err
}

// mistyped tells a wrong password or code of somebody who is signed in from a request that is not: 422, so that no page
// thinks the session has ended.
func mistyped(err error) error {
	if isCode(err, fhir.CodeLogin) {
		return problemf(http.StatusUnprocessableEntity, fhir.CodeLogin, "%s", err.Error())
	}
	return err
}

// proof is what is asked for again before the second factor changes.
type proof struct {
	Password string `json:"password"`
	Code     string `json:"code"`
}

func (c *call) proof() (p proof, err error) {
	if err := c.own(); err != nil {
		return p, err
	}
	return p, c.readJSON(maxSignIn, &p, `{"password":"…"} or {"code":"123456"}, or both where both are asked for`)
}

// enrol offers a second factor: POST /api/account/two-factor with the password.
func enrol(w http.ResponseWriter, c *call) error {
	p, err := c.proof()
	if err != nil {
		return err
	}
	var offer auth.Enrolment
	err = c.deed(http.StatusCreated, func(e audit.Event) (err error) {
		offer, err = c.server.Auth.Enrol(c.Context(), e, c.server.client(c.Request).String(), c.who.Name, p.Password)
		return err
	})
	if err != nil {
		return mistyped(err)
	}
	return c.answerJSON(w, http.StatusCreated, offer)
}

// confirmSecondFactor switches it on: PUT /api/account/two-factor with a code.
func confirmSecondFactor(w http.ResponseWriter, c *call) error {
	p, err := c.proof()
	if err != nil {
		return err
	}
	var recovery []string
	err = c.deed(http.StatusOK, func(e audit.Event) (err error) {
		recovery, err = c.server.Auth.ConfirmSecondFactor(c.Context(), e, c.who.Name, p.Code)
		return err
	})
	if err != nil {
		return mistyped(err)
	}
	if err := c.renewSession(w, 2); err != nil {
		return err
	}
	return c.answerJSON(w, http.StatusOK, map[string][]string{"recoveryCodes": recovery})
}

// removeSecondFactor switches it off: DELETE /api/account/two-factor with password and code.
func removeSecondFactor(w http.ResponseWriter, c *call) error {
	p, err := c.proof()
	if err != nil {
		return err
	}
	err = c.deed(http.StatusNoContent, func(e audit.Event) error {
		return c.server.Auth.RemoveSecondFactor(c.Context(), e, c.server.client(c.Request).String(), c.who.Name, p.Password, p.Code)
	})
	if err != nil {
		return mistyped(err)
	}
	if err := c.renewSession(w, 1); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// renewRecovery replaces the recovery codes: POST /api/account/recovery-codes with a code.
func renewRecovery(w http.ResponseWriter, c *call) error {
	p, err := c.proof()
	if err != nil {
		return err
	}
	var recovery []string
	err = c.deed(http.StatusCreated, func(e audit.Event) (err error) {
		recovery, err = c.server.Auth.RenewRecoveryCodes(c.Context(), e, c.who.Name, p.Code)
		return err
	})
	if err != nil {
		return mistyped(err)
	}
	return c.answerJSON(w, http.StatusCreated, map[string][]string{"recoveryCodes": recovery})
}
