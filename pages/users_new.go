package pages

import (
	"net/http"
	"slices"

	"satchel/auth"
	"satchel/fhir"
	"satchel/requests"
	"satchel/storage"
)

// newUser is the data of the form for an account.
type newUser struct {
	Form    *Form
	Presets []presetChoice // that whoever is signed in may grant
	Groups  []option
	Fewer   bool // there are presets that they may not grant
}

// presetChoice is a preset with what it grants.
type presetChoice struct {
	preset
	Grants []held
}

// newUser offers what whoever is signed in may grant.
func (v *Request) newUser(f *Form) (newUser, error) {
	page := newUser{Form: f}
	var err error
	if page.Groups, err = v.groupsToGrant(); err != nil {
		return page, err
	}
	for _, p := range presets() {
		if p.Group && len(page.Groups) == 0 {
			continue
		}
		group := ""
		if p.Group {
			group = page.Groups[0].Value
		}
		if auth.CheckGrant(v.Who, p.authorities(group)) != nil {
			page.Fewer = true
			continue
		}
		grants := heldOf(p.authorities(group))
		for i := range grants {
			grants[i].Argument = ""
		}
		page.Presets = append(page.Presets, presetChoice{p, grants})
	}
	return page, nil
}

// groupsToGrant are the groups whose export whoever is signed in may grant to others.
func (v *Request) groupsToGrant() ([]option, error) {
	all, err := v.exportableGroups()
	return slices.DeleteFunc(all, func(o option) bool {
		return auth.CheckGrant(v.Who, []storage.Authority{{Permission: groupExport, Argument: "Group/" + o.Value}}) != nil
	}), err
}

func showNewUser(v *Request) error {
	page, err := v.newUser(NewForm("how", "made", "kind", "person"))
	if err != nil {
		return err
	}
	if len(page.Presets) > 0 {
		page.Form.Values.Set("preset", page.Presets[0].Name)
	}
	return v.Render("users-new", page)
}

// addUser makes an account.
func addUser(v *Request) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	page, err := v.newUser(f)
	if err != nil {
		return err
	}
	a, password, err := v.newAccount(f, page)
	if err != nil {
		return err
	}
	if f.Bad() {
		return v.Invalid("users-new", page)
	}
	made := f.Get("how") != "typed"
	note, err := v.Auth.AddAccount(v.Context(), v.Actor(sent(made)), a, auth.NewPassword{Text: password})
	v.Did(note, err)
	switch {
	case isCode(err, fhir.CodeForbidden):
		return err
	case isCode(err, fhir.CodeDuplicate):
		f.Fail("username", "username.taken", "name", a.Name)
		return v.Invalid("users-new", page)
	case err != nil:
		if err := f.Refuse("", err); err != nil {
			return err
		}
		return v.Invalid("users-new", page)
	}
	if made {
		return v.Render("users-made", map[string]any{"Row": v.userRow(a), "Password": password, "New": true})
	}
	return v.Done(userPath(a.Name), "made")
}

// newAccount reads the form. What is wrong about it is noted in it.
func (v *Request) newAccount(f *Form, page newUser) (a storage.Account, password string, err error) {
	f.Need("username")
	if f.Get("username") != "" {
		if a.Name, err = auth.Name(f.Get("username")); err != nil {
			if err := f.Refuse("username", err); err != nil {
				return a, "", err
			}
		}
	}
	if err := f.person(); err != nil {
		return a, "", err
	}
	a.GivenName, a.FamilyName, a.Service = f.Get("given"), f.Get("family"), f.Get("kind") == "program"
	i := slices.IndexFunc(presets(), func(p preset) bool { return p.Name == f.Get("preset") })
	if i < 0 {
		f.Fail("preset", "preset.needed")
		return a, "", nil
	}
	p := presets()[i]
	if p.Group && !fhir.IsID(f.Get("group")) {
		f.Fail("group", "group.needed")
	}
	a.Authorities = p.authorities(f.Get("group"))
	password, err = f.givenPassword(a.Name)
	return a, password, err
}

// givenPassword is the password that was typed, or one that is made now if the form asks for that.
func (f *Form) givenPassword(name string) (string, error) {
	if f.Get("how") != "typed" {
		return requests.NewPassphrase(), nil
	}
	f.Need("password")
	if f.Get("password") != "" {
		if err := auth.CheckPassword(name, f.Secret("password")); err != nil {
			return "", f.Refuse("password", err)
		}
	}
	return f.Secret("password"), nil
}

// sent is the status of a page that shows something once, such as what was made a moment ago, or else of a redirect.
func sent(shown bool) int {
	if shown {
		return http.StatusOK
	}
	return http.StatusSeeOther
}

func showUserPassword(v *Request) error {
	a, err := v.otherUser()
	if err != nil {
		return err
	}
	return v.Render("users-password", map[string]any{"Row": v.userRow(a), "Form": NewForm("how", "made")})
}

// setUserPassword gives an account a new password; its sessions end. A person must choose another one.
func setUserPassword(v *Request) error {
	a, err := v.otherUser()
	if err != nil {
		return err
	}
	f, err := v.Form()
	if err != nil {
		return err
	}
	password, err := f.givenPassword(a.Name)
	if err != nil {
		return err
	}
	if f.Bad() {
		return v.Invalid("users-password", map[string]any{"Row": v.userRow(a), "Form": f})
	}
	made := f.Get("how") != "typed"
	note, err := v.Auth.ChangeAccount(v.Context(), v.Actor(sent(made)), a.Name, auth.NewPassword{Text: password}, nil)
	if v.Did(note, err); err != nil {
		return err
	}
	if made {
		return v.Render("users-made", map[string]any{"Row": v.userRow(a), "Password": password, "New": false})
	}
	return v.Done(userPath(a.Name), "password")
}
