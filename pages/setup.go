package pages

import (
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"satchel/audit"
	"satchel/auth"
	"satchel/fhir"
	"satchel/storage"
)

const setupPath = "/setup"

// Setup is the first run: the server has no account yet.
type Setup struct {
	Token string // printed where the server was started; whoever knows it makes the first administrator
	Over  func() // forgets the token, once there is an account: of all the pages only this one ends for ever, and it cannot know how
}

func setupRoutes() []Route {
	return []Route{
		{Method: "GET", Pattern: "setup", Kind: FirstRun, Action: audit.NoEvent, Summary: "The first run: make the first administrator", Run: showSetup},
		{Method: "POST", Pattern: "setup", Kind: FirstRun, Action: audit.AccountCreate, Summary: "Make the first administrator", Run: setUp},
	}
}

// firstRun reports whether the request may set the server up: there is no account, and the visitor sits at its machine and
// named it so, not by a name that some page of the internet gave to this address.
func (v *Request) firstRun() bool {
	if v.Setup == nil || !v.Local || !loopbackHost(v.Host) {
		return false
	}
	none, err := v.Store.NoAccounts(v.Context())
	return err == nil && none
}

// loopbackHost reports whether a Host header names this machine.
func loopbackHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// setupPage is the data of the first run.
type setupPage struct {
	Form  *Form
	Known bool // the token is right
	Zones []string
}

func (v *Request) setupPage(f *Form) setupPage {
	known := subtle.ConstantTimeCompare([]byte(f.Get("token")), []byte(v.Setup.Token)) == 1 && v.Setup.Token != ""
	return setupPage{Form: f, Known: known, Zones: zones()}
}

// showSetup asks for the token, or if the address has it, for the rest.
func showSetup(v *Request) error {
	f := NewForm("token", v.URL.Query().Get("token"), "zone", guessZone())
	page := v.setupPage(f)
	if !page.Known && f.Get("token") != "" {
		f.Fail("token", "token.wrong")
	}
	return v.Render("setup", page)
}

// setUp makes the first administrator and signs them in.
func setUp(v *Request) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	page := v.setupPage(f)
	if !page.Known {
		f.Fail("token", "token.wrong")
		return v.Invalid("setup", page)
	}
	account, err := v.setupAccount(f)
	if err != nil {
		return err
	}
	if f.Bad() {
		return v.Invalid("setup", page)
	}
	own := v.Practice.Text()
	own.Name, own.Zone = f.Get("practice"), f.Get("zone")
	if err := v.Practice.Save(v.Context(), own); err != nil {
		return err
	}
	by := auth.Granted(audit.Who{Name: account.Name, Kind: audit.User}, v.Address.String(), v.ID)
	by.Status, by.Words = http.StatusSeeOther, "first run"
	keeps := false // whoever typed it is its owner
	note, err := v.Auth.AddFirstAccount(v.Context(), by, account, auth.NewPassword{Text: f.Secret("password"), Must: &keeps})
	v.Did(note, err)
	if isCode(err, fhir.CodeConflict) {
		return nothingHere()
	} else if err != nil {
		return err
	}
	v.Setup.Over()
	account, err = v.Store.Account(v.Context(), account.Name)
	if err != nil {
		return err
	}
	token, n, err := v.Auth.NewSession(v.Context(), account, 1)
	return v.begin(signInPage{Then: "/"}, token, n, err)
}

// setupAccount checks the fields and answers the administrator that they describe.
func (v *Request) setupAccount(f *Form) (a storage.Account, err error) {
	f.Need("practice", "username", "password", "again")
	if len(f.Get("practice")) > 100 || strings.ContainsFunc(f.Get("practice"), func(r rune) bool { return r < ' ' }) {
		f.Fail("practice", "practice.long")
	}
	if _, err := time.LoadLocation(f.Get("zone")); err != nil || f.Get("zone") == "" || f.Get("zone") == "Local" {
		f.Fail("zone", "zone.unknown")
	}
	if f.Get("username") != "" {
		if a.Name, err = auth.Name(f.Get("username")); err != nil {
			if err := f.Refuse("username", err); err != nil {
				return a, err
			}
		}
	}
	if f.Secret("password") != f.Secret("again") {
		f.Fail("again", "password.differ")
	}
	if f.Get("password") != "" {
		if err := auth.CheckPassword(f.Get("username"), f.Secret("password")); err != nil {
			if err := f.Refuse("password", err); err != nil {
				return a, err
			}
		}
	}
	if f.Bad() {
		return a, nil
	}
	a.Authorities = []storage.Authority{{Permission: "ROLE_SUPERUSER"}}
	return a, nil
}

// zones are the time zones that the form offers; any other name of the IANA list may be typed.
func zones() []string {
	return []string{
		"America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles", "America/Anchorage", "Pacific/Honolulu",
		"America/Puerto_Rico", "America/Toronto", "America/Mexico_City", "America/Sao_Paulo", "Europe/London", "Europe/Berlin", "Europe/Paris",
		"Africa/Johannesburg", "Africa/Lagos", "Asia/Kolkata", "Asia/Singapore", "Asia/Tokyo", "Australia/Sydney", "Pacific/Auckland", "UTC",
	}
}

// guessZone is the zone of the server's machine if it has a name among those offered, else "".
func guessZone() string {
	if name := time.Now().Location().String(); slices.Contains(zones(), name) {
		return name
	}
	return ""
}
