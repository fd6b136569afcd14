package api

import (
	"net/http"
	"time"

	"satchel/web"

	"satchel/audit"
	"satchel/auth"
	"satchel/fhir"
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

// openSession signs in with a name and a password: POST /api/session. A session that the browser had ends.
func openSession(w http.ResponseWriter, c *web.Call) error {
	var t struct {
		Username string `json:"username"`
		Password string `json:"password"`
		Code     string `json:"code"`
	}
	if err := c.ReadJSON(maxSignIn, &t, `a sign-in such as {"username":"anna","password":"…","code":"123456"}, the code only if the account has a second factor`); err != nil {
		return err
	}
	token, session, err := c.Server.Auth.OpenSession(c.Context(), c.Server.Client(c.Request).String(), t.Username, t.Password, t.Code)
	if err != nil {
		c.Answer.Trail.FailSignIn(c.Context(), t.Username)
		return err
	}
	if old := c.Server.SessionToken(c.Request); old != "" {
		if err := c.Server.Auth.CloseSession(c.Context(), old); err != nil {
			return err
		}
	}
	c.Answer.SignedIn(audit.Who{Name: session.Account.Name, Kind: audit.User})
	return sendSession(c, w, token, session)
}

// renewSession begins a new session in the place of those that a change of the account has ended, if the caller came
// with one.
func renewSession(c *web.Call, w http.ResponseWriter, factors int) error {
	if c.Server.SessionToken(c.Request) == "" || c.Header.Get("Authorization") != "" {
		return nil
	}
	a, err := c.Server.Store.Account(c.Context(), c.Who.Name)
	if err != nil {
		return err
	}
	token, _, err := c.Server.Auth.NewSession(c.Context(), a, factors)
	if err != nil {
		return err
	}
	c.Server.SetCookie(w, c.Request, token)
	return nil
}

// sendSession answers a session and hands out its token, if there is a new one.
func sendSession(c *web.Call, w http.ResponseWriter, token string, n auth.Session) error {
	if token != "" {
		c.Server.SetCookie(w, c.Request, token)
	}
	return c.SendValue(w, http.StatusOK, sessionText{n.Account.Name, n.Factors, n.Must, n.Created.UTC(), n.Idle.UTC(), n.Ends.UTC()})
}

// getSession answers the own session: GET /api/session.
func getSession(w http.ResponseWriter, c *web.Call) error {
	if err := c.Own(); err != nil {
		return err
	}
	token := c.Server.SessionToken(c.Request)
	if token == "" {
		return fhir.Errorf(fhir.CodeNotFound, "this request brings no session; begin one with POST /api/session")
	}
	n, err := c.Server.Auth.Session(c.Context(), token)
	if err != nil {
		return err
	}
	return sendSession(c, w, "", n)
}

// closeSession signs out: DELETE /api/session.
func closeSession(w http.ResponseWriter, c *web.Call) error {
	if err := c.Own(); err != nil {
		return err
	}
	if token := c.Server.SessionToken(c.Request); token != "" {
		if err := c.Server.Auth.CloseSession(c.Context(), token); err != nil {
			return err
		}
	}
	c.Server.SetCookie(w, c.Request, "")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// closeSessions signs out everywhere: DELETE /api/sessions.
func closeSessions(w http.ResponseWriter, c *web.Call) error {
	if err := c.Own(); err != nil {
		return err
	}
	_, note, err := c.Server.Auth.EndSessions(c.Context(), c.Actor(http.StatusNoContent), c.Who.Name)
	if c.Did(note, err); err != nil {
		return err
	}
	c.Server.SetCookie(w, c.Request, "")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// changePassword gives the own account a new password: PUT /api/account/password. All sessions end but the one at hand,
// which begins anew.
func changePassword(w http.ResponseWriter, c *web.Call) error {
	if err := c.Own(); err != nil {
		return err
	}
	var t struct {
		Old string `json:"oldPassword"`
		New string `json:"newPassword"`
	}
	if err := c.ReadJSON(maxSignIn, &t, `{"oldPassword":"…","newPassword":"…"}`); err != nil {
		return err
	}
	factors, err := factors(c)
	if err != nil {
		return err
	}
	note, err := c.Server.Auth.ChangePassword(c.Context(), c.Actor(http.StatusNoContent), t.Old, t.New)
	if c.Did(note, err); err != nil {
		return mistyped(err)
	}
	if err := renewSession(c, w, factors); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// factors are those of the session at hand, if there is one.
func factors(c *web.Call) (int, error) {
	token := c.Server.SessionToken(c.Request)
	if token == "" || c.Header.Get("Authorization") != "" {
		return 1, nil
	}
	n, err := c.Server.Auth.Session(c.Context(), token)
	return n.Factors, err
}

// mistyped tells a wrong password or code of somebody who is signed in from a request that is not: 422, so that no page
// thinks the session has ended.
func mistyped(err error) error {
	if fhir.IsCode(err, fhir.CodeLogin) {
		return web.Problemf(http.StatusUnprocessableEntity, fhir.CodeLogin, "%s", err.Error())
	}
	return err
}

// proof is what is asked for again before the second factor changes.
type proof struct {
	Password string `json:"password"`
	Code     string `json:"code"`
}

// enrol offers a second factor: POST /api/account/two-factor with the password.
func enrol(w http.ResponseWriter, c *web.Call) error {
	p, err := readProof(c)
	if err != nil {
		return err
	}
	offer, note, err := c.Server.Auth.Enrol(c.Context(), c.Actor(http.StatusCreated), p.Password)
	if c.Did(note, err); err != nil {
		return mistyped(err)
	}
	return c.SendValue(w, http.StatusCreated, offer)
}

// confirmSecondFactor switches it on: PUT /api/account/two-factor with a code.
func confirmSecondFactor(w http.ResponseWriter, c *web.Call) error {
	p, err := readProof(c)
	if err != nil {
		return err
	}
	recovery, note, err := c.Server.Auth.ConfirmSecondFactor(c.Context(), c.Actor(http.StatusOK), p.Code)
	if c.Did(note, err); err != nil {
		return mistyped(err)
	}
	if err := renewSession(c, w, 2); err != nil {
		return err
	}
	return c.SendValue(w, http.StatusOK, map[string][]string{"recoveryCodes": recovery})
}

// removeSecondFactor switches it off: DELETE /api/account/two-factor with password and code.
func removeSecondFactor(w http.ResponseWriter, c *web.Call) error {
	p, err := readProof(c)
	if err != nil {
		return err
	}
	note, err := c.Server.Auth.RemoveSecondFactor(c.Context(), c.Actor(http.StatusNoContent), p.Password, p.Code)
	if c.Did(note, err); err != nil {
		return mistyped(err)
	}
	if err := renewSession(c, w, 1); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// renewRecovery replaces the recovery codes: POST /api/account/recovery-codes with a code.
func renewRecovery(w http.ResponseWriter, c *web.Call) error {
	p, err := readProof(c)
	if err != nil {
		return err
	}
	recovery, note, err := c.Server.Auth.RenewRecoveryCodes(c.Context(), c.Actor(http.StatusCreated), p.Code)
	if c.Did(note, err); err != nil {
		return mistyped(err)
	}
	return c.SendValue(w, http.StatusCreated, map[string][]string{"recoveryCodes": recovery})
}

// readProof reads what is asked for again.
func readProof(c *web.Call) (p proof, err error) {
	if err := c.Own(); err != nil {
		return p, err
	}
	return p, c.ReadJSON(maxSignIn, &p, `{"password":"…"} or {"code":"123456"}, or both where both are asked for`)
}
