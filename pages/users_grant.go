package pages

import (
	"net/http"
	"slices"
	"strings"

	"satchel/audit"
	"satchel/auth"
	"satchel/fhir"
	"satchel/storage"
)

// grantRoutes are the pages on which the permissions of accounts, or of programs, are decided.
func grantRoutes(pattern string, see, change audit.Action) []Route {
	all := needs(auth.VerbUsers)
	return []Route{
		{Method: "GET", Pattern: pattern + "/permissions", Kind: Staff, Action: see, Needs: all, Summary: "The form for what an account or program may do", Run: showPermissions},
		{Method: "POST", Pattern: pattern + "/permissions", Kind: Staff, Action: change, Needs: all, Summary: "Decide what an account or program may do", Run: setPermissions},
		{Method: "GET", Pattern: pattern + "/grant", Kind: Staff, Action: see, Needs: all, Summary: "The form for a permission for one patient, one group or one kind of entry", Run: showGrant},
		{Method: "POST", Pattern: pattern + "/grant", Kind: Staff, Action: change, Needs: all, Summary: "Grant a permission for one patient, one group or one kind of entry", Run: addGrant},
	}
}

// holder is the account or program whose permissions are decided.
type holder struct {
	Name, Path  string
	Program     bool // a client; otherwise an account
	Self        bool
	Authorities []storage.Authority
}

// holder reads whom the address names, for who may decide about them.
func (v *Request) holder() (holder, error) {
	if strings.HasPrefix(v.Route.Pattern, userPattern) {
		a, err := v.userToChange()
		return holder{Name: a.Name, Path: userPath(a.Name), Self: v.self(a.Name), Authorities: a.Authorities}, err
	}
	c, err := v.programToChange()
	return holder{Name: c.Name, Path: clientPath(c.Name), Program: true, Authorities: c.Authorities}, err
}

// setAuthorities stores what the holder may do from now on: f makes it of what is held now.
func (v *Request) setAuthorities(h holder, f func(now []storage.Authority) []storage.Authority) error {
	if h.Program {
		return v.changeProgram(h.Name, http.StatusSeeOther, func(c *storage.Client) error { c.Authorities = f(c.Authorities); return nil })
	}
	return v.changeUser(h.Name, func(a *storage.Account) { a.Authorities = f(a.Authorities) })
}

// permissionsPage is the data of the form for permissions.
type permissionsPage struct {
	Form    *Form
	Holder  holder
	Kinds   []permissionKind
	Narrow  []held // with an argument: for one patient, one group, one kind
	Presets []preset
	Hidden  []held // that whoever is signed in cannot grant
}

// permissionKind are the permissions of one kind.
type permissionKind struct {
	Name  string // kind.…
	Boxes []held
}

// kindOf is the kind of a permission.
func kindOf(p auth.Permission) string {
	switch {
	case p.Role:
		return "roles"
	case strings.HasPrefix(p.Name, "SATCHEL_"):
		return "requests"
	case strings.HasPrefix(p.Name, "FHIR_OP_INITIATE_"):
		return "exports"
	case strings.Contains(p.Name, "_WRITE") || strings.Contains(p.Name, "_DELETE") || p.Name == "FHIR_TRANSACTION":
		return "writing"
	case strings.Contains(p.Name, "FHIR_"):
		return "reading"
	}
	return "running"
}

// permissionsPage offers what whoever is signed in may grant; on are the boxes that are checked.
func (v *Request) permissionsPage(h holder, f *Form, on []string) permissionsPage {
	page := permissionsPage{Form: f, Holder: h}
	kinds := []string{"requests", "reading", "exports", "writing", "running", "roles"}
	for _, kind := range kinds {
		page.Kinds = append(page.Kinds, permissionKind{Name: kind})
	}
	for _, p := range auth.Permissions() {
		if p.Argument != "" && !p.Optional {
			continue
		}
		box := held{Value: p.Name, Name: p.Name, Text: p.Text, On: slices.Contains(on, p.Name)}
		if auth.CheckGrant(v.Who, []storage.Authority{{Permission: p.Name}}) != nil {
			page.Hidden = append(page.Hidden, box)
			continue
		}
		i := slices.Index(kinds, kindOf(p))
		page.Kinds[i].Boxes = append(page.Kinds[i].Boxes, box)
	}
	page.Kinds = slices.DeleteFunc(page.Kinds, func(k permissionKind) bool { return len(k.Boxes) == 0 })
	for _, x := range heldOf(h.Authorities) {
		if x.Argument != "" {
			x.On = slices.Contains(on, x.Value)
			page.Narrow = append(page.Narrow, x)
		}
	}
	for _, p := range presets() {
		if !p.Group && len(p.Holds) > 0 && auth.CheckGrant(v.Who, p.authorities("")) == nil {
			page.Presets = append(page.Presets, p)
		}
	}
	return page
}

// showPermissions shows what is held, or what a preset would make of it.
func showPermissions(v *Request) error {
	h, err := v.holder()
	if err != nil {
		return err
	}
	now := h.Authorities
	f := NewForm()
	for _, p := range presets() {
		if p.Name == v.URL.Query().Get("preset") && !p.Group {
			now = p.authorities("")
			f.Values.Set("preset", p.Name)
		}
	}
	var on []string
	for _, a := range now {
		on = append(on, textOf(a))
	}
	return v.Render("users-permissions", v.permissionsPage(h, f, on))
}

// setPermissions stores the boxes that are checked.
func setPermissions(v *Request) error {
	h, err := v.holder()
	if err != nil {
		return err
	}
	f, err := v.Form()
	if err != nil {
		return err
	}
	on := f.Values["permission"]
	var want []storage.Authority
	for _, text := range on {
		if a := authorityOf(text); !slices.Contains(want, a) {
			want = append(want, a)
		}
	}
	err = v.setAuthorities(h, func([]storage.Authority) []storage.Authority { return want })
	if err != nil {
		return v.askAgain("users-permissions", err, func(f *Form) any { return v.permissionsPage(h, f, on) })
	}
	return v.Done(h.Path, "permissions")
}

// grantPage is the data of the form for a permission with an argument.
type grantPage struct {
	Form   *Form
	Holder holder
	Choice []auth.Permission // that may be granted; shown until one is chosen
	Chosen auth.Permission
	Ask    string   // what it is for: "patient", "group", "type", "entry"
	Typed  bool     // a kind of entry is needed beside a patient
	Types  []string // kinds of entries
	Groups []option
	Find   bool // patients can be looked for
	Found  []person
	None   bool // nobody was found
}

// narrow are the permissions with an argument that whoever is signed in might grant.
func (v *Request) narrow() []auth.Permission {
	super := auth.CheckGrant(v.Who, []storage.Authority{{Permission: "ROLE_SUPERUSER"}}) == nil
	return slices.DeleteFunc(auth.Permissions(), func(p auth.Permission) bool {
		own := slices.ContainsFunc(v.Who.Authorities, func(a storage.Authority) bool { return a.Permission == p.Name })
		return p.Argument == "" || !super && !own && auth.CheckGrant(v.Who, []storage.Authority{{Permission: p.Name}}) != nil
	})
}

// grantPage prepares the form for the permission that is chosen.
func (v *Request) grantPage(h holder, f *Form) (*grantPage, error) {
	page := &grantPage{Form: f, Holder: h, Choice: v.narrow()}
	i := slices.IndexFunc(page.Choice, func(p auth.Permission) bool { return p.Name == f.Get("permission") })
	if i < 0 {
		return page, nil
	}
	page.Chosen = page.Choice[i]
	var err error
	switch page.Chosen.Argument {
	case "[type]":
		page.Ask, page.Types = "type", fhir.Types()
	case "[type]/[id]":
		page.Ask, page.Types = "entry", fhir.Types()
	case "Group/[id]":
		page.Ask = "group"
		page.Groups, err = v.groupsToGrant()
	case "[type] in Patient/[id]":
		page.Ask, page.Typed, page.Types = "patient", true, fhir.Types()
	default:
		page.Ask = "patient"
	}
	page.Find = page.Ask == "patient" && v.May(auth.Action{Verb: auth.VerbSearch, Type: "Patient"})
	return page, err
}

// showGrant asks for whom or what, and looks for patients.
func showGrant(v *Request) error {
	h, err := v.holder()
	if err != nil {
		return err
	}
	q := v.URL.Query()
	page, err := v.grantPage(h, NewForm("permission", q.Get("permission"), "q", strings.TrimSpace(q.Get("q")), "type", q.Get("type"), "id", q.Get("id")))
	if err != nil {
		return err
	}
	if text := page.Form.Get("q"); page.Find && text != "" && len(text) <= 200 {
		found := &patientsPage{Form: NewForm("q", text), Number: 1}
		if err := v.searchPatients(found, text); err != nil {
			return err
		}
		page.Found = found.Found[:min(len(found.Found), 20)]
		page.None = len(page.Found) == 0
		for _, p := range page.Found {
			v.Saw(p.ID)
		}
	}
	return v.Render("users-grant", page)
}

// addGrant adds the permission to what is held.
func addGrant(v *Request) error {
	h, err := v.holder()
	if err != nil {
		return err
	}
	f, err := v.Form()
	if err != nil {
		return err
	}
	page, err := v.grantPage(h, f)
	if err != nil {
		return err
	}
	if page.Chosen.Name == "" {
		return fhir.Errorf(fhir.CodeForbidden, "this permission is not one that your account can grant")
	}
	if page.Ask != "type" {
		f.Need("id")
	}
	if page.Types != nil {
		f.Need("type")
	}
	add := storage.Authority{Permission: page.Chosen.Name, Argument: page.argument(f)}
	if !f.Bad() {
		err = auth.CheckAuthority(add)
		if err == nil {
			err = v.setAuthorities(h, func(now []storage.Authority) []storage.Authority {
				if slices.Contains(now, add) {
					return now
				}
				return append(now, add)
			})
		}
		if err == nil {
			return v.Done(h.Path, "granted")
		} else if isCode(err, fhir.CodeForbidden) {
			return err
		}
		if err := f.Refuse("", err); err != nil {
			return err
		}
	}
	return v.Invalid("users-grant", page)
}

// argument is what the form says of whom or what the permission is for. An id may be typed with its kind before it.
func (p *grantPage) argument(f *Form) string {
	id, typ := f.Get("id"), f.Get("type")
	bare := id[strings.LastIndexByte(id, '/')+1:]
	switch {
	case p.Ask == "type":
		return typ
	case p.Ask == "entry":
		return typ + "/" + bare
	case p.Ask == "group":
		return "Group/" + bare
	case p.Typed:
		return typ + " in Patient/" + bare
	}
	return "Patient/" + bare
}
