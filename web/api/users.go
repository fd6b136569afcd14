package api

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"satchel/web"

	"satchel/audit"
	"satchel/auth"
	"satchel/fhir"
	"satchel/storage"
)

// accountRoutes are the sign-in, the own account and the administration of accounts.
func accountRoutes() []web.Route {
	return []web.Route{
		{Method: "POST", Pattern: "api/session", Action: audit.SignIn, Kind: web.Discovery, Summary: "Sign in: username, password and code if there is a second factor; answers a cookie", Run: openSession},
		{Method: "GET", Pattern: "api/session", Action: audit.AccountList, Kind: web.Admin, Summary: "The own session", Run: getSession},
		{Method: "DELETE", Pattern: "api/session", Action: audit.SignOut, Kind: web.Admin, Summary: "Sign out", Run: closeSession},
		{Method: "DELETE", Pattern: "api/sessions", Action: audit.SignOut, Kind: web.Admin, Summary: "Sign out everywhere", Run: closeSessions},
		{Method: "GET", Pattern: "api/account", Action: audit.AccountList, Kind: web.Admin, Summary: "The own account", Run: getOwnAccount},
		{Method: "PUT", Pattern: "api/account/password", Action: audit.PasswordChange, Kind: web.Admin, Summary: "Change the own password: oldPassword, newPassword; all other sessions end", Run: changePassword},
		{Method: "POST", Pattern: "api/account/two-factor", Action: audit.AccountChange, Kind: web.Admin, Summary: "Begin to set up a second factor: password; answers the secret as text, otpauth URI and QR code", Run: enrol},
		{Method: "PUT", Pattern: "api/account/two-factor", Action: audit.AccountChange, Kind: web.Admin, Summary: "Switch the second factor on: code; answers recovery codes", Run: confirmSecondFactor},
		{Method: "DELETE", Pattern: "api/account/two-factor", Action: audit.AccountChange, Kind: web.Admin, Summary: "Switch the second factor off: password, code", Run: removeSecondFactor},
		{Method: "POST", Pattern: "api/account/recovery-codes", Action: audit.AccountChange, Kind: web.Admin, Summary: "Replace the recovery codes: code", Run: renewRecovery},
		{Method: "GET", Pattern: "api/user-management", Action: audit.AccountList, Kind: web.Admin, Summary: "All accounts", Run: listUsers},
		{Method: "POST", Pattern: "api/user-management", Action: audit.AccountCreate, Kind: web.Admin, Summary: "Make an account", Run: addUser},
		{Method: "GET", Pattern: "api/user-management/{name}", Action: audit.AccountList, Kind: web.Admin, Summary: "One account", Run: getUser},
		{Method: "PUT", Pattern: "api/user-management/{name}", Action: audit.AccountChange, Kind: web.Admin, Summary: "Change an account; what is left out stays", Run: updateUser},
		{Method: "DELETE", Pattern: "api/user-management/{name}", Action: audit.AccountRemove, Kind: web.Admin, Summary: "Remove an account; its sessions end and its exports are cancelled", Run: removeUser},
	}
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
func userOf(s *web.Server, a storage.Account) userText {
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
func (t userText) put(a *storage.Account) {
	for _, f := range []struct{ given, field *string }{{t.GivenName, &a.GivenName}, {t.FamilyName, &a.FamilyName}} {
		if f.given != nil {
			*f.field = *f.given
		}
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
		return
	}
	a.Authorities = nil
	for _, x := range *t.Authorities {
		if !slices.Contains(a.Authorities, x) {
			a.Authorities = append(a.Authorities, x)
		}
	}
}

// listUsers answers all accounts: GET /api/user-management.
func listUsers(w http.ResponseWriter, c *web.Call) error {
	if err := mayAdministrate(c, auth.VerbUserView); err != nil {
		return err
	}
	all, err := c.Server.Store.Accounts(c.Context())
	if err != nil {
		return err
	}
	list := []userText{}
	for _, a := range all {
		list = append(list, userOf(c.Server, a))
	}
	return c.SendValue(w, http.StatusOK, map[string][]userText{"users": list})
}

// getUser answers one account: GET /api/user-management/[name].
func getUser(w http.ResponseWriter, c *web.Call) error {
	if err := mayAdministrate(c, auth.VerbUserView); err != nil {
		return err
	}
	return sendUser(c, w, http.StatusOK, c.Name)
}

// getOwnAccount answers the caller's account: GET /api/account.
func getOwnAccount(w http.ResponseWriter, c *web.Call) error {
	if err := c.Own(); err != nil {
		return err
	}
	return sendUser(c, w, http.StatusOK, c.Who.Name)
}

func sendUser(c *web.Call, w http.ResponseWriter, status int, name string) error {
	a, err := c.Server.Store.Account(c.Context(), name)
	if err != nil {
		return err
	}
	return c.SendValue(w, status, userOf(c.Server, a))
}

// addUser makes an account: POST /api/user-management. Whoever makes it knows the password, so a person must change it
// at the first sign-in unless the body says otherwise.
func addUser(w http.ResponseWriter, c *web.Call) error {
	if err := mayAdministrate(c, auth.VerbUserAdd); err != nil {
		return err
	}
	var t userText
	if err := c.ReadJSON(maxUser, &t, userShape); err != nil {
		return err
	}
	if t.Username == nil || t.Password == nil {
		return fhir.Errorf(fhir.CodeRequired, "an account needs username and password")
	}
	if err := t.checkFixed(userText{}); err != nil {
		return err
	}
	a := storage.Account{Name: *t.Username}
	t.put(&a)
	note, err := c.Server.Auth.AddAccount(c.Context(), c.Actor(http.StatusCreated), a, t.password())
	if c.Did(note, err); err != nil {
		return err
	}
	w.Header().Set("Location", strings.TrimSuffix(c.Base, web.FHIRPath)+"/api/user-management/"+url.PathEscape(note.Target))
	return sendUser(c, w, http.StatusCreated, note.Target)
}

// password is the one that the body gives.
func (t userText) password() (p auth.NewPassword) {
	if t.Password != nil {
		p.Text, p.Must = *t.Password, t.MustChange
	}
	return p
}

// updateUser changes an account: PUT /api/user-management/[name].
func updateUser(w http.ResponseWriter, c *web.Call) error {
	if err := mayAdministrate(c, auth.VerbUsers); err != nil {
		return err
	}
	var t userText
	if err := c.ReadJSON(maxUser, &t, userShape); err != nil {
		return err
	}
	if t.Username != nil && !strings.EqualFold(*t.Username, c.Name) {
		return fhir.Errorf(fhir.CodeInvalid, "the username %q is not the one in the address; an account keeps its name", web.Printable(*t.Username))
	}
	if t.Password != nil && *t.Password == "" {
		return fhir.Errorf(fhir.CodeValue, "the password is empty; leave it out, and the account keeps the one that it has")
	}
	note, err := c.Server.Auth.ChangeAccount(c.Context(), c.Actor(http.StatusOK), c.Name, t.password(), func(a *storage.Account) error {
		if err := t.checkFixed(userOf(c.Server, *a)); err != nil {
			return err
		}
		t.put(a)
		return nil
	})
	if c.Did(note, err); err != nil {
		return err
	}
	return sendUser(c, w, http.StatusOK, c.Name)
}

// removeUser removes an account: DELETE /api/user-management/[name].
func removeUser(w http.ResponseWriter, c *web.Call) error {
	if err := mayAdministrate(c, auth.VerbUsers); err != nil {
		return err
	}
	note, err := c.Server.Exports.RemoveAccount(c.Context(), c.Actor(http.StatusNoContent), c.Server.Auth, c.Name)
	if c.Did(note, err); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
