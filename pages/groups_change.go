package pages

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"satchel/auth"
	"satchel/engine/bulk"
	"satchel/fhir"
	"satchel/storage"
)

// editPage is the data of the form for a group's name.
type editPage struct {
	Form  *Form
	Group group
}

func showEditGroup(v *Request) error {
	g, err := v.groupToChange(auth.VerbWrite)
	if err != nil {
		return err
	}
	f := NewForm("name", g.Name)
	if g.Inactive {
		f.Values.Set("inactive", "1")
	}
	return v.Render("groups-edit", editPage{f, g})
}

// groupForm is the form that was sent and the group that it is about, for who may change it.
func (v *Request) groupForm() (*Form, group, error) {
	f, err := v.Form()
	if err != nil {
		return nil, group{}, err
	}
	g, err := v.groupToChange(auth.VerbWrite)
	return f, g, err
}

// saveGroup changes the group of a form, and ends in what was done; or in the page that says what is wrong.
func (v *Request) saveGroup(f *Form, change func(g group) []byte, path, done string, wrong func() error) error {
	if !f.Bad() {
		if err := v.changeGroup(f, change); err != nil {
			return err
		}
	}
	if f.Bad() {
		return wrong()
	}
	return v.Done(path, done)
}

// editGroup gives a group another name, or sets it aside.
func editGroup(v *Request) error {
	f, g, err := v.groupForm()
	if err != nil {
		return err
	}
	f.groupName()
	return v.saveGroup(f, func(g group) []byte { return renamed(g, f.Get("name"), f.Get("inactive") != "") },
		groupsPath+"/"+g.ID, "saved", func() error { return v.Invalid("groups-edit", editPage{f, g}) })
}

// renamed is the text of a group with a name and its state; what says the same already stays as it is written.
func renamed(g group, name string, inactive bool) []byte {
	text := g.doc.JSON()
	if name != g.Name {
		text = g.doc.WithText("name", name)
	}
	if inactive == g.Inactive {
		return text
	}
	d, err := fhir.Parse(text)
	if err != nil {
		return text // cannot be: it is a sound text with another name
	}
	return d.WithFlag("active", !inactive)
}

// addPage is the data of the page that finds patients for a group.
type addPage struct {
	*patientsPage
	Group  group
	Joined map[string]bool // by id: members already
	Ticked map[string]bool
}

func showAddMembers(v *Request) error {
	g, err := v.groupToChange(auth.VerbWrite)
	if err != nil {
		return err
	}
	page, err := v.addPage(g, NewForm("q", strings.TrimSpace(v.URL.Query().Get("q"))))
	if err != nil {
		return err
	}
	if page.Form.Bad() {
		return v.Invalid("groups-add", page)
	}
	return v.Render("groups-add", page)
}

// addPage looks for patients as the page of patients does. What is wrong is said in the form.
func (v *Request) addPage(g group, f *Form) (*addPage, error) {
	p := &patientsPage{Form: f, Number: 1, Path: groupsPath + "/" + g.ID + "/add"}
	p.Only = !v.May(auth.Action{Verb: auth.VerbSearch, Type: "Patient"})
	page := &addPage{patientsPage: p, Group: g, Ticked: map[string]bool{}}
	page.Joined = g.joined(v.Store.Now())
	for _, id := range f.Values["patient"] {
		page.Ticked[id] = true
	}
	var err error
	switch text := f.Get("q"); {
	case len(text) > 200:
		f.Fail("q", "patients:long")
	case text != "":
		p.Asked = true
		err = v.searchPatients(p, text)
	case p.Only:
		p.All = true
		p.Found, err = v.ownPatients()
	}
	if isCode(err, fhir.CodeValue) {
		err = f.Refuse("", err)
	}
	for _, found := range p.Found {
		v.Saw(found.ID)
	}
	return page, err
}

// addMembers adds the patients that were ticked. Who is a member already stays one.
func addMembers(v *Request) error {
	f, g, err := v.groupForm()
	if err != nil {
		return err
	}
	ids, err := v.ticked(f, g)
	if err != nil {
		return err
	}
	return v.saveGroup(f, func(g group) []byte { return g.with(ids, v.Store.Now()) }, groupsPath+"/"+g.ID+"/add", "added", func() error {
		page, err := v.addPage(g, f)
		if err != nil {
			return err
		}
		return v.Invalid("groups-add", page)
	})
}

// ticked are the patients of a form, each of whom is stored here and may be read by the visitor.
func (v *Request) ticked(f *Form, g group) (ids []string, err error) {
	if g.Definition {
		f.Fail("", "definition")
		return nil, nil
	}
	for _, id := range f.Values["patient"] {
		if slices.Contains(ids, id) {
			continue
		}
		if _, err := v.patient(id); isCode(err, fhir.CodeNotFound) || isCode(err, fhir.CodeForbidden) {
			f.Fail("", "patient.gone")
			continue
		} else if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	if len(ids) == 0 && !f.Bad() {
		f.Fail("", "none.ticked")
	}
	v.Target("Group/" + g.ID)
	return ids, nil
}

// joined are the patients who are members by themselves at a time, by id.
func (g group) joined(at time.Time) map[string]bool {
	all := map[string]bool{}
	for _, m := range g.doc.Members() {
		if r := fhir.ParseReference(m.Reference); r.Type == "Patient" && g.own.Owns(r) && bulk.Current(m, at) {
			all[r.ID] = true
		}
	}
	return all
}

// with is the text of the group with more patients in it.
func (g group) with(ids []string, at time.Time) []byte {
	var add []string
	joined := g.joined(at)
	for _, id := range ids {
		if !joined[id] {
			add = append(add, "Patient/"+id)
		}
	}
	return g.doc.WithMembers(nil, add...)
}

// removePage asks before members are taken out.
type removePage struct {
	Group   group
	Members []member
}

// removeMembers takes out the members that were ticked, after a page of its own has asked.
func removeMembers(v *Request) error {
	f, g, err := v.groupForm()
	if err != nil {
		return err
	}
	places := f.places(g)
	if !f.Bad() && f.Get("sure") == "" {
		return v.askRemoval(g, places)
	}
	return v.saveGroup(f, func(g group) []byte { return g.doc.WithMembers(places) }, groupsPath+"/"+g.ID, "removed", func() error {
		page, err := v.groupPage(g, f)
		if err != nil {
			return err
		}
		return v.Invalid("groups-one", page)
	})
}

// askRemoval shows the members who are to be taken out.
func (v *Request) askRemoval(g group, places []int) error {
	ask := removePage{Group: g}
	for _, i := range places {
		m, err := v.member(i, g.doc.Members()[i])
		if err != nil {
			return err
		}
		ask.Members = append(ask.Members, m)
	}
	v.Detail("asked first, nothing was written")
	return v.Render("groups-remove", ask)
}

// places are the members that were ticked, by their places in the version that the form was about.
func (f *Form) places(g group) (places []int) {
	if !f.same(g) {
		return nil
	}
	for _, text := range f.Values["member"] {
		if i, err := strconv.Atoi(text); err == nil && i >= 0 && i < g.Members && !slices.Contains(places, i) {
			places = append(places, i)
		}
	}
	if len(places) == 0 || len(places) > pageOfGroup {
		f.Fail("", "none.ticked")
	}
	return places
}

func askDeleteGroup(v *Request) error {
	g, err := v.groupToChange(auth.VerbDelete)
	if err != nil {
		return err
	}
	return v.Render("groups-delete", g)
}

// deleteGroup deletes a group; its patients and their records stay.
func deleteGroup(v *Request) error {
	g, err := v.groupToChange(auth.VerbDelete)
	if err != nil {
		return err
	}
	err = v.Write(func(tx *storage.Tx) error {
		g, err := v.standingGroup(tx, g.ID)
		if err != nil {
			return err
		}
		v.Saw(g.owners()...)
		if err := changesGroup(v.Decide, auth.VerbDelete, g.ID, g.owners); err != nil {
			return err
		}
		_, _, err = tx.Delete("Group", g.ID)
		return err
	})
	if err != nil {
		return err
	}
	return v.Done(groupsPath, "deleted")
}
