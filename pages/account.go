package pages

import (
	"errors"
	"html/template"
	"net/http"

	"satchel/audit"
	"satchel/auth"
	"satchel/fhir"
)

const (
	accountPath      = "/account"
	passwordPath     = "/account/password"
	secondFactorPath = "/account/two-factor"
)

func accountRoutes() []Route {
	return []Route{
		{Method: "GET", Pattern: "account", Kind: Own, Action: audit.NoEvent, Summary: "The own account", Run: showAccount},
		{Method: "POST", Pattern: "account/sessions/end", Kind: Duty, Action: audit.SignOut, Summary: "Sign out everywhere", Run: endSessions},
		{Method: "GET", Pattern: "account/password", Kind: Duty, Action: audit.NoEvent, Summary: "The form for a new password", Run: showPassword},
		{Method: "POST", Pattern: "account/password", Kind: Duty, Action: audit.PasswordChange, Summary: "Give the own account a new password", Run: changePassword},
		{Method: "GET", Pattern: "account/two-factor", Kind: Duty, Action: audit.NoEvent, Summary: "The own second factor", Run: showSecondFactor},
		{Method: "POST", Pattern: "account/two-factor", Kind: Duty, Action: audit.AccountChange, Summary: "Begin to set up a second factor", Run: offerSecondFactor},
		{Method: "POST", Pattern: "account/two-factor/confirm", Kind: Duty, Action: audit.AccountChange, Summary: "Switch the second factor on", Run: confirmSecondFactor},
		{Method: "POST", Pattern: "account/two-factor/remove", Kind: Own, Action: audit.AccountChange, Summary: "Switch the second factor off", Run: removeSecondFactor},
		{Method: "POST", Pattern: "account/recovery-codes", Kind: Own, Action: audit.AccountChange, Summary: "New recovery codes", Run: renewRecovery},
	}
}

// accountPage is the data of the pages of the own account.
type accountPage struct {
	Session   auth.Session
	HasFactor bool
	Demanded  bool // what the account may do demands a second factor
	Duty      auth.Must
	Form      *Form
	QR        template.HTML // picture for an authenticator app
	Secret    string        // the same as text
	Recovery  []string      // new recovery codes, shown once
}

func (v *Request) accountPage(f *Form) accountPage {
	a := v.Session.Account
	return accountPage{Session: v.Session, HasFactor: a.TOTP != nil, Demanded: v.Auth.NeedsSecondFactor(a), Duty: v.Session.Must, Form: f}
}

func showAccount(v *Request) error { return v.Render("account", v.accountPage(NewForm())) }

func endSessions(v *Request) error {
	_, note, err := v.Auth.EndSessions(v.Context(), v.Actor(http.StatusSeeOther), v.Who.Name)
	if v.Did(note, err); err != nil {
		return err
	}
	v.SetSession("")
	return v.Done(signInPath, "everywhere")
}

func showPassword(v *Request) error { return v.Render("account-password", v.accountPage(NewForm())) }

// changePassword takes the old password and a new one, twice. All sessions end but this one, which begins anew.
func changePassword(v *Request) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	page := v.accountPage(f)
	f.Need("old", "new", "again")
	if !f.Bad() && f.Secret("new") != f.Secret("again") {
		f.Fail("again", "password.differ")
	}
	if !f.Bad() {
		if e, ok := errors.AsType[*fhir.Error](auth.CheckPassword(v.Who.Name, f.Secret("new"))); ok {
			f.Errors = append(f.Errors, FieldError{Field: "new", Text: e.Diagnostics})
		}
	}
	if f.Bad() {
		return v.Invalid("account-password", page)
	}
	note, err := v.Auth.ChangePassword(v.Context(), v.Actor(http.StatusSeeOther), f.Secret("old"), f.Secret("new"))
	v.Did(note, err)
	if field := "new"; err != nil {
		if e, ok := errors.AsType[*fhir.Error](err); ok && e.Code == fhir.CodeLogin {
			f.Fail("old", "password.wrong")
			return v.Invalid("account-password", page)
		} else if ok && e.Code == fhir.CodeThrottled {
			field = ""
		}
		if err := f.Refuse(field, err); err != nil {
			return err
		}
		return v.Invalid("account-password", page)
	}
	return v.renewed(v.Session.Factors, accountPath, "password")
}

// renewed begins a new session in the place of those that a change of the account has ended.
func (v *Request) renewed(factors int, path, done string) error {
	n, err := v.renew(factors)
	if err != nil {
		return err
	}
	if n.Must != auth.MustNothing {
		return v.Redirect(dutyPath(n.Must))
	}
	return v.Done(path, done)
}

func (v *Request) renew(factors int) (auth.Session, error) {
	a, err := v.Store.Account(v.Context(), v.Who.Name)
	if err != nil {
		return auth.Session{}, err
	}
	token, n, err := v.Auth.NewSession(v.Context(), a, factors)
	if err == nil {
		v.SetSession(token)
		v.Session, v.Token = n, token
	}
	return n, err
}

func showSecondFactor(v *Request) error {
	return v.Render("account-factor", v.accountPage(NewForm()))
}

// offerSecondFactor shows a new secret to scan. The password is asked for, unless it was a moment ago.
func offerSecondFactor(v *Request) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	page := v.accountPage(f)
	var offer auth.Enrolment
	var note audit.Note
	if by := v.Actor(http.StatusOK); page.Duty == auth.MustSecondFactor {
		offer, note, err = v.Auth.EnrolIn(v.Context(), by, v.Session)
	} else {
		offer, note, err = v.Auth.Enrol(v.Context(), by, f.Secret("password"))
	}
	if v.Did(note, err); err != nil {
		return v.factorRefused(f, page, "password", err)
	}
	page.QR, page.Secret = template.HTML(offer.SVG), offer.Secret // drawn by auth, and of nothing that anybody typed but the account's name
	return v.Render("account-scan", page)
}

// confirmSecondFactor switches it on and shows the recovery codes, once.
func confirmSecondFactor(v *Request) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	page := v.accountPage(f)
	v.Target(v.Who.Name)
	if f.Need("code"); f.Bad() {
		return v.Invalid("account-scan", page)
	}
	var note audit.Note
	page.Recovery, note, err = v.Auth.ConfirmSecondFactor(v.Context(), v.Actor(http.StatusOK), f.Get("code"))
	v.Did(note, err)
	if isCode(err, fhir.CodeLogin) {
		f.Fail("code", "code.wrong")
		return v.Invalid("account-scan", page)
	} else if err != nil {
		return v.factorRefused(f, page, "", err)
	}
	if _, err := v.renew(2); err != nil {
		return err
	}
	return v.Render("account-recovery", page)
}

func removeSecondFactor(v *Request) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	note, err := v.Auth.RemoveSecondFactor(v.Context(), v.Actor(http.StatusSeeOther), f.Secret("password"), f.Get("code"))
	if v.Did(note, err); err != nil {
		return v.factorRefused(f, v.accountPage(f), "", err)
	}
	return v.renewed(1, accountPath, "factor.off")
}

// renewRecovery replaces the recovery codes and shows them, once.
func renewRecovery(v *Request) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	page := v.accountPage(f)
	var note audit.Note
	page.Recovery, note, err = v.Auth.RenewRecoveryCodes(v.Context(), v.Actor(http.StatusOK), f.Get("code"))
	if v.Did(note, err); err != nil {
		return v.factorRefused(f, page, "", err)
	}
	return v.Render("account-recovery", page)
}

// factorRefused answers the page of the second factor with the reason for a refusal.
func (v *Request) factorRefused(f *Form, page accountPage, field string, err error) error {
	if err := f.Refuse(field, err); err != nil {
		return err
	}
	if isCode(err, fhir.CodeThrottled) {
		v.Refused()
		return v.RenderStatus(http.StatusTooManyRequests, "account-factor", page)
	}
	return v.Invalid("account-factor", page)
}

// isCode reports whether an error is a fhir.Error of that code.
func isCode(err error, code fhir.Code) bool {
	e, ok := errors.AsType[*fhir.Error](err)
	return ok && e.Code == code
}
