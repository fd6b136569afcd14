package pages

import (
	"satchel/audit"
	"satchel/auth"
	"satchel/fhir"
	"satchel/handover"
	"satchel/handover/view"
	"satchel/storage"
	"satchel/worklist"
)

const (
	unassignedPath   = "/unassigned"
	pageOfUnassigned = 25      // resources on a page
	mostShown        = 1 << 16 // bytes of a resource as it came
)

// unassignedRoutes are the pages of what belongs to nobody and ought to be somebody's.
func unassignedRoutes() []Route {
	return []Route{
		{Method: "GET", Pattern: "unassigned", Kind: Staff, Action: audit.AssignmentList, Needs: seesUnassigned, Nav: "nav.unassigned", Summary: "What belongs to nobody and ought to be some patient's", Run: showUnassigned},
		{Method: "GET", Pattern: "unassigned/decided", Kind: Staff, Action: audit.AssignmentList, Needs: seesUnassigned, Summary: "What was assigned, and what was confirmed to be nobody's", Run: showDecided},
		{Method: "GET", Pattern: "unassigned/{type}/{id}", Kind: Staff, Action: audit.Read, Needs: seesUnassigned, Summary: "One entry: what it says, and whom it may be about", Run: showUnassignedOne},
		{Method: "POST", Pattern: "unassigned/{type}/{id}", Kind: Staff, Action: audit.AssignmentMake, Needs: seesUnassigned, Summary: "Say whose an entry is, or that it is nobody's", Run: assignUnassigned},
		{Method: "POST", Pattern: "unassigned/{type}/{id}/undo", Kind: Staff, Action: audit.AssignmentEnd, Needs: seesUnassigned, Summary: "Take back what was said about an entry", Run: undoUnassigned},
	}
}

// seesUnassigned is for [Route.Needs].
func seesUnassigned(p auth.Principal) error { return worklist.MaySee(auth.ActorOf(p, "", "", 0)) }

func (v *Request) worklist() *worklist.Service { return &worklist.Service{Store: v.Store} }

// unassignedRow is an entry as the pages show it.
type unassignedRow struct {
	worklist.Entry
	Kind    string // of entry, in words
	Fact    chartFact
	Names   []string // of whom it says that it is about
	Numbers []string
	Likely  []likelyPerson
	Path    string
	Text    string // as it came, for the page of one
	Cut     bool   // it is longer
}

// likelyPerson is a patient whom an entry may be about.
type likelyPerson struct {
	person
	Mention fhir.Mention // "": whom somebody looked for
}

// unassignedRow tells what an entry says.
func (v *Request) unassignedRow(e worklist.Entry) (unassignedRow, error) {
	r := e.Resource
	row := unassignedRow{Entry: e, Kind: view.TypeName(r.Type, 1), Path: unassignedPath + "/" + r.Key()}
	d, err := fhir.Parse(r.JSON)
	if err != nil {
		return row, err
	}
	w := view.New(view.Options{})
	if err := w.Add(view.Item{Section: handover.Current, Type: r.Type, ID: r.ID, Version: r.Version, Updated: r.Updated, JSON: r.JSON}); err != nil {
		return row, err
	}
	if facts := w.Facts(); len(facts) > 0 {
		row.Fact = chartFact{Fact: facts[0]}
	}
	m := d.Mentions()
	row.Names = m.Names
	for _, i := range m.Identifiers {
		row.Numbers = append(row.Numbers, i.Value)
	}
	for _, l := range e.Likely {
		all, err := v.personsOf([]fhir.Resource{l.Patient})
		if err != nil {
			return row, err
		}
		row.Likely = append(row.Likely, likelyPerson{all[0], l.Mention})
	}
	return row, nil
}

// showUnassigned lists what is unassigned.
func showUnassigned(v *Request) error {
	from, err := v.Position("from")
	if err != nil {
		return err
	}
	all, next, note, err := v.worklist().List(v.Context(), v.Actor(0), "", from, pageOfUnassigned)
	if v.Did(note, err); err != nil {
		return err
	}
	var rows []unassignedRow
	for _, e := range all {
		row, err := v.unassignedRow(e)
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	if next != "" {
		next = v.NextPage(unassignedPath, "from", next)
	}
	return v.Render("unassigned", map[string]any{"Rows": rows, "Next": next, "Later": from != ""})
}

// decidedRow is what was said about a resource, as the page shows it.
type decidedRow struct {
	storage.Assignment
	Kind   string
	Person person // without an id: it is nobody's, or the Patient is not here any more
	Path   string
}

// showDecided lists what staff said, the newest first.
func showDecided(v *Request) error {
	from, err := v.Position("from")
	if err != nil {
		return err
	}
	all, next, note, err := v.worklist().Assignments(v.Context(), v.Actor(0), from, pageOfUnassigned)
	if v.Did(note, err); err != nil {
		return err
	}
	var rows []decidedRow
	for _, a := range all {
		row, err := v.decidedRow(a)
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	if next != "" {
		next = v.NextPage(unassignedPath+"/decided", "from", next)
	}
	return v.Render("unassigned-decided", map[string]any{"Rows": rows, "Next": next, "Later": from != ""})
}

func (v *Request) decidedRow(a storage.Assignment) (row decidedRow, err error) {
	row = decidedRow{Assignment: a, Kind: view.TypeName(a.Type, 1), Path: unassignedPath + "/" + a.Key()}
	if a.Patient != "" {
		row.Person, _, err = v.living(a.Patient)
	}
	return row, err
}

// unassignedCard says on today's page how much is unassigned, without names.
func unassignedCard(v *Request) (any, bool, error) {
	if seesUnassigned(v.Who) != nil {
		return nil, false, nil
	}
	n, err := v.worklist().Count(v.Context(), v.Actor(0))
	return n, n > 0, err
}
