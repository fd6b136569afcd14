package pages

import (
	"strconv"

	"satchel/auth"
	"satchel/engine/bulk"
	"satchel/fhir"
	"satchel/handover/view"
	"satchel/storage"
)

// group reads the group of the address and decides whether the visitor may see it. One that is not there is told only to
// those who may see groups.
func (v *Request) group() (group, error) {
	id := v.Value("id")
	if !fhir.IsID(id) {
		return group{}, nothingHere()
	}
	v.Target("Group/" + id)
	r, err := v.Store.Resource(v.Context(), "Group", id)
	missing := isCode(err, fhir.CodeNotFound) || err == nil && r.Deleted
	if err != nil && !missing {
		return group{}, err
	}
	do, g := auth.Action{Verb: auth.VerbRead, Type: "Group", ID: id}, group{}
	if !missing {
		if g, err = v.groupOf(r); err != nil {
			return g, err
		}
		if !v.May(do) {
			do.Owners = g.owners()
		}
	}
	if err := v.Decide(do); err != nil {
		return g, err
	}
	if missing {
		return g, noGroup()
	}
	return g, nil
}

func noOwners() []string { return nil }

func noGroup() error {
	return fhir.Errorf(fhir.CodeNotFound, "there is no such group here; it may have been deleted")
}

// groupToChange is group for pages that lead to a write or a deletion.
func (v *Request) groupToChange(verb auth.Verb) (group, error) {
	g, err := v.group()
	if err != nil {
		return g, err
	}
	return g, changesGroup(v.Decide, verb, g.ID, g.owners)
}

// changesGroup decides on a write or a deletion, as the API does: by a permission for any group, or by one for each patient in it.
func changesGroup(decide func(auth.Action) error, verb auth.Verb, id string, owners func() []string) error {
	do := auth.Action{Verb: verb, Type: "Group", ID: id}
	if decide(do) == nil {
		return nil
	}
	do.Owners = owners()
	return decide(do)
}

// mayGroup reports whether the visitor may do it to the group, for a button.
func (v *Request) mayGroup(verb auth.Verb, g group) bool {
	return changesGroup(v.Who.Decide, verb, g.ID, g.owners) == nil
}

// member is one member as the page shows it.
type member struct {
	Index    int    // in the group
	Kind     string // patient, group, missing, hidden, other
	Person   person // of a patient
	ID       string // of a patient or group
	Name     string // of a group; of others the reference
	Inactive bool
	Ended    string // day on which it ended, as people read it
	Begins   string // day on which it will begin
}

// groupPage is the data of the page of one group.
type groupPage struct {
	Form     *Form
	Group    group
	Members  []member
	From, To int // places of the first and the last one shown, from 1
	Back     int // number of the page before; 0: none
	Next     int
	Counted  int  // patients that an export holds now
	Differs  bool // that number is not the number of members
	Change   bool // the visitor may change the group
	Delete   bool
	Export   bool
}

// showGroup shows a group with a page of its members.
func showGroup(v *Request) error {
	g, err := v.group()
	if err != nil {
		return err
	}
	page, err := v.groupPage(g, NewForm())
	if err != nil {
		return err
	}
	return v.Render("groups-one", page)
}

// groupPage gathers the page of a group.
func (v *Request) groupPage(g group, f *Form) (p groupPage, err error) {
	p = groupPage{Form: f, Group: g, Change: v.mayGroup(auth.VerbWrite, g), Delete: v.mayGroup(auth.VerbDelete, g),
		Export: v.mayExport(whatGroup, g.ID)}
	all := g.doc.Members()
	pages := max(1, (len(all)+pageOfGroup-1)/pageOfGroup)
	n, _ := strconv.Atoi(v.URL.Query().Get("page"))
	n = min(max(1, n), pages)
	if n > 1 {
		p.Back = n - 1
	}
	if n < pages {
		p.Next = n + 1
	}
	from, to := (n-1)*pageOfGroup, min(n*pageOfGroup, len(all))
	p.From, p.To = from+1, to
	for i := from; i < to; i++ {
		m, err := v.member(i, all[i])
		if err != nil {
			return p, err
		}
		p.Members = append(p.Members, m)
	}
	counted, err := v.Exports.Engine.Bulk.Members(v.Context(), g.ID)
	p.Counted, p.Differs = len(counted), len(counted) != len(all)
	return p, err
}

// member reads what the page tells of a member. Names of patients that the visitor may not read are not told.
func (v *Request) member(i int, m fhir.Member) (member, error) {
	row := member{Index: i, Kind: "other", Name: m.Reference, Inactive: m.Inactive}
	if now := v.Store.Now(); !bulk.Current(fhir.Member{End: m.End}, now) {
		row.Ended = view.Day(m.End)
	} else if !bulk.Current(fhir.Member{Start: m.Start}, now) {
		row.Begins = view.Day(m.Start)
	}
	to := fhir.ParseReference(m.Reference)
	typ, id := to.Type, to.ID
	if !v.Store.Bases().Owns(to) || typ != "Patient" && typ != "Group" {
		return row, nil
	}
	row.ID = id
	do := readPatient(id)
	if typ == "Group" {
		do = auth.Action{Verb: auth.VerbRead, Type: "Group", ID: id}
	}
	if !v.May(do) {
		row.Kind = "hidden"
		return row, nil
	}
	r, err := v.Store.Resource(v.Context(), typ, id)
	if isCode(err, fhir.CodeNotFound) || err == nil && r.Deleted {
		row.Kind = "missing"
		return row, nil
	} else if err != nil {
		return row, err
	}
	if typ == "Group" {
		nested, err := v.groupOf(r)
		row.Kind, row.Name = "group", nested.Name
		return row, err
	}
	v.Saw(id)
	persons, err := v.personsOf([]fhir.Resource{r})
	if err == nil {
		row.Kind, row.Person = "patient", persons[0]
	}
	return row, err
}

// changeGroup stores the next version of the group of the address, unless somebody has changed it since the form was
// made; that is then said in the form.
func (v *Request) changeGroup(f *Form, change func(group) []byte) error {
	id := v.Value("id")
	return v.Write(func(tx *storage.Tx) error {
		g, err := v.standingGroup(tx, id)
		if err != nil {
			return err
		}
		d, err := fhir.Parse(change(g))
		if err != nil {
			return err
		}
		next := group{doc: d, own: v.Store.Bases()}
		for _, owners := range []func() []string{g.owners, next.owners} {
			if err := changesGroup(v.Decide, auth.VerbWrite, id, owners); err != nil {
				return err
			}
			v.Saw(owners()...)
		}
		if !f.same(g) {
			return nil
		}
		r, _, err := tx.Put(d, id)
		v.wroteGroup(r)
		return err
	})
}

// standingGroup is a group as a transaction sees it.
func (v *Request) standingGroup(tx *storage.Tx, id string) (group, error) {
	if !fhir.IsID(id) {
		return group{}, nothingHere()
	}
	r, err := tx.Resource("Group", id)
	if isCode(err, fhir.CodeNotFound) || err == nil && r.Deleted {
		if err := changesGroup(v.Decide, auth.VerbWrite, id, noOwners); err != nil {
			return group{}, err
		}
		return group{}, noGroup()
	} else if err != nil {
		return group{}, err
	}
	return v.groupOf(r)
}

// same reports whether the form was made from this version of the group, and says in the form if it was not.
func (f *Form) same(g group) bool {
	if f.Get("version") == strconv.FormatInt(g.Version, 10) {
		return true
	}
	f.Fail("", "changed")
	return false
}

// wroteGroup tells the audit log which version was written.
func (v *Request) wroteGroup(r fhir.Resource) {
	v.Target(r.Key() + "/_history/" + strconv.FormatInt(r.Version, 10))
}
