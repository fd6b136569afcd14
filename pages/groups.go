package pages

import (
	"slices"
	"strings"
	"time"

	"satchel/audit"
	"satchel/auth"
	"satchel/fhir"
	"satchel/storage"
)

const (
	groupsPath  = "/groups"
	pageOfGroup = 50  // groups, or members of one, on a page
	longestName = 120 // of a group, in letters
)

// groupRoutes are the pages of groups of patients.
func groupRoutes() []Route {
	return []Route{
		{Method: "GET", Pattern: "groups", Kind: Staff, Action: audit.Search, Needs: seesGroups, Nav: "nav.groups", Summary: "Groups of patients", Run: showGroups},
		{Method: "GET", Pattern: "groups/new", Kind: Staff, Action: audit.NoEvent, Needs: makesGroups, Summary: "The form for a new group", Run: showNewGroup},
		{Method: "POST", Pattern: "groups/new", Kind: Staff, Action: audit.Create, Needs: makesGroups, Summary: "Make a group", Run: makeGroup},
		{Method: "GET", Pattern: "groups/{id}", Kind: Staff, Action: audit.Read, Summary: "One group and its members", Run: showGroup},
		{Method: "GET", Pattern: "groups/{id}/edit", Kind: Staff, Action: audit.Read, Summary: "The form for the name of a group", Run: showEditGroup},
		{Method: "POST", Pattern: "groups/{id}/edit", Kind: Staff, Action: audit.Update, Summary: "Rename a group, or set it aside", Run: editGroup},
		{Method: "GET", Pattern: "groups/{id}/add", Kind: Staff, Action: audit.Read, Summary: "Find patients for a group", Run: showAddMembers},
		{Method: "POST", Pattern: "groups/{id}/add", Kind: Staff, Action: audit.Update, Summary: "Add patients to a group", Run: addMembers},
		{Method: "POST", Pattern: "groups/{id}/remove", Kind: Staff, Action: audit.Update, Summary: "Take members out of a group, once that was asked", Run: removeMembers},
		{Method: "GET", Pattern: "groups/{id}/delete", Kind: Staff, Action: audit.Read, Summary: "Ask whether a group is to be deleted", Run: askDeleteGroup},
		{Method: "POST", Pattern: "groups/{id}/delete", Kind: Staff, Action: audit.Delete, Summary: "Delete a group", Run: deleteGroup},
	}
}

// seesGroups is for [Route.Needs]: who may read all groups.
func seesGroups(p auth.Principal) error {
	return p.Decide(auth.Action{Verb: auth.VerbSearch, Type: "Group"})
}

// makesGroups is for [Route.Needs]: who may make a group without members, which belongs to nobody.
func makesGroups(p auth.Principal) error {
	return p.Decide(auth.Action{Verb: auth.VerbWrite, Type: "Group"})
}

// group is a Group as the pages show it.
type group struct {
	ID         string
	Name       string // "" without one
	Kind       string // Group.type
	Members    int
	Inactive   bool
	Definition bool // it describes patients instead of naming them, so it can have no members
	Version    int64
	Changed    time.Time

	doc *fhir.Document
	own fhir.Bases
}

// groupOf reads a Group.
func (v *Request) groupOf(r fhir.Resource) (group, error) {
	d, err := fhir.Parse(r.JSON)
	if err != nil {
		return group{}, err
	}
	root := d.Look()
	return group{ID: r.ID, Name: strings.TrimSpace(root.Child("name").Text()), Kind: root.Child("type").Text(), Members: len(d.Members()),
		Inactive: root.Child("active").Text() == "false", Definition: root.Child("actual").Text() == "false",
		Version: r.Version, Changed: r.Updated, doc: d, own: v.Store.Bases()}, nil
}

// owners are the patients to whom the group belongs, for auth and the audit log.
func (g group) owners() (ids []string) {
	for _, o := range g.doc.Owners(g.own) {
		if o.Why.Whole() {
			ids = append(ids, o.Patient)
		}
	}
	return ids
}

// showGroups lists the groups, by pages in order of arrival, and each page by name.
func showGroups(v *Request) error {
	from, err := v.Position("from")
	if err != nil {
		return err
	}
	found, err := v.Store.Search(v.Context(), fhir.Query{Type: "Group"}, storage.Page{Count: pageOfGroup, Cursor: from})
	if err != nil {
		return err
	}
	var all []group
	for _, r := range found.Resources {
		g, err := v.groupOf(r)
		if err != nil {
			return err
		}
		all = append(all, g)
	}
	slices.SortStableFunc(all, func(a, b group) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	next := ""
	if found.Next != "" {
		next = v.NextPage(groupsPath, "from", found.Next)
	}
	v.Target("Group")
	return v.Render("groups", map[string]any{"Groups": all, "Next": next, "Later": from != "", "New": makesGroups(v.Who) == nil})
}

func showNewGroup(v *Request) error { return v.Render("groups-new", NewForm()) }

// makeGroup stores a group without members and leads to where patients are added.
func makeGroup(v *Request) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	if f.groupName(); f.Bad() {
		return v.Invalid("groups-new", f)
	}
	d, err := fhir.Parse([]byte(`{"resourceType":"Group","active":true,"type":"person","actual":true}`))
	if err != nil {
		return err
	}
	if d, err = fhir.Parse(d.WithText("name", f.Get("name"))); err != nil {
		return err
	}
	var made fhir.Resource
	err = v.Write(func(tx *storage.Tx) (err error) {
		made, _, err = tx.Put(d, "")
		v.wroteGroup(made)
		return err
	})
	if err != nil {
		return err
	}
	return v.Done(groupsPath+"/"+made.ID+"/add", "made")
}

// groupName looks at the name that was typed.
func (f *Form) groupName() {
	f.Need("name")
	name := f.Get("name")
	if len([]rune(name)) > longestName {
		f.Fail("name", "name.long", "n", longestName)
	}
	if strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\ufffd' }) {
		f.Fail("name", "name.wrong")
	}
}
