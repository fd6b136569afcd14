package pages_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"satchel/audit"
	"satchel/auth"
	"satchel/handover"
	"satchel/internal/audittest"
	"satchel/internal/browser"
	"satchel/internal/testpractice"
	"satchel/pages"
	"satchel/storage"
)

func TestMain(m *testing.M) { os.Exit(browser.Main(m)) }

// signed is a browser in which somebody has signed in.
func (p *practice) signed(t testing.TB, account string) *browser.Browser {
	t.Helper()
	b := browser.Start(t)
	b.Open(p.url + "/sign-in")
	b.Fill("Name", account)
	b.Fill("Password", password)
	b.Click("Sign in")
	b.Wait("Sign out")
	return b
}

// looks checks what every page must be: accessible by day and by night, no wider than a phone, readable at 200 %, quiet, and
// asking nobody else. It keeps pictures under the name.
func (p *practice) looks(b *browser.Browser, name string) {
	b.Light()
	b.WantAccessible()
	b.Screenshot(name)
	b.Dark()
	b.WantColours()
	b.Screenshot(name + "-dark")
	b.Light()
	b.Zoom(200)
	if n := b.Overflow(); n > 0 {
		p.t.Errorf("%s: %d pixels too wide at 200 %%", name, n)
	}
	b.Zoom(100)
	b.Phone()
	b.WantAccessible()
	if n := b.Overflow(); n > 0 {
		p.t.Errorf("%s: %d pixels too wide for a phone", name, n)
	}
	b.Screenshot(name + "-phone")
	b.Window(1280, 900)
	b.WantQuiet(p.url)
}

// code is what an authenticator app shows for a secret, steps of 30 seconds from now.
func code(t testing.TB, secret string, steps int64) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	m := hmac.New(sha1.New, key)
	m.Write(binary.BigEndian.AppendUint64(nil, uint64(time.Now().Unix()/30+steps)))
	sum := m.Sum(nil)
	at := sum[len(sum)-1] & 15
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[at:])&0x7fffffff%1_000_000)
}

func TestPagesLook(t *testing.T) {
	t.Parallel()
	p := open(t, func(s *settings) {
		s.Still = true
		s.Pages.Installation = &told{backup: pages.Backup{Planned: true, Last: time.Now().Add(-5 * time.Hour), Every: 24 * time.Hour},
			notices: []pages.Notice{{Problem: true, Text: "The certificate ends in less than 7 days.", Do: "put a new one into tls.cert_file"},
				{Text: "A newer version of the programme is installed.", Do: "restart the server when convenient"}}}
	})
	for i := range 2 {
		job := storage.Job{Kind: "bulk", Account: "fred", Request: []byte(`{}`)}
		if _, err := p.store.AddJob(t.Context(), audittest.Event(audit.ExportStart), job, 0); err != nil {
			t.Fatal(i, err)
		}
	}
	b := browser.Start(t)
	b.Open(p.url + "/")
	b.Wait("Sign in")
	p.looks(b, "sign-in")
	b.Fill("Name", "ann")
	b.Fill("Password", "wrong words of mine")
	b.Click("Sign in")
	b.Wait("That did not work")
	b.Forget() // the console tells of status 422
	p.looks(b, "sign-in-wrong")
	b.Fill("Password", password)
	b.Click("Sign in")
	b.Wait("Today")
	for _, page := range []string{"", "account", "account/password", "account/two-factor", "help"} {
		b.Open(p.url + "/" + page)
		p.looks(b, "page-"+strings.ReplaceAll(page, "/", "-"))
	}
	b.Open(p.url + "/nothing/here")
	b.Wait("There is nothing here")
	b.Forget()
	p.looks(b, "missing")
}

// The first run in a browser, up to the page for today: the code of the terminal, the administrator, the second factor.
func TestFirstRunBrowser(t *testing.T) {
	t.Parallel()
	named := &told{practice: handover.Practice{Zone: newYork(t)}}
	over := false
	p := openOn(t, testpractice.Empty, func(s *settings) {
		s.Auth.TwoFactorRoles = auth.TwoFactorRoles()
		s.Pages.Practice = named
		s.Pages.Setup = &pages.Setup{Token: "LANTERN234", Over: func() { over = true }}
	})
	b := browser.Start(t)
	b.Open(p.url)
	b.Wait("type the setup code")
	p.looks(b, "setup-code")
	b.Fill("Setup code", "LANTERN234")
	b.Click("Go on")
	b.Wait("The first administrator")
	p.looks(b, "setup")
	b.Fill("Name of the practice", "Elm Street Family Practice")
	b.Fill("Time zone", "America/New_York")
	b.Fill("Name to sign in with", "anna")
	b.Fill("#f-password", password)
	b.Fill("#f-again", "something else")
	b.Click("Set up and sign in")
	b.Wait("The two passwords differ")
	if got := browser.Eval[bool](b, `document.activeElement.classList.contains("errors")`); !got {
		t.Error("the focus is not on what is wrong")
	}
	b.Forget()
	p.looks(b, "setup-wrong")
	b.Fill("#f-password", password)
	b.Fill("#f-again", password)
	b.Click("Set up and sign in")
	b.Wait("asks for a second step")
	p.looks(b, "factor-must")
	b.Click("Begin")
	b.Wait("Scan this with your app")
	p.looks(b, "factor-scan")
	secret := b.Text(".secret")
	b.Fill("Code from the app", code(t, secret, 0))
	b.Click("Switch on")
	b.Wait("Your recovery codes")
	p.looks(b, "factor-recovery")
	b.Click("I have kept them")
	b.Wait("Today")
	if !over || !strings.Contains(b.Text("header"), "Elm Street") {
		t.Error("the first run is not over")
	}
	b.Open(p.url + "/setup?token=LANTERN234")
	b.Wait("There is nothing here")
	b.Forget()

	p.signsInTwice(t, b, secret)
}

// signsInTwice signs anna out, and in again with password and code.
func (p *practice) signsInTwice(t *testing.T, b *browser.Browser, secret string) {
	b.Open(p.url + "/account/two-factor")
	b.Click("Sign out")
	b.Wait("You are signed out.")
	b.Fill("Name", "anna")
	b.Fill("Password", password)
	b.Click("Sign in")
	b.Wait("the second step")
	p.looks(b, "sign-in-code")
	b.Fill("Code", code(t, secret, 1))
	b.Press("Enter")
	b.Wait("Today")
	b.Open(p.url + "/account/two-factor")
	p.looks(b, "factor-on")
}

// idler is somebody at a page, with the clocks of the server and of the page in the hands of the test.
type idler struct {
	*practice
	*browser.Browser
	later atomic.Int64 // by how much the server's clock is ahead
}

func openIdler(t *testing.T) *idler {
	i := &idler{}
	i.practice = open(t, func(s *settings) {
		s.Auth.Now = func() time.Time { return time.Now().Add(time.Duration(i.later.Load())) }
	})
	i.Browser = i.signed(t, "fred")
	i.Open(i.url + "/account/password")
	return i
}

// pass lets time pass for the server and, seen from the page's next tick on, for the page that is open.
func (i *idler) pass(d time.Duration) {
	i.later.Add(int64(d))
	browser.Eval[int](i.Browser, fmt.Sprintf("(now => { Date.now = () => now() + %d; return 0 })(Date.now)", d.Milliseconds()))
}

// The page asks before the session ends, hides itself when it has ended, and gives back what was typed.
func TestIdleBrowser(t *testing.T) {
	t.Parallel()
	i := openIdler(t)
	i.pass(auth.DefaultSessionIdle - 50*time.Second)
	i.Wait("Are you still there?")
	i.WantAccessible()
	i.Screenshot("idle-asks")
	i.Click("I am here")
	i.Until(`!document.getElementById("idle").open`)
	i.Wait("Change your password")
	// Nothing was typed: the page makes place for the sign-in, and the sign-in leads back.
	i.pass(auth.DefaultSessionIdle + time.Second)
	i.Wait("Your session has ended")
	if got := i.Address(); !strings.Contains(got, "then=%2Faccount%2Fpassword") {
		t.Errorf("at %s", got)
	}
	i.Fill("Name", "fred")
	i.Fill("#f-password", password)
	i.Click("Sign in")
	i.Wait("Change your password")
	i.WantQuiet(i.url)
}

// What somebody has typed when the session ends is hidden and kept.
func TestIdleKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	i := openIdler(t)
	i.Fill("#f-new", "half a thought of mine")
	i.pass(auth.DefaultSessionIdle + time.Second)
	i.Until(`document.body.classList.contains("locked")`)
	i.Wait("The page is hidden")
	i.WantAccessible()
	i.Screenshot("idle-locked")
	if strings.Contains(i.Text("body"), "Change your password") {
		t.Error("the page is not hidden")
	}
	i.Click("I have signed in: show the page")
	i.Wait("The page is hidden")
	// In another tab:
	browser.Eval[int](i.Browser, `fetch("/sign-in", {method: "POST", body: new URLSearchParams({username: "fred", password: "`+password+`"})}).then(r => r.status)`)
	i.Click("I have signed in: show the page")
	i.Until(`!document.body.classList.contains("locked")`)
	if got := browser.Eval[string](i.Browser, `document.getElementById("f-new").value`); got != "half a thought of mine" {
		t.Errorf("kept %q", got)
	}
	i.WantQuiet(i.url)
}

// Without script: sign in, look around, change the password, sign out.
func TestWithoutScript(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	b := browser.Start(t)
	b.Script(false)
	b.Open(p.url)
	b.Fill("Name", "fred")
	b.Fill("Password", password)
	b.Click("Sign in")
	b.Wait("Today")
	b.Click("fred")
	b.Wait("Your account")
	b.Click("Change password")
	b.Fill("#f-old", password)
	b.Fill("#f-new", "seven quiet lanterns 4")
	b.Fill("#f-again", "seven quiet lanterns 4")
	b.Click("Change password")
	b.Wait("Your password is changed")
	b.Phone()
	b.Click("Menu")
	b.Click("Help")
	b.Wait("I have forgotten my password")
	b.Click("Sign out")
	b.Wait("You are signed out")
	b.WantQuiet(p.url)
}
