package pages

import (
	"net/http"
	"slices"

	"satchel/auth"
	"satchel/fhir"
	"satchel/storage"
)

// programKind is what a program is for, and what it needs for it.
type programKind struct {
	Name   string // for.…
	Scopes string
	Holds  []string
	Group  bool // an export of one group is added, which must be chosen
}

// programKinds are what a program can begin with.
func programKinds() []programKind {
	return []programKind{
		{Name: "group", Scopes: "system/*.rs", Holds: []string{"FHIR_ALL_READ"}, Group: true},
		{Name: "all", Scopes: "system/*.rs", Holds: []string{"ROLE_FHIR_CLIENT_SUPERUSER_RO"}},
		{Name: "app", Scopes: auth.ScopeEHI, Holds: []string{"FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT"}},
		{Name: "write", Scopes: "system/*.cruds", Holds: []string{"ROLE_FHIR_CLIENT_SUPERUSER"}},
		{Name: "nothing", Scopes: "system/*.rs"},
	}
}

// authorities are what the kind grants.
func (k programKind) authorities(group string) []storage.Authority {
	return preset{Holds: k.Holds, Group: k.Group}.authorities(group)
}

// newProgram is the data of the form for a program.
type newProgram struct {
	Form    *Form
	Kinds   []programKind // that whoever is signed in may grant
	Groups  []option
	Fewer   bool // there are kinds that they may not grant
	Secrets bool // programs may sign in by a secret here
}

func (v *Request) newProgram(f *Form) (newProgram, error) {
	page := newProgram{Form: f, Secrets: v.secretsWork()}
	var err error
	if page.Groups, err = v.groupsToGrant(); err != nil {
		return page, err
	}
	for _, k := range programKinds() {
		if k.Group && len(page.Groups) == 0 {
			continue
		}
		group := ""
		if k.Group {
			group = page.Groups[0].Value
		}
		if auth.CheckGrant(v.Who, k.authorities(group)) != nil {
			page.Fewer = true
			continue
		}
		page.Kinds = append(page.Kinds, k)
	}
	return page, nil
}

func showNewProgram(v *Request) error {
	page, err := v.newProgram(NewForm("sign", "keys"))
	if err != nil {
		return err
	}
	if len(page.Kinds) > 0 {
		page.Form.Values.Set("for", page.Kinds[0].Name)
	}
	return v.Render("clients-new", page)
}

// addProgram registers a program.
func addProgram(v *Request) error {
	f, keys, err := v.uploadForm("file")
	if err != nil {
		return err
	}
	page, err := v.newProgram(f)
	if err != nil {
		return err
	}
	r, err := f.registration(keys)
	if err != nil {
		return err
	}
	if f.Bad() {
		return v.Invalid("clients-new", page)
	}
	c, secret, note, err := v.Auth.AddClient(v.Context(), v.Actor(http.StatusOK), r)
	v.Did(note, err)
	if isCode(err, fhir.CodeForbidden) {
		return err
	} else if err != nil {
		field := ""
		if isCode(err, fhir.CodeDuplicate) {
			field = "name"
		}
		if err := f.Refuse(field, err); err != nil {
			return err
		}
		return v.Invalid("clients-new", page)
	}
	return v.Render("clients-made", map[string]any{"Row": programRowOf(c), "Secret": secret, "Works": page.Secrets, "New": true, "Base": v.Base})
}

// registration reads the form. What is wrong about it is noted in it; keys are the text of a file that came with it.
func (f *Form) registration(keys string) (r auth.Registration, err error) {
	f.Need("name")
	if f.Get("name") != "" {
		if _, err := auth.Name(f.Get("name")); err != nil {
			if err := f.Refuse("name", err); err != nil {
				return r, err
			}
		}
	}
	i := slices.IndexFunc(programKinds(), func(k programKind) bool { return k.Name == f.Get("for") })
	if i < 0 {
		f.Fail("for", "for.needed")
		return r, nil
	}
	k := programKinds()[i]
	if k.Group && !fhir.IsID(f.Get("group")) {
		f.Fail("group", "group.needed")
	}
	r = auth.Registration{Name: f.Get("name"), Scopes: k.Scopes, RedirectURI: f.Get("redirect"), Authorities: k.authorities(f.Get("group"))}
	if text := f.Get("scopes"); text != "" {
		r.Scopes = text
	}
	if f.Get("sign") == "secret" {
		r.Secret = true
		return r, nil
	}
	return r, f.keys(keys, func(text []byte, address string) error {
		r.Keys, r.KeysURL, r.AllowPrivate = text, address, f.Get("private") != ""
		return nil
	})
}
