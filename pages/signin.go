package pages

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	"satchel/audit"
	"satchel/auth"
	"satchel/fhir"
)

const (
	signInPath  = "/sign-in"
	signOutPath = "/sign-out"
)

func signInRoutes() []Route {
	return []Route{
		{Method: "GET", Pattern: "sign-in", Kind: Public, Action: audit.NoEvent, Summary: "Sign in", Run: showSignIn},
		{Method: "POST", Pattern: "sign-in", Kind: Public, Action: audit.SignIn, Summary: "Sign in with name and password", Run: signIn},
		{Method: "POST", Pattern: "sign-in/code", Kind: Public, Action: audit.SignIn, Summary: "Sign in: the code of the second factor", Run: signInCode},
		{Method: "POST", Pattern: "sign-out", Kind: Public, Action: audit.SignOut, Summary: "Sign out", Run: signOut},
		{Method: "GET", Pattern: "session", Kind: Public, Action: audit.NoEvent, Quiet: true, Summary: "For scripts: how long the session lasts", Run: showSession},
		{Method: "POST", Pattern: "session", Kind: Duty, Action: audit.NoEvent, Summary: "For scripts: somebody is still there", Run: keepSession},
	}
}

// signInPage is the data of both pages of the sign-in.
type signInPage struct {
	Form    *Form
	Then    string // where it leads
	Pending string // of a sign-in whose password was right
	Ended   bool   // a session has ended
}

// showSignIn answers the form. Who is signed in already goes on.
func showSignIn(v *Request) error {
	then := SamePath(v.URL.Query().Get("then"))
	if v.SignedIn() {
		return v.Redirect(then)
	}
	return v.Render("signin", signInPage{Form: NewForm(), Then: then, Ended: v.URL.Query().Get("ended") != ""})
}

// signIn takes name and password. An account with a second factor comes to the page for its code.
func signIn(v *Request) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	page := signInPage{Form: f, Then: SamePath(f.Get("then"))}
	if f.Need("username", "password"); f.Bad() {
		v.NoteFailedSignIn(v.Context(), f.Get("username"))
		return v.Invalid("signin", page)
	}
	a, err := v.Auth.SignInFrom(v.Context(), v.Address.String(), f.Get("username"), f.Secret("password"))
	if err == nil && a.Service {
		err = fhir.Errorf(fhir.CodeForbidden, "%q is an account for a program; sign in with your own", a.Name)
	}
	if err != nil {
		return v.signInRefused(page, "signin", f.Get("username"), err)
	}
	if a.TOTP == nil {
		token, n, err := v.Auth.NewSession(v.Context(), a, 1)
		return v.begin(page, token, n, err)
	}
	v.Target(a.Name)
	v.Detail("the password was right; the code is asked for")
	v.Refused()
	page.Pending = v.pending.add(a, page.Then)
	return v.Render("signin-code", page)
}

// signInCode takes the code of the second factor, or a recovery code.
func signInCode(v *Request) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	p, ok := v.pending.find(f.Get("pending"))
	if !ok {
		v.Refused()
		return v.Redirect(signInPath + "?ended=1")
	}
	page := signInPage{Form: f, Then: p.then, Pending: f.Get("pending")}
	if f.Need("code"); f.Bad() {
		v.NoteFailedSignIn(v.Context(), p.account.Name)
		return v.Invalid("signin-code", page)
	}
	token, n, err := v.Auth.OpenSessionWithCode(v.Context(), p.account, f.Get("code"))
	if err != nil {
		return v.signInRefused(page, "signin-code", p.account.Name, err)
	}
	v.pending.forget(page.Pending)
	return v.begin(page, token, n, nil)
}

// signInRefused answers the form once more, and says why.
func (v *Request) signInRefused(page signInPage, name, account string, err error) error {
	e, ok := errors.AsType[*fhir.Error](err)
	if !ok {
		return err
	}
	v.NoteFailedSignIn(v.Context(), account)
	status, key := http.StatusForbidden, ""
	switch e.Code {
	case fhir.CodeLogin:
		status, key = http.StatusUnprocessableEntity, "wrong"
		if name == "signin-code" {
			key = "code.wrong"
		}
	case fhir.CodeThrottled:
		status = http.StatusTooManyRequests
	}
	page.Form.Errors = append(page.Form.Errors, FieldError{Key: key, Text: e.Diagnostics})
	return v.RenderStatus(status, name, page)
}

// begin hands out a session and ends the one that the browser had.
func (v *Request) begin(page signInPage, token string, n auth.Session, err error) error {
	if err != nil {
		return err
	}
	if v.Token != "" {
		if err := v.Auth.CloseSession(v.Context(), v.Token); err != nil {
			return err
		}
	}
	v.NoteSignIn(n.Account.Name)
	v.SetSession(token)
	if n.Must != auth.MustNothing {
		return v.Redirect(dutyPath(n.Must))
	}
	return v.Redirect(page.Then)
}

// signOut ends the session. It is no error if there is none.
func signOut(v *Request) error {
	if v.Token != "" {
		if err := v.Auth.CloseSession(v.Context(), v.Token); err != nil {
			return err
		}
	}
	v.SetSession("")
	return v.Redirect(signInPath + "?" + url.Values{"done": {"out"}}.Encode())
}

// showSession tells a script who is signed in and for how many seconds, without keeping the session alive.
func showSession(v *Request) error { return v.sendSession() }

// keepSession is showSession for somebody who is there.
func keepSession(v *Request) error { return v.sendSession() }

func (v *Request) sendSession() error {
	body, err := json.Marshal(map[string]any{"account": v.Session.Account.Name, "seconds": v.idle()})
	if err != nil {
		return err
	}
	v.W.Header().Set("Content-Type", "application/json")
	v.W.WriteHeader(http.StatusOK)
	_, _ = v.W.Write(body)
	return nil
}
