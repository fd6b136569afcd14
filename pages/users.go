package pages

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"satchel/audit"
	"satchel/auth"
	"satchel/fhir"
	"satchel/storage"
)

const (
	usersPath   = "/users"
	userPattern = "users/account/{name}" // not users/{name}: an account may be called "new"
)

// userRoutes are the pages of accounts and what they may do.
func userRoutes() []Route {
	see, add, change := needs(auth.VerbUserView), needs(auth.VerbUserAdd), needs(auth.VerbUsers)
	return append([]Route{
		{Method: "GET", Pattern: "users", Kind: Staff, Action: audit.AccountList, Needs: see, Nav: "nav.users", Summary: "All accounts", Run: listUsers},
		{Method: "GET", Pattern: "users/new", Kind: Staff, Action: audit.NoEvent, Needs: add, Summary: "The form for a new account", Run: showNewUser},
		{Method: "POST", Pattern: "users/new", Kind: Staff, Action: audit.AccountCreate, Needs: add, Summary: "Make an account", Run: addUser},
		{Method: "GET", Pattern: userPattern, Kind: Staff, Action: audit.AccountList, Needs: see, Summary: "One account", Run: showUser},
		{Method: "GET", Pattern: userPattern + "/edit", Kind: Staff, Action: audit.AccountList, Needs: change, Summary: "The form for the name of an account's owner", Run: showEditUser},
		{Method: "POST", Pattern: userPattern + "/edit", Kind: Staff, Action: audit.AccountChange, Needs: change, Summary: "Change the name of an account's owner", Run: editUser},
		{Method: "GET", Pattern: userPattern + "/password", Kind: Staff, Action: audit.AccountList, Needs: change, Summary: "The form for a new password of an account", Run: showUserPassword},
		{Method: "POST", Pattern: userPattern + "/password", Kind: Staff, Action: audit.AccountChange, Needs: change, Summary: "Give an account a new password", Run: setUserPassword},
		{Method: "GET", Pattern: userPattern + "/do/{act}", Kind: Staff, Action: audit.AccountList, Needs: change, Summary: "Ask before an account is locked, disabled, signed out or let in", Run: askUser},
		{Method: "POST", Pattern: userPattern + "/do/{act}", Kind: Staff, Action: audit.AccountChange, Needs: change, Summary: "Lock, disable, sign out or let in an account, or take its second factor away", Run: doUser},
		{Method: "GET", Pattern: userPattern + "/remove", Kind: Staff, Action: audit.AccountList, Needs: change, Summary: "Ask before an account is removed", Run: askUser},
		{Method: "POST", Pattern: userPattern + "/remove", Kind: Staff, Action: audit.AccountRemove, Needs: change, Summary: "Remove an account; its sessions end and its exports are cancelled", Run: removeUser},
	}, grantRoutes(userPattern, audit.AccountList, audit.AccountChange)...)
}

// pageOfUsers is how many accounts or programs a page of the list has.
const pageOfUsers = 50

// userRow is an account as the pages show it. It holds nothing secret.
type userRow struct {
	Name, Person, Path                    string
	Preset                                string   // preset.…; "" if it holds another mix
	Can                                   []string // can.…
	Factor                                string   // factor.…
	Locked, Disabled, MustChange, Program bool
	Self                                  bool
	Created, LastLogin, PasswordChanged   time.Time
	Authorities                           []held
	Given, Family                         string
}

// userRow tells of an account.
func (v *Request) userRow(a storage.Account) userRow {
	row := userRow{Name: a.Name, Person: strings.TrimSpace(a.GivenName + " " + a.FamilyName), Path: userPath(a.Name), Preset: presetOf(a.Authorities),
		Can: can(a.Name, a.Authorities), Locked: a.Locked, Disabled: a.Disabled, MustChange: a.MustChange, Program: a.Service, Self: v.self(a.Name),
		Created: a.Created, LastLogin: a.LastLogin, PasswordChanged: a.PasswordChanged, Authorities: heldOf(a.Authorities), Given: a.GivenName, Family: a.FamilyName}
	switch {
	case a.Service:
		row.Factor = "program"
	case a.TOTP != nil:
		row.Factor = "on"
	case v.Auth.NeedsSecondFactor(a):
		row.Factor = "due"
	default:
		row.Factor = "off"
	}
	return row
}

// userPath is the address of an account's page.
func userPath(name string) string { return usersPath + "/account/" + url.PathEscape(name) }

// self reports whether a name is that of who is signed in.
func (v *Request) self(name string) bool { return strings.EqualFold(name, v.Who.Name) }

func listUsers(v *Request) error {
	all, err := v.Store.Accounts(v.Context())
	if err != nil {
		return err
	}
	part, pages := pageOf(v, all, usersPath)
	rows := []userRow{}
	for _, a := range part {
		rows = append(rows, v.userRow(a))
	}
	return v.Render("users", map[string]any{"Rows": rows, "Count": len(all), "Pages": pages, "New": v.May(auth.Action{Verb: auth.VerbUserAdd})})
}

// turning is the way to the pages before and behind one.
type turning struct {
	Number     int
	Back, Next string // addresses; "": there is none
}

// pageOf is the page of a list that the address asks for by its number.
func pageOf[T any](v *Request, all []T, path string) ([]T, turning) {
	last := max(1, (len(all)+pageOfUsers-1)/pageOfUsers)
	n, _ := strconv.Atoi(v.URL.Query().Get("page"))
	t := turning{Number: min(max(1, n), last)}
	if t.Number > 1 {
		t.Back = path + "?page=" + strconv.Itoa(t.Number-1)
	}
	if t.Number < last {
		t.Next = path + "?page=" + strconv.Itoa(t.Number+1)
	}
	from := (t.Number - 1) * pageOfUsers
	return all[from:min(len(all), from+pageOfUsers)], t
}

// user reads the account that the address names.
func (v *Request) user() (storage.Account, error) {
	a, err := v.Store.Account(v.Context(), v.Value("name"))
	if isCode(err, fhir.CodeNotFound) {
		return a, fhir.Errorf(fhir.CodeNotFound, "there is no such account; it may have been removed")
	}
	if err == nil {
		v.Target(a.Name)
	}
	return a, err
}

// userToChange is user for who may decide about it: who holds all that it holds.
func (v *Request) userToChange() (storage.Account, error) {
	a, err := v.user()
	if err != nil {
		return a, err
	}
	return a, auth.CheckGrant(v.Who, a.Authorities)
}

// otherUser is userToChange for what nobody does to the own account in this way.
func (v *Request) otherUser() (storage.Account, error) {
	a, err := v.userToChange()
	if err == nil && v.self(a.Name) {
		err = fhir.Errorf(fhir.CodeForbidden, "this is your own account; your password, second step and sessions are on the page of your account, and another administrator can do the rest")
	}
	return a, err
}

func showUser(v *Request) error {
	a, err := v.user()
	if err != nil {
		return err
	}
	change := v.May(auth.Action{Verb: auth.VerbUsers})
	data := map[string]any{"Row": v.userRow(a), "Change": change && auth.CheckGrant(v.Who, a.Authorities) == nil, "Beyond": change && auth.CheckGrant(v.Who, a.Authorities) != nil,
		"Audit": v.May(auth.Action{Verb: auth.VerbAudit})}
	return v.Render("users-one", data)
}

func showEditUser(v *Request) error {
	a, err := v.userToChange()
	if err != nil {
		return err
	}
	return v.Render("users-edit", map[string]any{"Row": v.userRow(a), "Form": NewForm("given", a.GivenName, "family", a.FamilyName)})
}

func editUser(v *Request) error {
	a, err := v.userToChange()
	if err != nil {
		return err
	}
	f, err := v.Form()
	if err != nil {
		return err
	}
	if err := f.person(); err != nil {
		return err
	}
	if f.Bad() {
		return v.Invalid("users-edit", map[string]any{"Row": v.userRow(a), "Form": f})
	}
	err = v.changeUser(a.Name, func(a *storage.Account) { a.GivenName, a.FamilyName = f.Get("given"), f.Get("family") })
	if err != nil {
		return err
	}
	return v.Done(userPath(a.Name), "changed")
}

// person checks the names of an account's owner.
func (f *Form) person() error {
	for field, called := range map[string]string{"given": "the given name", "family": "the family name"} {
		if err := auth.CheckPersonName(called, f.Get(field)); err != nil {
			if err := f.Refuse(field, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// userActs are what can be done to an account by one click and a question.
var userActs = []string{"lock", "unlock", "disable", "enable", "sign-out", "factor", "pause"}

func askUser(v *Request) error {
	act, err := v.act(userActs)
	if err != nil {
		return err
	}
	a, err := v.otherUser()
	if err != nil {
		return err
	}
	return v.Render("users-ask", v.question(v.userRow(a), act, nil))
}

// act is what the address says is to be done: one of some acts, or on a page of its own, a removal.
func (v *Request) act(acts []string) (string, error) {
	if strings.HasSuffix(v.Route.Pattern, "/remove") {
		return "remove", nil
	}
	if act := v.Value("act"); slices.Contains(acts, act) {
		return act, nil
	}
	return "", nothingHere()
}

// question is the data of the page that asks before something is done to an account or program. Its form goes to its own address.
func (v *Request) question(row any, act string, f *Form) map[string]any {
	return map[string]any{"Row": row, "Act": act, "Action": v.URL.Path, "Form": f}
}

func doUser(v *Request) error {
	act, err := v.act(userActs)
	if err != nil {
		return err
	}
	a, err := v.otherUser()
	if err != nil {
		return err
	}
	switch act {
	case "lock":
		err = v.changeUser(a.Name, func(a *storage.Account) { a.Locked = true })
	case "unlock":
		err = v.changeUser(a.Name, func(a *storage.Account) { a.Locked = false; auth.Unlock(a) })
	case "disable":
		err = v.changeUser(a.Name, func(a *storage.Account) { a.Disabled = true })
	case "enable":
		err = v.changeUser(a.Name, func(a *storage.Account) { a.Disabled = false })
	case "factor":
		err = v.changeUser(a.Name, auth.ResetSecondFactor)
	case "sign-out":
		var note audit.Note
		_, note, err = v.Auth.EndSessions(v.Context(), v.Actor(http.StatusSeeOther), a.Name)
		v.Did(note, err)
	case "pause":
		err = v.changeUser(a.Name, auth.Unlock)
	}
	if err != nil {
		return v.askAgain("users-ask", err, func(f *Form) any { return v.question(v.userRow(a), act, f) })
	}
	return v.Done(userPath(a.Name), act)
}

// changeUser changes an account on behalf of who is signed in.
func (v *Request) changeUser(name string, change func(a *storage.Account)) error {
	note, err := v.Auth.ChangeAccount(v.Context(), v.Actor(http.StatusSeeOther), name, auth.NewPassword{}, func(a *storage.Account) error { change(a); return nil })
	v.Did(note, err)
	return err
}

// askAgain answers the page that asked, with the refusal of the server.
func (v *Request) askAgain(page string, err error, data func(*Form) any) error {
	f := NewForm()
	if isCode(err, fhir.CodeNotFound) || isCode(err, fhir.CodeForbidden) || f.Refuse("", err) != nil {
		return err
	}
	return v.Invalid(page, data(f))
}

func removeUser(v *Request) error {
	a, err := v.otherUser()
	if err != nil {
		return err
	}
	note, err := v.Exports.RemoveAccount(v.Context(), v.Actor(http.StatusSeeOther), v.Auth, a.Name)
	if v.Did(note, err); err != nil {
		return v.askAgain("users-ask", err, func(f *Form) any { return v.question(v.userRow(a), "remove", f) })
	}
	return v.Done(usersPath, "removed")
}
