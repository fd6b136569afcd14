package pages_test

import (
	"encoding/base32"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"satchel/audit"
	"satchel/auth"
	"satchel/internal/audittest"
	"satchel/pages"
	"satchel/storage"
)

// Where somebody is led after the sign-in lies on this server.
func TestSamePath(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/account":               "/account",
		"/requests?state=due#a":  "/requests?state=due#a",
		"":                       "/",
		"account":                "/",
		"//evil.example/":        "/",
		"/\\evil.example":        "/",
		"///evil.example":        "/",
		"https://evil.example/":  "/",
		"javascript:alert(1)":    "/",
		"/a\nLocation: x":        "/",
		"/\t/evil.example":       "/",
		"/%zz":                   "/",
		"/sign-in":               "/",
		"/sign-in?then=/sign-in": "/",
		"/sign-in/code":          "/",
		"/sign-out":              "/",
		"/%2F/evil.example":      "/",
	} {
		if got := pages.SamePath(path); got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	v := p.as("ann")
	for _, path := range []string{"/", "/account", "/help", "/nothing"} {
		r := v.get(path)
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'; object-src 'none'",
			"Content-Type":            "text/html; charset=utf-8", "Cache-Control": "no-store", "Referrer-Policy": "same-origin", "X-Content-Type-Options": "nosniff",
		} {
			if got := r.header.Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
	}
	for _, file := range regexp.MustCompile(`(?:src|href)="(/assets/[^"]+)"`).FindAllStringSubmatch(v.get("/").body, -1) {
		r := v.want(v.get(file[1]), 200)
		if !strings.Contains(r.header.Get("Cache-Control"), "immutable") || strings.HasPrefix(r.header.Get("Content-Type"), "text/html") {
			t.Errorf("%s: %v", file[1], r.header)
		}
	}
	v.want(v.get("/assets/pages.css"), 404)
}

// What goes wrong is a page for a browser, without words of the inside.
func TestTrouble(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	v := p.as("ann")
	v.want(v.get("/nothing"), 404, "<h1>There is nothing here</h1>", "Sign out", "reference")
	v.want(v.post("/help"), 405, "akes GET")
	v.want(v.send(v.request("GET", "/nothing", nil, "Accept: application/json")), 404, `"OperationOutcome"`)
	for _, path := range []string{"/fhir/Nothing/1", "/api/nothing", "/oauth/nothing", "/.well-known/nothing"} {
		v.want(v.get(path), 404, `"OperationOutcome"`) // no pages there, not even for a browser
	}
	v.want(v.get("/help/"), 200)
	v.want(v.get("//help"), 404, "<h1>There is nothing here</h1>") // the router does not know it, and nothing else serves pages
	v.want(v.post("/account/password", "old", strings.Repeat("x", 2<<20)), 413, "This did not work")
	r := v.send(v.request("POST", "/sign-out", strings.NewReader(""), "Sec-Fetch-Site: cross-site", "Content-Type: application/x-www-form-urlencoded"))
	v.want(r, 403, "<h1>You may not do this</h1>", "another site")
	v.want(v.get("/account", "Sec-Fetch-Site: cross-site"), 403)
	v.want(v.get("/account"), 200)
	p.store.Close()
	r = v.want(v.get("/account"), 500, "Something went wrong in the server")
	if strings.Contains(r.body, "sql") {
		t.Errorf("the page tells of the inside: %s", r.body)
	}
}

// Everybody sees their part.
func TestPart(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	for account, sees := range map[string]bool{"ann": true, "ike": true, "fred": false, "nora": false} {
		v := p.as(account)
		if body := v.want(v.get("/"), 200, "Today", "Help").body; strings.Contains(body, "Last backup") != sees {
			t.Errorf("%s sees the backup: %v", account, !sees)
		}
	}
	v := p.as("proxy")
	v.led(v.get("/"), "/account")
	v.want(v.get("/today/jobs"), 403, "ACCESS_ADMIN_WEB")
	if body := v.want(v.get("/account"), 200).body; strings.Contains(body, ">Today<") {
		t.Error("proxy is shown the way to a page that is not for them")
	}
}

// Wrong passwords lead to a pause, which the page tells; the audit log has all of it.
func TestLockout(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	v := p.visitor()
	for range 5 {
		v.want(v.post("/sign-in", "username", "fred", "password", "wrong"), 422)
	}
	v.want(v.post("/sign-in", "username", "fred", "password", password), 429, "Too many wrong passwords for this name; try again in 15 minutes.")
	v.led(v.get("/account"), "/sign-in?then=%2Faccount")
	v.led(v.post("/account/password", "old", "x"), "/sign-in")
	p.as("ann")
	events := p.events(audit.Filter{})
	count := map[string]int{}
	for _, e := range events {
		count[string(e.Action)+" "+string(e.Outcome)+" "+e.Who.Name]++
	}
	for what, n := range map[string]int{"sign-in-failed refused ": 6, "access-refused refused ": 1, "sign-in success ann": 1} {
		if count[what] != n {
			t.Errorf("%q: %d times in the audit log, want %d: %v", what, count[what], n, count)
		}
	}
}

// events are what the audit log holds of what people did on pages, oldest first: without what the test put into the store.
func (p *practice) events(f audit.Filter) []audit.Event {
	p.t.Helper()
	events, _, err := p.store.AuditEvents(p.t.Context(), f, audit.Page{Count: 1000})
	if err != nil {
		p.t.Fatal(err)
	}
	return slices.DeleteFunc(events, func(e audit.Event) bool { return e.Who == audittest.Who })
}

func TestMustChangePassword(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	err := p.store.UpdateAccount(t.Context(), audittest.Event(audit.AccountChange), "fred", func(a *storage.Account, _ []storage.Account) error { a.MustChange = true; return nil })
	if err != nil {
		t.Fatal(err)
	}
	v := p.visitor()
	v.led(v.post("/sign-in", "username", "fred", "password", password), "/account/password")
	v.led(v.get("/"), "/account/password")
	v.led(v.get("/account"), "/account/password")
	v.led(v.get("/today/jobs"), "/account/password")
	v.want(v.get("/account/password"), 200, "choose a password of your own")
	renewed := "seven quiet lanterns 4"
	for _, c := range []struct{ old, new, again, says string }{
		{"", renewed, renewed, "needed"}, {password, "short", "short", "12 or more"}, {password, renewed, "other", "differ"},
		{"wrong", renewed, renewed, "not your password"}, {password, password, password, "the old one"},
	} {
		v.want(v.post("/account/password", "old", c.old, "new", c.new, "again", c.again), 422, c.says)
	}
	v.led(v.post("/account/password", "old", password, "new", renewed, "again", renewed), "/account?done=password")
	v.want(v.get("/account?done=password"), 200, "Your password is changed")
	v.want(v.get("/"), 200, "Today")
	if e := p.events(audit.Filter{Actions: []audit.Action{audit.PasswordChange}}); len(e) != 6 || e[5].Target != "fred" || e[5].Outcome != audit.Success {
		t.Errorf("audit log: %d %+v", len(e), e)
	}
}

func TestSecondFactor(t *testing.T) {
	t.Parallel()
	p := open(t, func(s *settings) { s.Auth.TwoFactorRoles = auth.TwoFactorRoles() })
	v := p.visitor()
	v.led(v.post("/sign-in", "username", "ann", "password", password, "then", "/help"), "/account/two-factor")
	v.led(v.get("/"), "/account/two-factor")
	v.want(v.get("/account/two-factor"), 200, "asks for a second step")
	scan := v.want(v.post("/account/two-factor"), 200, "<svg", "Scan this").body
	secret := regexp.MustCompile(`class="secret">([A-Z2-7]+)<`).FindStringSubmatch(scan)[1]
	if _, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret); err != nil {
		t.Fatal(err)
	}
	v.want(v.post("/account/two-factor/confirm", "code", "000000"), 422, "That code is wrong")
	shown := v.want(v.post("/account/two-factor/confirm", "code", code(t, secret, 0)), 200, "Your recovery codes").body
	recovery := regexp.MustCompile(`<code>([A-Z2-7-]{19})</code>`).FindAllStringSubmatch(shown, -1)
	if len(recovery) != 10 {
		t.Fatalf("%d recovery codes", len(recovery))
	}
	v.want(v.get("/"), 200, "Today")
	v.led(v.post("/account/sessions/end"), "/sign-in?done=everywhere")
	v.led(v.get("/account"), "/sign-in?then=%2Faccount")

	step := func(then string) string {
		t.Helper()
		body := v.want(v.post("/sign-in", "username", "ann", "password", password, "then", then), 200, "second step").body
		return regexp.MustCompile(`name="pending" value="([^"]+)"`).FindStringSubmatch(body)[1]
	}
	v.led(v.post("/sign-in/code", "pending", "made up", "code", "123456"), "/sign-in?ended=1")
	pending := step("/account")
	v.want(v.post("/sign-in/code", "pending", pending, "code", code(t, secret, 0)), 422, "used before")
	v.led(v.get("/account"), "/sign-in?then=%2Faccount")
	v.led(v.post("/sign-in/code", "pending", pending, "code", code(t, secret, 1)), "/account")
	v.want(v.get("/account"), 200, "Switched on")
	v.want(v.post("/account/two-factor/remove", "password", password, "code", recovery[1][1]), 422, "demands a second factor")
	v.led(v.post("/sign-out"), "/sign-in?done=out")
	v.led(v.post("/sign-in/code", "pending", step("//evil"), "code", recovery[0][1]), "/")
	v.led(v.post("/sign-out"), "/sign-in?done=out")
	v.want(v.post("/sign-in/code", "pending", step(""), "code", recovery[0][1]), 422, "That code is wrong")
}

// A session that nobody uses ends, whatever the page asks for by itself; the next click leads to the sign-in and back.
func TestIdle(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	now := time.Now()
	p.auth.Now = func() time.Time { return now }
	v := p.as("fred")
	for range 3 {
		now = now.Add(6 * time.Minute)
		v.want(v.send(v.request("GET", "/today/jobs", nil)), map[bool]int{true: 200, false: 401}[now.Before(time.Now().Add(15*time.Minute))])
		v.get("/session")
	}
	v.led(v.get("/account?x=1"), "/sign-in?then="+url.QueryEscape("/account?x=1"))
	v.want(v.get("/session"), 200, `"seconds":0`)
	v.led(v.post("/sign-in", "username", "fred", "password", password, "then", "/account?x=1"), "/account?x=1")
	for range 3 {
		now = now.Add(6 * time.Minute)
		v.want(v.post("/session"), 200, `"account":"fred"`)
	}
	v.want(v.get("/account"), 200)
}

// No form of any page, be it public or not, is taken from a page of another site, whoever is signed in.
func TestForeignForms(t *testing.T) {
	t.Parallel()
	p := open(t, func(s *settings) { s.Still = true })
	v := p.as("ann")
	forms := 0
	for _, rt := range pages.Routes() {
		if rt.Method != "POST" {
			continue
		}
		forms++
		path := "/" + regexp.MustCompile(`\{[^}]+\}`).ReplaceAllString(rt.Pattern, "ike")
		for _, header := range [][]string{{"Sec-Fetch-Site: cross-site"}, {"Sec-Fetch-Site: same-site"}, {"Sec-Fetch-Site:", "Origin: https://evil.example"}, {"Sec-Fetch-Site:", "Origin: null"}} {
			r := v.request("POST", path, strings.NewReader("username=x"), append(header, "Content-Type: application/x-www-form-urlencoded")...)
			if header[0] == "Sec-Fetch-Site:" {
				r.Header.Del("Sec-Fetch-Site")
			}
			if got := v.send(r); got.status != 403 {
				t.Errorf("POST %s with %q: %d", path, header, got.status)
			}
		}
	}
	if forms < 30 {
		t.Errorf("only %d forms", forms)
	}
	v.want(v.get("/account"), 200) // still signed in
}
