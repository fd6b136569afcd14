package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"satchel/audit"
	"satchel/auth"
	"satchel/fhir"
	"satchel/storage"
)

// accountRoutes are the sign-in, the own account and the administration of accounts.
func accountRoutes() []route {
	return []route{
		{method: "POST", pattern: "api/session", action: audit.SignIn, kind: discovery, summary: "Sign in: username, password and code if there is a second factor; answers a cookie", run: openSession},
		{method: "GET", pattern: "api/session", action: audit.AccountList, kind: admin, summary: "The own session", run: getSession},
		{method: "DELETE", pattern: "api/session", action: audit.SignOut, kind: admin, summary: "Sign out", run: closeSession},
		{method: "DELETE", pattern: "api/sessions", action: audit.SignOut, kind: admin, summary: "Sign out everywhere", run: closeSessions},
		{method: "GET", pattern: "api/account", action: audit.AccountList, kind: admin, summary: "The own account", run: getOwnAccount},
		{method: "PUT", pattern: "api/account/password", action: audit.PasswordChange, kind: admin, summary: "Change the own password: oldPassword, newPassword; all other sessions end", run: changePassword},
		{method: "POST", pattern: "api/account/two-factor", action: audit.AccountChange, kind: admin, summary: "Begin to set up a second factor: password; answers the secret as text, otpauth URI and QR code", run: enrol},
		{method: "PUT", pattern: "api/account/two-factor", action: audit.AccountChange, kind: admin, summary: "Switch the second factor on: code; answers recovery codes", run: confirmSecondFactor},
		{method: "DELETE", pattern: "api/account/two-factor", action: audit.AccountChange, kind: admin, summary: "Switch the second factor off: password, code", run: removeSecondFactor},
		{method: "POST", pattern: "api/account/recovery-codes", action: audit.AccountChange, kind: admin, summary: "Replace the recovery codes: code", run: renewRecovery},
		{method: "GET", pattern: "api/user-management", action: audit.AccountList, kind: admin, summary: "All accounts", run: listUsers},
		{method: "POST", pattern: "api/user-management", action: audit.AccountCreate, kind: admin, summary: "Make an account", run: addUser},
		{method: "GET", pattern: "api/user-management/{name}", action: audit.AccountList, kind: admin, summary: "One account", run: getUser},
		{method: "PUT", pattern: "api/user-management/{name}", action: audit.AccountChange, kind: admin, summary: "Change an account; what is left out stays", run: updateUser},
		{method: "DELETE", pattern: "api/user-management/{name}", action: audit.AccountRemove, kind: admin, summary: "Remove an account; its sessions end and its exports are cancelled", run: removeUser},
	}
}

// ownPath reports whether an address is one of those that somebody needs who must do something first.
func ownPath(path string) bool {
	return path == "/api/session" || path == "/api/sessions" || path == "/api/account" || strings.HasPrefix(path, "/api/account/")
}

// userText is an account as /api/user-management reads and writes it, in the shape of Smile CDR's user management.
// What is nil was left out. The last group is written only; it is read if it says what is so.
type userText struct {
	PID         *int64               `json:"pid,omitzero"` // only the server sets it
	Username    *string              `json:"username,omitzero"`
	Password    *string              `json:"password,omitzero"` // read only
	GivenName   *string              `json:"givenName,omitzero"`
	FamilyName  *string              `json:"familyName,omitzero"`
	Locked      *bool                `json:"accountLocked,omitzero"`
	Disabled    *bool                `json:"accountDisabled,omitzero"`
	Service     *bool                `json:"serviceAccount,omitzero"`
	MustChange  *bool                `json:"mustChangePassword,omitzero"`
	TwoFactor   *string              `json:"twoFactorAuthStatus,omitzero"` // ENABLED, DISABLED; only DISABLED can be set
	Authorities *[]storage.Authority `json:"authorities,omitzero"`

	TwoFactorNeeded *bool      `json:"twoFactorAuthRequired,omitzero"`
	PasswordChanged *time.Time `json:"passwordChanged,omitzero"`
	Created         *time.Time `json:"created,omitzero"`
	LastConnected   *time.Time `json:"lastConnected,omitzero"`
	LastActive      *time.Time `json:"lastActive,omitzero"`
}

// The values of twoFactorAuthStatus.
const (
	twoFactorOn  = "ENABLED"
	twoFactorOff = "DISABLED"
)

// userShape is the example in errors.
const userShape = `an account such as {"username":"front","password":"…","givenName":"…","familyName":"…","accountLocked":false,"accountDisabled":false,"serviceAccount":false,"authorities":[{"permission":"FHIR_ALL_READ"}]}`

// maxUser bounds the body of a change.
const maxUser = 256 << 10

// userOf writes an account; never its password or the secret of its second factor.
func (s *server) userOf(a storage.Account) userText {
	factor := twoFactorOff
	if a.TOTP != nil {
		factor = twoFactorOn
	}
	needed := s.Auth.NeedsSecondFactor(a)
	authorities := a.Authorities
	if authorities == nil {
		authorities = []storage.Authority{}
	}
	return userText{PID: &a.PID, Username: &a.Name, GivenName: &a.GivenName, FamilyName: &a.FamilyName, Locked: &a.Locked, Disabled: &a.Disabled,
		Service: &a.Service, MustChange: &a.MustChange, TwoFactor: &factor, TwoFactorNeeded: &needed, Authorities: &authorities,
		PasswordChanged: timeOf(a.PasswordChanged), Created: timeOf(a.Created), LastConnected: timeOf(a.LastLogin), LastActive: timeOf(a.LastActive)}
}

// timeOf is nil for never.
func timeOf(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// checkFixed refuses to set what only the server sets. now is the account as it stands.
func (t userText) checkFixed(now userText) error {
	for name, pair := range map[string][2]*time.Time{
		"passwordChanged": {t.PasswordChanged, now.PasswordChanged}, "created": {t.Created, now.Created},
		"lastConnected": {t.LastConnected, now.LastConnected}, "lastActive": {t.LastActive, now.LastActive},
	} {
		if pair[0] != nil && (pair[1] == nil || pair[0].After(*pair[1])) {
			return fhir.Errorf(fhir.CodeValue, "%s cannot be set; leave it out", name)
		}
	}
	if t.PID != nil && (now.PID == nil || *t.PID != *now.PID) {
		return fhir.Errorf(fhir.CodeValue, "pid cannot be set; leave it out")
	}
	if t.TwoFactorNeeded != nil && (now.TwoFactorNeeded == nil || *t.TwoFactorNeeded != *now.TwoFactorNeeded) {
		return fhir.Errorf(fhir.CodeValue, "twoFactorAuthRequired cannot be set; it follows from auth.two_factor_roles")
	}
	if t.TwoFactor != nil && *t.TwoFactor != twoFactorOff && (now.TwoFactor == nil || *t.TwoFactor != *now.TwoFactor) {
		return fhir.Errorf(fhir.CodeValue, "twoFactorAuthStatus can only be set to %s; the owner sets a second factor up at /api/account/two-factor", twoFactorOff)
	}
	return nil
}

// put puts what the text says into an account, but for its name and password.
func (t userText) put(a *storage.Account) error {
	for _, f := range []struct {
		name  string
		given *string
		field *string
	}{{"givenName", t.GivenName, &a.GivenName}, {"familyName", t.FamilyName, &a.FamilyName}} {
		if f.given == nil {
			continue
		}
		if err := auth.CheckPersonName(f.name, *f.given); err != nil {
			return err
		}
		*f.field = *f.given
	}
	for _, f := range []struct{ given, field *bool }{{t.Locked, &a.Locked}, {t.Disabled, &a.Disabled}, {t.Service, &a.Service}, {t.MustChange, &a.MustChange}} {
		if f.given != nil {
			*f.field = *f.given
		}
	}
	if t.TwoFactor != nil && *t.TwoFactor == twoFactorOff {
		auth.ResetSecondFactor(a)
	}
	if t.Authorities == nil {
		return nil
	}
	a.Authorities = nil
	for _, x := range *t.Authorities {
		if err := auth.CheckAuthority(x); err != nil {
			return err
		}
		if !slices.Contains(a.Authorities, x) {
			a.Authorities = append(a.Authorities, x)
		}
	}
	return nil
}

// listUsers answers all accounts: GET /api/user-management.
func listUsers(w http.ResponseWriter, c *call) error {
	if err := c.mayAdministrate(auth.VerbUserView); err != nil {
		return err
	}
	all, err := c.server.Store.Accounts(c.Context())
	if err != nil {
		return err
	}
	list := []userText{}
	for _, a := range all {
		list = append(list, c.server.userOf(a))
	}
	return c.answerJSON(w, http.StatusOK, map[string][]userText{"users": list})
}

// getUser answers one account: GET /api/user-management/[name].
func getUser(w http.ResponseWriter, c *call) error {
	if err := c.mayAdministrate(auth.VerbUserView); err != nil {
		return err
	}
	return c.sendUser(w, http.StatusOK, c.Name)
}

// getOwnAccount answers the caller's account: GET /api/account.
func getOwnAccount(w http.ResponseWriter, c *call) error {
	if err := c.own(); err != nil {
		return err
	}
	return c.sendUser(w, http.StatusOK, c.who.Name)
}

func (c *call) sendUser(w http.ResponseWriter, status int, name string) error {
	a, err := c.server.Store.Account(c.Context(), name)
	if err != nil {
		return err
	}
	return c.answerJSON(w, status, c.server.userOf(a))
}

// addUser makes an account: POST /api/user-management. Whoever makes it knows the password, so a person must change it
// at the first sign-in unless the body says otherwise.
func addUser(w http.ResponseWriter, c *call) error {
	if err := c.mayAdministrate(auth.VerbUserAdd); err != nil {
		return err
	}
	var t userText
	if err := c.readJSON(maxUser, &t, userShape); err != nil {
		return err
	}
	if t.Username == nil || t.Password == nil {
		return fhir.Errorf(fhir.CodeRequired, "an account needs username and password")
	}
	name, err := auth.Name(*t.Username)
	if err != nil {
		return err
	}
	if err := t.checkFixed(userText{}); err != nil {
		return err
	}
	a := storage.Account{Name: name}
	if err := t.put(&a); err != nil {
		return err
	}
	must := !a.Service
	if t.MustChange != nil {
		must = *t.MustChange
	}
	err = c.deed(http.StatusCreated, func(e audit.Event) error {
		return c.server.Auth.AddAccount(c.Context(), e, c.who, a, *t.Password, must)
	})
	if err != nil {
		return err
	}
	w.Header().Set("Location", strings.TrimSuffix(c.base, fhirPath)+"/api/user-management/"+url.PathEscape(name))
	return c.sendUser(w, http.StatusCreated, name)
}

// updateUser changes an account: PUT /api/user-management/[name]. The caller must hold what the account holds before and
// after: else a new password would be a way to more than the own rights.
func updateUser(w http.ResponseWriter, c *call) error {
	if err := c.mayAdministrate(auth.VerbUsers); err != nil {
		return err
	}
	var t userText
	if err := c.readJSON(maxUser, &t, userShape); err != nil {
		return err
	}
	if t.Username != nil && !strings.EqualFold(*t.Username, c.Name) {
		return fhir.Errorf(fhir.CodeInvalid, "the username %q is not the one in the address; an account keeps its name", printable(*t.Username))
	}
	before, err := c.server.Store.Account(c.Context(), c.Name)
	if err != nil {
		return err
	}
	if err := auth.CheckGrant(c.who, before.Authorities); err != nil { // before a hash is made
		return err
	}
	hash := ""
	if t.Password != nil {
		if hash, err = auth.HashPasswordFor(before.Name, *t.Password); err != nil {
			return err
		}
	}
	err = c.deed(http.StatusOK, func(e audit.Event) error {
		return c.server.Auth.ChangeAccount(c.Context(), e, c.who, c.Name, func(a *storage.Account) error { return c.changeUser(a, t, hash) })
	})
	if err != nil {
		return err
	}
	return c.sendUser(w, http.StatusOK, c.Name)
}

// changeUser is the change of an account inside its transaction.
func (c *call) changeUser(a *storage.Account, t userText, hash string) error {
	if err := t.checkFixed(c.server.userOf(*a)); err != nil {
		return err
	}
	if err := t.put(a); err != nil {
		return err
	}
	if hash != "" {
		must := !a.Service && a.Name != c.who.Name
		if t.MustChange != nil {
			must = *t.MustChange
		}
		auth.SetPassword(a, hash, time.Now(), must)
	}
	return nil
}

// removeUser removes an account: DELETE /api/user-management/[name].
func removeUser(w http.ResponseWriter, c *call) error {
	if err := c.mayAdministrate(auth.VerbUsers); err != nil {
		return err
	}
	remove := func() error {
		return c.deed(http.StatusNoContent, func(e audit.Event) error { return c.server.Auth.RemoveAccount(c.Context(), e, c.who, c.Name) })
	}
	if err := c.server.Exports.EndFor(c.Context(), c.Name, remove); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
