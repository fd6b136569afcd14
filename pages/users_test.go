package pages_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"satchel/audit"
	"satchel/auth"
	"satchel/demo"
	"satchel/internal/audittest"
	"satchel/storage"
)

// shownPassword is the password that a page shows once.
func (v *visitor) shownPassword(r reply) string {
	v.p.t.Helper()
	m := regexp.MustCompile(`<dd class="passphrase"><code>([a-z-]+)</code>`).FindStringSubmatch(r.body)
	if m == nil {
		v.p.t.Fatalf("no password is shown\n%s", r.body)
	}
	return m[1]
}

// tries signs in with a password and returns where that leads.
func (p *practice) tries(account, secret string) (status int, to string) {
	v := p.visitor()
	r := v.post("/sign-in", "username", account, "password", secret)
	return r.status, r.header.Get("Location")
}

func (p *practice) keeps(name string) storage.Account {
	p.t.Helper()
	a, err := p.store.Account(p.t.Context(), name)
	if err != nil {
		p.t.Fatal(err)
	}
	return a
}

// Who may not see accounts, programs, the log or the settings finds neither the pages nor the way to them.
func TestAdministrationIsForSome(t *testing.T) {
	t.Parallel()
	p := open(t, func(s *settings) { s.Still = true })
	pages := []string{"/users", "/users/new", "/users/account/fred", "/users/account/fred/permissions", "/users/account/fred/grant", "/users/account/fred/edit",
		"/users/account/fred/password", "/users/account/fred/remove", "/users/account/fred/do/lock", "/clients", "/clients/new", "/audit", "/audit/check", "/audit/download?as=csv", "/settings"}
	for _, who := range []string{"fred", "nora", "rita"} {
		v := p.as(who)
		home := v.want(v.get("/"), 200)
		for _, path := range pages {
			v.want(v.get(path), 403)
			if strings.Contains(home.body, `href="`+path+`"`) {
				t.Errorf("%s is shown the way to %s", who, path)
			}
		}
		for _, path := range []string{"/users/new", "/users/account/ike/password", "/users/account/ike/remove", "/users/account/ike/do/lock", "/users/account/fred/permissions",
			"/users/account/fred/grant", "/users/account/fred/edit", "/clients/new", "/settings/practice"} {
			v.want(v.post(path, "username", "x", "how", "made", "preset", "nothing", "permission", "ROLE_SUPERUSER"), 403)
		}
	}
	for _, who := range []string{"ann", "ike"} {
		v := p.as(who)
		for _, path := range []string{"/users", "/users/new", "/clients", "/clients/new", "/audit", "/audit/check", "/settings"} {
			v.want(v.get(path), 200)
		}
		v.want(v.get("/"), 200, `href="/users"`, `href="/clients"`, `href="/audit"`, `href="/settings"`)
	}
	v := p.visitor()
	v.led(v.get("/users"), "/sign-in?then=%2Fusers")
	if a := p.keeps("fred"); len(a.Authorities) != 3 || a.Locked {
		t.Errorf("fred was changed: %+v", a)
	}
}

// An account is made with a password that is shown once; its owner must choose another one.
func TestMakeAccount(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	v := p.as("ann")
	v.want(v.get("/users/new"), 200, "Front desk", "IT helper", "Owner", "Export of one group", "Use the staff pages.", "ACCESS_ADMIN_WEB")
	r := v.want(v.post("/users/new", "username", "bea", "given", "Bea <b>", "family", "=cmd()", "preset", "front", "how", "made"), 200, "bea can sign in now")
	secret := v.shownPassword(r)
	if a := p.keeps("bea"); !a.MustChange || a.GivenName != "Bea <b>" || len(a.Authorities) != 4 {
		t.Errorf("%+v", a)
	}
	if status, to := p.tries("bea", secret); status != 303 || to != "/account/password" {
		t.Errorf("%d %s", status, to)
	}
	if r := v.want(v.get("/users"), 200, "Bea &lt;b&gt;", "Front desk", "must choose a password", "/users/account/bea"); strings.Contains(r.body, "<b>") || strings.Contains(r.body, secret) {
		t.Error("a name is not inert, or the password is shown again")
	}
	v.want(v.get("/users/account/bea"), 200, "Bea &lt;b&gt; =cmd()", "read all records")
	v.want(v.post("/users/new", "username", "BEA", "preset", "front", "how", "made"), 422, "already")
	v.want(v.post("/users/new", "username", "a b", "preset", "front"), 422, "is not usable")
	v.want(v.post("/users/new", "username", "carl"), 422, "Choose what the account may do")
	v.want(v.post("/users/new", "username", "carl", "preset", "front", "how", "typed", "password", "short"), 422, "use 12 or more")
	v.want(v.post("/users/new", "username", "carl", "preset", "group", "group", "../x"), 422, "Choose the group")
	v.led(v.post("/users/new", "username", "carl", "preset", "group", "group", "g1", "how", "typed", "password", "four quite different words"), "/users/account/carl?done=made")
	if a := p.keeps("carl"); !slices.Contains(a.Authorities, storage.Authority{Permission: "FHIR_OP_INITIATE_BULK_DATA_EXPORT_GROUP", Argument: "Group/g1"}) {
		t.Errorf("%+v", a.Authorities)
	}
	v.want(v.post("/users/new", "username", "nightly", "preset", "reader", "kind", "program"), 200, "Put it into the program")
	if a := p.keeps("nightly"); !a.Service || a.MustChange {
		t.Errorf("%+v", a)
	}
	v.led(v.post("/users/new", "username", "new", "preset", "nothing", "how", "typed", "password", "four quite different words"), "/users/account/new?done=made")
	v.want(v.get("/users/account/new"), 200, "may do nothing yet")
	events := p.events(audit.Filter{Actions: []audit.Action{audit.AccountCreate}, Outcome: audit.Success})
	if len(events) != 4 || events[0].Target != "bea" || events[0].Who.Name != "ann" {
		t.Errorf("%+v", events)
	}
	if text := fmt.Sprintf("%+v", p.events(audit.Filter{})) + p.log.String(); strings.Contains(text, secret) || strings.Contains(text, "different words") {
		t.Error("a password is noted")
	}
}

// Nobody grants more than they hold, or takes over who holds more.
func TestNobodyGrantsMore(t *testing.T) {
	t.Parallel()
	p := open(t, func(s *settings) { s.Still = true })
	v := p.as("ike")
	form := v.want(v.get("/users/new"), 200, "nobody can give what they do not hold")
	for _, preset := range []string{"front", "owner", "reader"} {
		if strings.Contains(form.body, `value="`+preset+`"`) {
			t.Errorf("ike is offered %s", preset)
		}
		v.want(v.post("/users/new", "username", "mighty", "preset", preset), 403, "does not hold")
	}
	v.want(v.get("/users/account/ann"), 200, "holds more than yours")
	for _, path := range []string{"/permissions", "/grant", "/password", "/edit", "/remove", "/do/lock", "/do/factor"} {
		v.want(v.get("/users/account/ann"+path), 403, "does not hold")
		v.want(v.post("/users/account/ann"+path, "how", "made", "permission", "ACCESS_ADMIN_WEB"), 403, "does not hold")
	}
	v.want(v.post("/users/account/nora/permissions", "permission", "ROLE_SUPERUSER"), 403, "does not hold ROLE_SUPERUSER")
	v.want(v.post("/users/account/nora/grant", "permission", "FHIR_READ_ALL_IN_COMPARTMENT", "id", "x"), 403)
	v.want(v.post("/users/account/ike/permissions", "permission", "ROLE_SUPERUSER"), 403)
	v.led(v.post("/users/account/nora/permissions", "permission", "ACCESS_ADMIN_WEB", "permission", "VIEW_AUDIT_LOG"), "/users/account/nora?done=permissions")
	if got := len(p.keeps("nora").Authorities); got != 2 {
		t.Errorf("nora holds %d", got)
	}
	if _, err := p.store.Account(t.Context(), "mighty"); err == nil {
		t.Error("the account was made")
	}
}

// The last administrator stays, and nobody bars or removes the own account.
func TestLastAdministrator(t *testing.T) {
	t.Parallel()
	p := open(t, func(s *settings) { s.Still = true })
	v := p.as("ann")
	v.want(v.post("/users/account/ann/permissions", "permission", "ACCESS_ADMIN_WEB"), 422, "last unlocked account")
	for _, path := range []string{"/remove", "/do/lock", "/do/disable", "/do/factor", "/password"} {
		v.want(v.get("/users/account/ann"+path), 403, "your own account")
		v.want(v.post("/users/account/ann"+path, "how", "made"), 403, "your own account")
	}
	p.account("olga", "ROLE_SUPERUSER")
	olga := p.as("olga")
	olga.led(olga.post("/users/account/ann/do/lock"), "/users/account/ann?done=lock")
	v.led(v.get("/"), "/sign-in") // ended
	olga.want(olga.post("/users/account/olga/permissions"), 422, "last unlocked account")
	olga.led(olga.post("/users/account/ann/do/unlock"), "/users/account/ann?done=unlock")
	olga.led(olga.post("/users/account/olga/permissions", "permission", "ACCESS_ADMIN_WEB"), "/users/account/olga?done=permissions")
	if !auth.IsAdministrator(p.keeps("ann")) || auth.IsAdministrator(p.keeps("olga")) {
		t.Error("the administrators are not as they should be")
	}
}

// Everything that is done to an account asks first, happens, and is noted.
func TestAccountActs(t *testing.T) {
	t.Parallel()
	p := open(t, func(s *settings) { s.Still = true })
	if err := p.store.UpdateAccount(t.Context(), audittest.Event(audit.AccountChange), "fred", func(a *storage.Account, _ []storage.Account) error { a.TOTP = []byte("x"); return nil }); err != nil {
		t.Fatal(err)
	}
	nora, v := p.as("nora"), p.as("ann")
	v.want(v.get("/users/account/fred"), 200, "/do/factor", "switched on")
	for _, act := range []string{"lock", "unlock", "disable", "enable", "factor", "pause"} {
		v.want(v.get("/users/account/fred/do/"+act), 200, `<form method="post" action="/users/account/fred/do/`+act+`">`)
		v.led(v.post("/users/account/fred/do/"+act), "/users/account/fred?done="+act)
		a := p.keeps("fred")
		if a.Locked != (act == "lock") || a.Disabled != (act == "disable") || (a.TOTP == nil) != (act == "factor" || act == "pause") {
			t.Errorf("%s: %+v", act, a)
		}
	}
	v.led(v.post("/users/account/nora/do/sign-out"), "/users/account/nora?done=sign-out")
	nora.led(nora.get("/"), "/sign-in")
	v.want(v.get("/users/account/nora/do/explode"), 404)
	v.want(v.post("/users/account/nora/do/explode"), 404)
	v.want(v.get("/users/account/nobody"), 404, "no such account")

	nora = p.as("nora")
	secret := v.shownPassword(v.want(v.post("/users/account/nora/password", "how", "made"), 200, "nora has a new password"))
	nora.led(nora.get("/"), "/sign-in")
	if status, to := p.tries("nora", secret); status != 303 || to != "/account/password" {
		t.Errorf("%d %s", status, to)
	}
	v.want(v.post("/users/account/nora/password", "how", "typed"), 422, "This is needed.")
	v.led(v.post("/users/account/nora/edit", "given", "Nora", "family", `"><script>alert(1)</script>`), "/users/account/nora?done=changed")
	if r := v.want(v.get("/users/account/nora"), 200, "&lt;script&gt;"); strings.Contains(r.body, "<script>alert") {
		t.Error("a name is not inert")
	}
	v.want(v.post("/users/account/nora/edit", "given", strings.Repeat("x", 81)), 422, "longer than 80")

	v.want(v.get("/users/account/nora/remove"), 200, "Remove the account nora for good?")
	v.led(v.post("/users/account/nora/remove"), "/users?done=removed")
	v.want(v.get("/users/account/nora"), 404)
	details := ""
	for _, e := range p.events(audit.Filter{Who: "ann"}) {
		details += fmt.Sprintf("%s %s %s: %s\n", e.Action, e.Target, e.Outcome, e.Detail)
	}
	for _, want := range []string{"account-change fred success: locked", "account-change fred success: disabled", "account-change fred success: second factor off",
		"sign-out nora success", "account-change nora success: new password, must change password", "account-remove nora success"} {
		if !strings.Contains(details, want) {
			t.Errorf("the log lacks %q\n%s", want, details)
		}
	}
}

// Permissions are given by boxes, by a job, and for one patient who is looked for.
func TestPermissions(t *testing.T) {
	t.Parallel()
	p := open(t, func(s *settings) { s.Still = true })
	p.put(berg, hostile)
	v := p.as("ann")
	v.want(v.get("/users/account/nora/permissions"), 200, `value="ACCESS_ADMIN_WEB" checked`, "Read, search and see the history of all resources.")
	v.want(v.get("/users/account/nora/permissions?preset=front"), 200, `value="FHIR_ALL_READ" checked`, "Nothing is saved yet")
	v.want(v.get("/users/account/nora/grant"), 200, "?permission=FHIR_READ_ALL_IN_COMPARTMENT")
	v.want(v.get("/users/account/nora/grant?permission=FHIR_READ_ALL_IN_COMPARTMENT&q=3%2F14%2F1960"), 200, `value="berg"`, "van der Berg")
	r := v.want(v.get("/users/account/nora/grant?permission=FHIR_READ_ALL_IN_COMPARTMENT&q=4%2F3%2F1960"), 200, `value="evil"`, "&lt;script&gt;")
	if strings.Contains(r.body, "<script>alert") {
		t.Error("a patient's name is not inert")
	}
	if e := p.events(audit.Filter{Patient: "berg", Who: "ann"}); len(e) == 0 {
		t.Error("the log does not tell that a patient was shown")
	}
	v.led(v.post("/users/account/nora/grant", "permission", "FHIR_READ_ALL_IN_COMPARTMENT", "id", "berg"), "/users/account/nora?done=granted")
	v.led(v.post("/users/account/nora/grant", "permission", "FHIR_READ_TYPE_IN_COMPARTMENT", "id", "Patient/"+demo.PatientID(0), "type", "Observation"), "/users/account/nora?done=granted")
	v.led(v.post("/users/account/nora/grant", "permission", "FHIR_READ_ALL_OF_TYPE", "type", "Group"), "/users/account/nora?done=granted")
	v.led(v.post("/users/account/nora/grant", "permission", "FHIR_OP_INITIATE_BULK_DATA_EXPORT_GROUP", "id", "g1"), "/users/account/nora?done=granted")
	v.want(v.post("/users/account/nora/grant", "permission", "FHIR_READ_INSTANCE", "type", "Nothing", "id", "1"), 422, "not of the form")
	v.want(v.post("/users/account/nora/grant", "permission", "FHIR_READ_ALL_IN_COMPARTMENT"), 422, "This is needed.")
	v.want(v.post("/users/account/nora/permissions", "permission", "MADE_UP"), 422, "nknown role or permission")
	var held []string
	for _, a := range p.keeps("nora").Authorities {
		held = append(held, auth.Flag(a))
	}
	slices.Sort(held)
	want := []string{`"FHIR_READ_TYPE_IN_COMPARTMENT:Observation in Patient/` + demo.PatientID(0) + `"`, "ACCESS_ADMIN_WEB", "FHIR_OP_INITIATE_BULK_DATA_EXPORT_GROUP:Group/g1",
		"FHIR_READ_ALL_IN_COMPARTMENT:Patient/berg", "FHIR_READ_ALL_OF_TYPE:Group"}
	if !slices.Equal(held, want) {
		t.Errorf("nora holds %q, want %q", held, want)
	}
	v.want(v.get("/users/account/nora/permissions"), 200, `value="FHIR_READ_ALL_IN_COMPARTMENT:Patient/berg" checked`)
	nora := p.as("nora")
	nora.want(nora.get("/patients/berg"), 200)
	v.led(v.post("/users/account/nora/permissions", "permission", "ACCESS_ADMIN_WEB"), "/users/account/nora?done=permissions")
	nora.led(nora.get("/patients/berg"), "/sign-in?then=%2Fpatients%2Fberg")
	events := p.events(audit.Filter{Actions: []audit.Action{audit.PermissionGrant, audit.PermissionRevoke}, Who: "ann"})
	if len(events) != 5 {
		t.Errorf("%d events of permissions", len(events))
	}
}

// Many accounts come by pages.
func TestManyAccounts(t *testing.T) {
	t.Parallel()
	p := open(t, func(s *settings) { s.Still = true })
	for i := range 60 {
		p.account(fmt.Sprintf("many%02d", i), "ACCESS_ADMIN_WEB")
	}
	v := p.as("ann")
	if r := v.want(v.get("/users"), 200, "page=2"); strings.Count(r.body, "<tr>") != 51 {
		t.Errorf("%d rows", strings.Count(r.body, "<tr>"))
	}
	v.want(v.get("/users?page=99"), 200, "page=1", "proxy")
}
