package faces_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"satchel/audit"
	"satchel/auth"
	"satchel/internal/audittest"
	"satchel/storage"
	"satchel/web"
)

const asJSON = "Content-Type: application/json"

// json sends a JSON body. cookie "" sends none.
func (p *practice) json(method, path, body, cookie string, header ...string) reply {
	p.t.Helper()
	header = append([]string{"Content-Type:", asJSON}, header...)
	if cookie != "" {
		header = append(header, "Cookie: "+cookie)
	}
	return p.do(method, path, body, header...)
}

// session signs in and answers the cookie.
func (p *practice) session(name, code string) string {
	p.t.Helper()
	as := p.as
	p.as = ""
	defer func() { p.as = as }()
	body, _ := json.Marshal(map[string]string{"username": name, "password": password, "code": code})
	r := p.want(p.json("POST", "/api/session", string(body), ""), 200, `"username":"`+name+`"`)
	return cookieOf(p.t, r)
}

// cookieOf checks the cookie of an answer and returns it as a client sends it.
func cookieOf(t testing.TB, r reply) string {
	t.Helper()
	set := r.header.Get("Set-Cookie")
	pair, attributes, _ := strings.Cut(set, "; ")
	if attributes != "Path=/; HttpOnly; SameSite=Lax" || len(pair) != len("satchel=")+43 {
		t.Fatalf("cookie %q", set)
	}
	return pair
}

func TestSessions(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	p.account("bea", "FHIR_ALL_READ", "FHIR_ALL_WRITE", "CHANGE_OWN_PASSWORD")
	p.want(p.do("PUT", "/fhir/Patient/p1", `{"resourceType":"Patient","id":"p1"}`), 201)
	cookie := p.session("bea", "")
	p.as = ""
	read := func(cookie string, header ...string) int {
		return p.do("GET", "/fhir/Patient/p1", "", append(header, "Cookie: "+cookie)...).status
	}
	if read(cookie) != 200 || read(cookie+"x") != 401 || read("satchel=") != 401 {
		t.Error("cookie not taken, or too much of it")
	}
	if read(cookie+"; "+cookie) != 401 {
		t.Error("two cookies of one name")
	}
	// whose page it is
	for _, tt := range []struct {
		method, header string
		want           int
	}{
		{"GET", "Sec-Fetch-Site: same-origin", 200}, {"GET", "Sec-Fetch-Site: none", 200}, {"GET", "Sec-Fetch-Site: cross-site", 403},
		{"GET", "Sec-Fetch-Site: same-site", 403}, {"PUT", "Sec-Fetch-Site: same-origin", 200}, {"PUT", "Sec-Fetch-Site: same-site", 403},
		{"PUT", "Sec-Fetch-Site: cross-site", 403}, {"PUT", "Origin: http://evil.example", 403}, {"PUT", "Sec-Fetch-Site: none", 403},
	} {
		r := p.do(tt.method, "/fhir/Patient/p1", `{"resourceType":"Patient","id":"p1"}`, tt.header, "Cookie: "+cookie)
		if r.status != tt.want {
			t.Errorf("%s with %s: %d %s", tt.method, tt.header, r.status, r.body)
		}
	}
	// no session without right credentials, and no hint for a browser to ask for a password itself
	r := p.want(p.json("POST", "/api/session", `{"username":"bea","password":"wrong"}`, ""), 401)
	if got := r.header.Get("WWW-Authenticate"); strings.Contains(got, "Basic") || got == "" {
		t.Errorf("WWW-Authenticate %q", got)
	}
	p.want(p.json("POST", "/api/session", `{"Username":"bea","password":"wrong"}`, ""), 400)
	p.want(p.do("POST", "/api/session", `username=bea`, "Content-Type:", "Content-Type: application/x-www-form-urlencoded"), 415)
	p.want(p.json("POST", "/api/session", `{"username":"bea","password":"`+password+`"}`, "", "Sec-Fetch-Site: cross-site"), 403)
	// rotation: signing in with a cookie ends the session that it stood for
	second := cookieOf(t, p.want(p.json("POST", "/api/session", `{"username":"bea","password":"`+password+`"}`, cookie), 200))
	if second == cookie || read(cookie) != 401 || read(second) != 200 {
		t.Error("the old session outlives a new sign-in")
	}
	p.want(p.json("GET", "/api/session", "", second), 200, `"factors":1`, `"endsUnused"`)
	// sign-out, and everywhere
	r = p.want(p.json("DELETE", "/api/session", "", second), 204)
	if !strings.Contains(r.header.Get("Set-Cookie"), "Max-Age=0") || read(second) != 401 {
		t.Error("signed out and in")
	}
	one, two := p.session("bea", ""), p.session("bea", "")
	p.want(p.json("DELETE", "/api/sessions", "", one), 204)
	if read(one) != 401 || read(two) != 401 {
		t.Error("signed out everywhere, but not everywhere")
	}
	if strings.Contains(p.log.String(), strings.TrimPrefix(one, "satchel=")) {
		t.Error("the log holds a token")
	}
}

// Every change that must not be outlived ends sessions at once.
func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	p.account("bea", "FHIR_ALL_READ")
	hash, err := auth.HashPassword("other words together")
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(a *storage.Account){
		"lock":     func(a *storage.Account) { a.Locked = true },
		"disable":  func(a *storage.Account) { a.Disabled = true },
		"password": func(a *storage.Account) { a.Password = hash },
		"grant": func(a *storage.Account) {
			a.Authorities = append(a.Authorities, storage.Authority{Permission: "FHIR_ALL_WRITE"})
		},
		"revoke":  func(a *storage.Account) { a.Authorities = nil },
		"service": func(a *storage.Account) { a.Service = true },
		"factor":  func(a *storage.Account) { a.TOTP = []byte("12345678901234567890") },
	} {
		cookie := p.session("bea", "")
		p.as = ""
		var before storage.Account
		update := func(f func(a *storage.Account)) {
			t.Helper()
			err := p.store.UpdateAccount(context.Background(), audittest.Event(audit.AccountChange), "bea", func(a *storage.Account, _ []storage.Account) error { f(a); return nil })
			if err != nil {
				t.Fatal(err)
			}
		}
		p.want(p.json("GET", "/api/session", "", cookie), 200)
		update(func(a *storage.Account) {
			before = *a
			before.Authorities = append([]storage.Authority(nil), a.Authorities...)
			change(a)
		})
		if r := p.json("GET", "/api/session", "", cookie); r.status != 401 {
			t.Errorf("%s: %d", name, r.status)
		}
		update(func(a *storage.Account) { *a = before })
		if r := p.json("GET", "/api/session", "", cookie); r.status != 401 {
			t.Errorf("%s and back: %d", name, r.status)
		}
		p.as = "ann"
	}
	cookie := p.session("bea", "")
	if err := p.store.RemoveAccount(context.Background(), audittest.Event(audit.AccountRemove), "bea", nil); err != nil {
		t.Fatal(err)
	}
	p.account("bea", "FHIR_ALL_READ")
	p.as = ""
	p.want(p.json("GET", "/api/session", "", cookie), 401)
}

// Over https the cookie is bound to this very host, and its plain name is not taken.
func TestSecureCookie(t *testing.T) {
	t.Parallel()
	p := open(t, func(o *web.Options) { o.PublicURL = "https://records.example.org" })
	p.as = ""
	r := p.want(p.json("POST", "/api/session", `{"username":"ann","password":"`+password+`"}`, ""), 200, `"must":"set-up-two-factor"`)
	set := r.header.Get("Set-Cookie")
	pair, attributes, _ := strings.Cut(set, "; ")
	if !strings.HasPrefix(pair, "__Host-satchel=") || attributes != "Path=/; HttpOnly; Secure; SameSite=Lax" {
		t.Fatalf("cookie %q", set)
	}
	p.want(p.json("GET", "/api/session", "", pair), 200)
	p.want(p.json("GET", "/api/session", "", strings.TrimPrefix(pair, "__Host-")), 401)
}

func secretOf(t testing.TB, text string) []byte {
	t.Helper()
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// codeOf is what an authenticator app shows.
func codeOf(t testing.TB, secret string, at time.Time) string {
	t.Helper()
	m := hmac.New(sha1.New, secretOf(t, secret))
	_ = binary.Write(m, binary.BigEndian, at.Unix()/30)
	sum := m.Sum(nil)
	n := binary.BigEndian.Uint32(sum[sum[19]&15:]) & (1<<31 - 1)
	return fmt.Sprintf("%06d", n%1e6)
}

// An administrator must set up a second factor before a session is good for anything, then signs in with it.
func TestTwoFactor(t *testing.T) {
	t.Parallel()
	now := time.Now()
	service := &auth.Service{Now: func() time.Time { return now }}
	p := open(t, func(o *web.Options) { service.Store = o.Store; o.Auth = service })
	cookie := p.session("ann", "")
	p.as = ""
	p.want(p.json("GET", "/fhir/Patient", "", cookie), 403, "/api/account/two-factor")
	p.want(p.json("GET", "/api/user-management", "", cookie), 403)
	p.want(p.json("POST", "/api/account/two-factor", `{"password":"wrong"}`, cookie), 422)
	r := p.want(p.json("POST", "/api/account/two-factor", `{"password":"`+password+`"}`, cookie), 201, "otpauth://totp/Satchel:ann?", "svg")
	var offer auth.Enrolment
	if err := json.Unmarshal([]byte(r.body), &offer); err != nil {
		t.Fatal(err)
	}
	p.want(p.json("PUT", "/api/account/two-factor", `{"code":"000000"}`, cookie), 422)
	code := func() string { return codeOf(t, offer.Secret, now) }
	r = p.want(p.json("PUT", "/api/account/two-factor", `{"code":"`+code()+`"}`, cookie), 200)
	var codes struct{ RecoveryCodes []string }
	if err := json.Unmarshal([]byte(r.body), &codes); err != nil || len(codes.RecoveryCodes) != 10 {
		t.Fatal(err, r.body)
	}
	p.want(p.json("GET", "/fhir/Patient", "", cookie), 401)
	cookie = cookieOf(t, r)
	p.want(p.json("GET", "/fhir/Patient", "", cookie), 200)

	in := func(code string) reply {
		return p.json("POST", "/api/session", `{"username":"ann","password":"`+password+`","code":"`+code+`"}`, "")
	}
	p.want(in(""), 401, "second factor")
	p.want(in(code()), 401, "used before") // at the confirmation
	now = now.Add(30 * time.Second)
	p.want(in(code()), 200, `"factors":2`)
	p.want(in(code()), 401, "used before")
	p.want(in(strings.ToLower(codes.RecoveryCodes[3])), 200)
	p.want(in(codes.RecoveryCodes[3]), 401)
	now = now.Add(time.Hour) // no guesses left to wait for
	p.want(p.json("DELETE", "/api/account/two-factor", `{"password":"`+password+`","code":"`+code()+`"}`, p.session("ann", code())), 403, "demands")
	db, err := p.store.Account(context.Background(), "ann")
	if err != nil || bytes.Contains(db.TOTP, secretOf(t, offer.Secret)) || db.TOTPNext != nil {
		t.Errorf("%+v %v", db, err)
	}
	if secret, err := p.store.Unseal("ann", db.TOTP); err != nil || !bytes.Equal(secret, secretOf(t, offer.Secret)) {
		t.Errorf("%x %v", secret, err)
	}
}

// Whoever must change the password can do nothing else, with a session and without.
func TestMustChangePassword(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	p.account("bea", "FHIR_ALL_READ", "VIEW_USERS")
	must := func(a *storage.Account, _ []storage.Account) error { a.MustChange = true; return nil }
	if err := p.store.UpdateAccount(context.Background(), audittest.Event(audit.AccountChange), "bea", must); err != nil {
		t.Fatal(err)
	}
	p.as = "bea"
	p.want(p.do("GET", "/fhir/Patient", ""), 403, "/api/account/password")
	cookie := p.session("bea", "")
	p.as = ""
	p.want(p.json("GET", "/fhir/Patient", "", cookie), 403, "/api/account/password")
	change := func(old, new string) reply {
		return p.json("PUT", "/api/account/password", `{"oldPassword":"`+old+`","newPassword":"`+new+`"}`, cookie)
	}
	p.want(change("wrong", "other words together"), 422)
	p.want(change(password, password), 400)
	p.want(change(password, "short"), 400)
	renewed := cookieOf(t, p.want(change(password, "other words together"), 204))
	p.want(p.json("GET", "/fhir/Patient", "", cookie), 401)
	p.want(p.json("GET", "/fhir/Patient", "", renewed), 200)
}

// A later account of the same name finds no jobs of the one before.
func TestJobsDoNotOutliveTheirAccount(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	p.want(p.do("PUT", "/fhir/Patient/p1", `{"resourceType":"Patient","id":"p1"}`), 201)
	p.account("bea", "ROLE_FHIR_CLIENT_SUPERUSER_RO")
	p.as = "bea"
	r := p.want(p.do("GET", "/fhir/$export", "", "Prefer: respond-async"), http.StatusAccepted)
	status := r.header.Get("Content-Location")
	p.want(p.ended(status), 200)
	p.as = "ann"
	p.want(p.do("DELETE", "/api/user-management/bea", ""), 204)
	p.account("bea", "ROLE_FHIR_CLIENT_SUPERUSER_RO")
	p.as = "bea"
	p.want(p.do("GET", status, ""), 404)
	if jobs, err := p.store.Jobs(context.Background()); err != nil || len(jobs) > 0 {
		t.Errorf("%v %v", jobs, err)
	}
}

// A client that is removed over HTTP takes its jobs along: a later one of the same name finds none.
func TestJobsDoNotOutliveTheirClient(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	p.client("lab", "system/*.rs", "ROLE_FHIR_CLIENT_SUPERUSER_RO")
	if _, err := p.store.AddJob(context.Background(), audittest.Event(audit.ExportStart), storage.Job{Kind: "bulk", Account: "lab", Request: []byte(`{"level":"system"}`)}, 0); err != nil {
		t.Fatal(err)
	}
	p.as = "ann"
	p.want(p.do("DELETE", "/api/clients/lab", ""), 204)
	if jobs, err := p.store.Jobs(context.Background()); err != nil || len(jobs) > 0 {
		t.Errorf("%v %v", jobs, err)
	}
}

// Who may export one group only cannot reach other people by changing its members, nor another group by asking for it.
func TestGroupEditingGainsNothing(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	for _, body := range []string{`{"resourceType":"Patient","id":"p1"}`, `{"resourceType":"Patient","id":"p2"}`,
		`{"resourceType":"Group","id":"a","type":"person","actual":true,"member":[{"entity":{"reference":"Patient/p1"}}]}`,
		`{"resourceType":"Group","id":"b","type":"person","actual":true,"member":[{"entity":{"reference":"Patient/p2"}}]}`} {
		var r struct{ ResourceType, ID string }
		if err := json.Unmarshal([]byte(body), &r); err != nil {
			t.Fatal(err)
		}
		p.want(p.do("PUT", "/fhir/"+r.ResourceType+"/"+r.ID, body), 201)
	}
	p.account("bea", "FHIR_OP_INITIATE_BULK_DATA_EXPORT_GROUP:Group/a", "FHIR_WRITE_ALL_OF_TYPE:Group", "FHIR_READ_ALL_OF_TYPE:Group",
		"FHIR_READ_ALL_IN_COMPARTMENT:Patient/p1")
	p.as = "bea"
	p.want(p.do("PUT", "/fhir/Group/a", `{"resourceType":"Group","id":"a","type":"person","actual":true,"member":[{"entity":{"reference":"Patient/p2"}}]}`), 200)
	for _, path := range []string{"/fhir/Group/a/$export?_type=Patient", "/fhir/Group/a/$export?_type=Group,Patient", "/fhir/Group/b/$export", "/fhir/Group/b/$export?_type=Group"} {
		p.want(p.do("GET", path, "", "Prefer: respond-async"), 403)
	}
}
