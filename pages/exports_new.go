package pages

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"satchel/auth"
	"satchel/engine/bulk"
	"satchel/fhir"
	"satchel/handover"
	"satchel/storage"
)

// exportGroups bounds how many groups the form offers; others are exported from their own page.
const exportGroups = 200

// newExport is the data of the form.
type newExport struct {
	Form   *Form
	Whats  []string // what.… that may be chosen
	Groups []option
	Off    bool // exports are switched off
}

// newExport offers what whoever is signed in may start.
func (v *Request) newExport(f *Form) (newExport, error) {
	page := newExport{Form: f, Off: !v.Exports.Enabled}
	if page.Off {
		return page, nil
	}
	groups, err := v.exportableGroups()
	page.Groups = groups
	for _, what := range []string{whatPackage, whatPatients, whatGroup, whatSystem} {
		if what == whatGroup && len(groups) > 0 || what != whatGroup && v.mayExport(what, "") {
			page.Whats = append(page.Whats, what)
		}
	}
	return page, err
}

// mayExport reports whether whoever is signed in may start what the form offers as what.
func (v *Request) mayExport(what, group string) bool {
	switch what {
	case whatPackage:
		return v.Exports.MayPackage(v.Who, handover.Order{Population: true}) == nil
	case whatGroup:
		return v.Exports.MayExport(v.Who, bulk.Request{Level: bulk.LevelGroup, Group: group})
	case whatPatients:
		return v.Exports.MayExport(v.Who, bulk.Request{Level: bulk.LevelPatient})
	}
	return v.Exports.MayExport(v.Who, bulk.Request{Level: bulk.LevelSystem})
}

// exportableGroups are the groups that whoever is signed in may export, by name.
func (v *Request) exportableGroups() ([]option, error) {
	found, err := v.Store.Search(v.Context(), fhir.Query{Type: "Group"}, storage.Page{Count: exportGroups})
	if err != nil {
		return nil, err
	}
	var all []option
	for _, r := range found.Resources {
		if !v.mayExport(whatGroup, r.ID) {
			continue
		}
		d, err := fhir.Parse(r.JSON)
		if err != nil {
			return nil, err
		}
		name := d.Look().Child("name").Text()
		if name == "" || !v.May(auth.Action{Verb: auth.VerbRead, Type: "Group", ID: r.ID}) { // who may export it need not read it
			name = r.ID
		}
		all = append(all, option{r.ID, name})
	}
	slices.SortFunc(all, func(a, b option) int { return strings.Compare(strings.ToLower(a.Label), strings.ToLower(b.Label)) })
	return all, nil
}

func showNewExport(v *Request) error {
	q := v.URL.Query()
	page, err := v.newExport(NewForm("what", q.Get("what"), "group", q.Get("group")))
	if err != nil {
		return err
	}
	if page.Form.Get("what") == "" && len(page.Whats) > 0 {
		page.Form.Values.Set("what", page.Whats[0])
	}
	return v.Render("exports-new", page)
}

// startExport starts what was chosen and leads to its page.
func startExport(v *Request) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	page, err := v.newExport(f)
	if err != nil {
		return err
	}
	var job storage.Job
	if f.Get("what") == whatPackage {
		job, err = v.startPackage()
	} else {
		job, err = v.startBulk(f)
	}
	if err == nil && !f.Bad() {
		return v.Redirect(jobPath(job))
	}
	if err := f.Refuse("", err); err != nil {
		return err
	}
	return v.Invalid("exports-new", page)
}

// startPackage starts a sealed package of everything.
func (v *Request) startPackage() (storage.Job, error) {
	job, note, err := v.Exports.StartPackage(v.Context(), v.Actor(http.StatusSeeOther), handover.Order{Population: true}, v.Base+exportsPath)
	v.Did(note, err)
	return job, err
}

// startBulk starts an export. What is wrong about the form is noted in it, and then there is no job.
func (v *Request) startBulk(f *Form) (job storage.Job, err error) {
	r, err := v.bulkRequest(f)
	if f.Bad() || err != nil {
		return job, err
	}
	r.Base = v.Base + "/fhir"
	job, note, err := v.Exports.StartExport(v.Context(), v.Actor(http.StatusSeeOther), r, v.Base+exportsPath)
	v.Did(note, err)
	return job, err
}

// bulkRequest reads the form with the parser that reads the kick-offs of programs.
func (v *Request) bulkRequest(f *Form) (bulk.Request, error) {
	level, group := bulk.LevelSystem, ""
	switch f.Get("what") {
	case whatPatients:
		level = bulk.LevelPatient
	case whatGroup:
		level, group = bulk.LevelGroup, f.Get("group")
		f.Need("group")
	case whatSystem:
	default:
		f.Fail("what", "needed")
	}
	var p bulk.Params
	if types := strings.Join(strings.FieldsFunc(f.Get("types"), func(r rune) bool { return r == ',' || r == ' ' }), ","); types != "" {
		p = append(p, fhir.Param{Name: "_type", Value: types})
	}
	if day := f.Get("since"); day != "" {
		since, err := time.ParseInLocation(time.DateOnly, day, v.zone())
		if err != nil {
			f.Fail("since", "since.wrong")
		}
		p = append(p, fhir.Param{Name: "_since", Value: fhir.FormatInstant(since)})
	}
	if f.Bad() {
		return bulk.Request{}, nil
	}
	return bulk.ParseRequest(level, group, "", p, v.Store.Bases(), false, false)
}
