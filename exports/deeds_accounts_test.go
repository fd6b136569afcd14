package exports_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"satchel/audit"
	"satchel/internal/audittest"
	"satchel/internal/testserver"
	"satchel/storage"
)

// administering is one deed on the account "goal" or the client "prog", which both hold FHIR_ALL_READ, or on a new one, and how
// each face does it. A face that cannot is left out.
type administering struct {
	name    string
	json    [3]string // method, path, body
	page    []string  // path, then fields
	command []string
	want    string // the events of a success
	refused string // of somebody who does not hold what it is about
}

const (
	onGoal = "/api/user-management/goal"
	onProg = "/api/clients/prog"
)

var administered = []administering{
	{name: "add an account", json: [3]string{"POST", "/api/user-management", `{"username":"new","givenName":"N","password":"` + testserver.Password + `","authorities":[{"permission":"ACCESS_ADMIN_WEB"},{"permission":"FHIR_ALL_READ"}]}`},
		page:    []string{"/users/new", "username", "new", "given", "N", "kind", "person", "preset", "reader", "how", "typed", "password", testserver.Password},
		command: []string{"user", "add", "new", "--given-name", "N", "--permission", "ACCESS_ADMIN_WEB", "--permission", "FHIR_ALL_READ"},
		want:    "account-create success new , permission-grant success new ACCESS_ADMIN_WEB FHIR_ALL_READ", refused: "account-create refused new "},
	{name: "name its owner", json: [3]string{"PUT", onGoal, `{"givenName":"G"}`}, page: []string{"/users/account/goal/edit", "given", "G"},
		want: "account-change success goal name", refused: "account-change refused goal "},
	{name: "lock", json: [3]string{"PUT", onGoal, `{"accountLocked":true}`}, page: []string{"/users/account/goal/do/lock", "", ""}, command: []string{"user", "lock", "goal"},
		want: "account-change success goal locked", refused: "account-change refused goal "},
	{name: "give a password", json: [3]string{"PUT", onGoal, `{"password":"another ` + testserver.Password + `"}`}, page: []string{"/users/account/goal/password", "how", "typed", "password", "another " + testserver.Password},
		command: []string{"user", "passwd", "goal", "--must-change"},
		want:    "account-change success goal new password, must change password, wrong passwords forgotten", refused: "account-change refused goal "},
	{name: "grant", json: [3]string{"PUT", onGoal, `{"authorities":[{"permission":"FHIR_ALL_READ"},{"permission":"VIEW_AUDIT_LOG"}]}`},
		page: []string{"/users/account/goal/permissions", "permission", "FHIR_ALL_READ", "permission", "VIEW_AUDIT_LOG"}, command: []string{"user", "grant", "goal", "--permission", "VIEW_AUDIT_LOG"},
		want: "account-change success goal , permission-grant success goal VIEW_AUDIT_LOG", refused: "account-change refused goal "},
	{name: "grant nonsense", json: [3]string{"PUT", onGoal, `{"authorities":[{"permission":"FHIR_ALL_READ"},{"permission":"X"}]}`},
		page: []string{"/users/account/goal/permissions", "permission", "FHIR_ALL_READ", "permission", "X"}, command: []string{"user", "grant", "goal", "--permission", "X"},
		want: "account-change refused goal ", refused: "account-change refused goal "},
	{name: "sign out", page: []string{"/users/account/goal/do/sign-out", "", ""}, command: []string{"user", "sign-out", "goal"}, want: "sign-out success goal "},
	{name: "remove", json: [3]string{"DELETE", onGoal, ""}, page: []string{"/users/account/goal/remove", "", ""}, command: []string{"user", "remove", "goal"},
		want: "account-remove success goal ", refused: "account-remove refused goal "},

	{name: "register a client", json: [3]string{"POST", "/api/clients", `{"name":"fresh","scopes":"system/*.rs","newSecret":true,"authorities":["ROLE_FHIR_CLIENT_SUPERUSER_RO"]}`},
		page:    []string{"/clients/new", "name", "fresh", "for", "all", "sign", "secret", "scopes", "system/*.rs"},
		command: []string{"client", "add", "fresh", "--secret", "--scope", "system/*.rs", "--role", "ROLE_FHIR_CLIENT_SUPERUSER_RO"},
		want:    "client-create success fresh , permission-grant success fresh ROLE_FHIR_CLIENT_SUPERUSER_RO", refused: "client-create refused fresh "},
	{name: "disable a client", json: [3]string{"PUT", onProg, `{"disabled":true}`}, page: []string{"/clients/program/prog/do/disable", "", ""}, command: []string{"client", "disable", "prog"},
		want: "client-change success prog disabled", refused: "client-change refused prog "},
	{name: "give a client a secret", json: [3]string{"PUT", onProg, `{"newSecret":true}`}, page: []string{"/clients/program/prog/keys", "sign", "secret"}, command: []string{"client", "rotate", "prog", "--secret"},
		want: "client-change success prog new secret", refused: "client-change refused prog "},
	{name: "remove a client", json: [3]string{"DELETE", onProg, ""}, page: []string{"/clients/program/prog/remove", "", ""}, command: []string{"client", "remove", "prog"},
		want: "client-remove success prog ", refused: "client-remove refused prog "},
}

// Accounts and clients are administered by the same rules on every face, and leave the same in the audit log: by who may do
// everything, by who may administer and does not hold what the account does, and by who may not.
func TestDeedsOnAccounts(t *testing.T) {
	for _, d := range administered {
		for face, do := range map[string]func(p *practice, who string) (allowed bool){"json": d.doJSON, "page": d.doPage, "command": d.doCommand} {
			if face == "json" && d.json[0] == "" || face == "command" && d.command == nil {
				continue
			}
			t.Run(d.name+"/"+face, func(t *testing.T) {
				t.Parallel()
				p := open(t, settings{})
				before := p.goals()
				if face != "command" {
					for _, who := range []string{"none", "clerk"} {
						if do(p, who) {
							t.Errorf("%s may", who)
						}
					}
					if got := p.administered("clerk", before); d.refused != "" && got != d.refused {
						t.Errorf("refused: got  %q\nwant %q", got, d.refused)
					}
				}
				if allowed := strings.Contains(d.want, "success"); do(p, "chief") != allowed {
					t.Errorf("allowed: %v", !allowed)
				}
				if got := p.administered("chief", before); got != d.want {
					t.Errorf("got  %q\nwant %q", got, d.want)
				}
			})
		}
	}
}

// goals makes the account and the client, and returns how many events there are by then.
func (p *practice) goals() int {
	p.t.Helper()
	held := storage.Authority{Permission: "FHIR_ALL_READ"}
	err := testserver.Account(p.Store, "goal", held.Permission)
	if err == nil {
		err = p.Store.AddClient(p.t.Context(), audittest.Event(audit.ClientCreate), storage.Client{Name: "prog", Scopes: "system/*.rs", Authorities: []storage.Authority{held}})
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return len(p.events())
}

func (d administering) doJSON(p *practice, who string) bool {
	r := p.call(who, d.json[0], d.json[1], d.json[2])
	return r.status < 300
}

func (d administering) doPage(p *practice, who string) bool {
	r := p.browse(who, d.page[0], d.page[1:]...)
	return r.status == 303 || r.status == 200
}

func (d administering) doCommand(p *practice, _ string) bool {
	args := d.command
	if args[1] == "passwd" || args[0] == "user" && args[1] == "add" {
		file := filepath.Join(p.t.TempDir(), "password")
		if err := os.WriteFile(file, []byte("another "+testserver.Password), 0o600); err != nil {
			p.t.Fatal(err)
		}
		args = append(args[:len(args):len(args)], "--password-file", file)
	}
	failed := p.command(args...)
	return failed == ""
}

var called = regexp.MustCompile(`^satchel [a-z -]+(; )?`)

// administered are the changes that an account, or a command for chief, has left in the audit log after so many events.
func (p *practice) administered(who string, before int) string {
	p.t.Helper()
	var all []string
	for _, e := range p.events()[before:] {
		switch e.Action {
		case audit.SignIn, audit.AccountList, audit.ClientList:
			continue
		}
		if e.Who.Name == who || who == "chief" && e.Who.Kind == audit.CLI {
			all = append(all, fmt.Sprint(e.Action, " ", e.Outcome, " ", e.Target, " ", called.ReplaceAllString(e.Detail, "")))
		}
	}
	return strings.Join(all, ", ")
}
