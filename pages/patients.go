package pages

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"satchel/audit"
	"satchel/auth"
	"satchel/fhir"
	"satchel/storage"
)

// patientRoutes are the pages of patients: finding one, the chart, and the copy of a record.
func patientRoutes() []Route {
	return append([]Route{
		{Method: "GET", Pattern: "patients", Kind: Staff, Action: audit.Search, Needs: seesPatients, Nav: "nav.patients", Summary: "Find a patient", Run: findPatients},
		{Method: "GET", Pattern: "patients/{id}", Kind: Staff, Action: audit.Read, Summary: "The chart of a patient", Run: showChart},
		{Method: "GET", Pattern: "patients/{id}/part/{part}", Kind: Staff, Action: audit.Read, Summary: "One part of a patient's chart, at length", Run: showChartPart},
		{Method: "GET", Pattern: "patients/{id}/file/{type}/{entry}", Kind: Staff, Action: audit.Read, Long: true, Summary: "A document of a patient, as it was stored", Run: sendDocument},
	}, copyRoutes()...)
}

// seesPatients is for [Route.Needs]: who may read patients, be it only one.
func seesPatients(p auth.Principal) error {
	err := p.Decide(auth.Action{Verb: auth.VerbSearch, Type: "Patient"})
	if err != nil && len(p.Patients()) > 0 {
		return nil
	}
	return err
}

const (
	pageOfPatients = 50  // on a page
	mostFound      = 500 // of a search, so that they can be sorted by name
)

// patientsPage is the data of the page that finds patients.
type patientsPage struct {
	Form   *Form
	Asked  bool // something was looked for
	All    bool // everybody is listed, in order of arrival
	Only   bool // the account sees some patients only
	Found  []person
	Count  int    // of all matches; more than mostFound are not counted
	Many   bool   // there are more than mostFound
	Number int    // of the page, from 1
	Next   string // address of the next page; "" on the last
	Back   string // of the page before
	Read   []reading
	Bad    string // what is no date
	Path   string // of the page; "": the patients' own
}

// findPatients answers the patients that somebody looked for.
func findPatients(v *Request) error {
	q := v.URL.Query()
	p := &patientsPage{Form: NewForm("q", strings.TrimSpace(q.Get("q"))), All: q.Get("all") != "", Number: 1}
	p.Only = !v.May(auth.Action{Verb: auth.VerbSearch, Type: "Patient"})
	var err error
	switch text := p.Form.Get("q"); {
	case len(text) > 200:
		p.Form.Fail("q", "long")
		return v.Invalid("patients", p)
	case text != "":
		p.Asked = true
		err = v.searchPatients(p, text)
	case p.Only:
		p.All = true
		p.Found, err = v.ownPatients()
		p.Count = len(p.Found)
	case p.All:
		err = v.allPatients(p)
		if err == nil && p.Count == 0 && p.Back != "" { // beyond the last page
			v.Decided()
			return v.Redirect(p.Back)
		}
	}
	if isCode(err, fhir.CodeValue) && p.Form.Refuse("", err) == nil {
		return v.Invalid("patients", p)
	} else if err != nil {
		return err
	}
	for i := range p.Found {
		v.Saw(p.Found[i].ID)
	}
	return v.Render("patients", p)
}

// searchPatients looks for what was typed: the first way to read it that finds somebody.
func (v *Request) searchPatients(p *patientsPage, text string) error {
	w := readWords(text, v.monthFirst(), v.Store.Now())
	p.Read, p.Bad = w.readings, w.bad
	if p.Bad != "" {
		return nil
	}
	own, err := v.ownIfOnly(p.Only)
	if err != nil {
		return err
	}
	for _, params := range w.queries() {
		q, _, err := fhir.ParseQuery("Patient", params, v.Store.Bases())
		if err != nil {
			return err
		}
		if p.Found, p.Many, err = v.matches(q, own, p.Only); err != nil {
			return err
		}
		if len(p.Found) > 0 {
			break
		}
	}
	p.Count = len(p.Found)
	slices.SortFunc(p.Found, func(a, b person) int {
		return cmp.Or(cmp.Compare(a.sort, b.sort), cmp.Compare(a.Birth, b.Birth), cmp.Compare(a.ID, b.ID))
	})
	p.cut(v.URL.Query())
	return nil
}

// cut keeps one page of what was found.
func (p *patientsPage) cut(q url.Values) {
	pages := max(1, (len(p.Found)+pageOfPatients-1)/pageOfPatients)
	n, _ := strconv.Atoi(q.Get("page"))
	p.Number = min(max(1, n), pages)
	address := func(n int) string {
		return cmp.Or(p.Path, "/patients") + "?" + url.Values{"q": {p.Form.Get("q")}, "page": {strconv.Itoa(n)}}.Encode()
	}
	if p.Number > 1 {
		p.Back = address(p.Number - 1)
	}
	if p.Number < pages {
		p.Next = address(p.Number + 1)
	}
	from := (p.Number - 1) * pageOfPatients
	p.Found = p.Found[from:min(len(p.Found), from+pageOfPatients)]
}

// matches are the patients that a query finds: in the store by its index, or among those that the account may read.
func (v *Request) matches(q fhir.Query, own []fhir.Resource, only bool) (found []person, many bool, err error) {
	var all []fhir.Resource
	if only {
		var d fhir.Document
		for _, r := range own {
			if err := d.Reset(r.JSON); err != nil {
				return nil, false, err
			}
			if q.Match(&d) {
				all = append(all, r)
			}
		}
	} else {
		page, err := v.Store.Search(v.Context(), q, storage.Page{Count: mostFound})
		if err != nil {
			return nil, false, err
		}
		all, many = page.Resources, page.Next != ""
	}
	found, err = v.personsOf(all)
	return found, many, err
}

// ownIfOnly are the patients that the account may read by name, if it may read no others.
func (v *Request) ownIfOnly(only bool) ([]fhir.Resource, error) {
	if !only {
		return nil, nil
	}
	all, _, err := v.readable(v.Who.Patients())
	return all, err
}

// readable are those of the Patients that are stored and that the account may read; hidden counts those that it may not.
func (v *Request) readable(ids []string) (all []fhir.Resource, hidden int, err error) {
	for _, id := range ids {
		if v.Who.Decide(readPatient(id)) != nil {
			hidden++
			continue
		}
		r, found, err := v.stored("Patient", id)
		if err != nil {
			return nil, 0, err
		}
		if found {
			all = append(all, r)
		}
	}
	return all, hidden, nil
}

// stored reads a resource, without a decision; false if there is none or it was deleted.
func (v *Request) stored(typ, id string) (fhir.Resource, bool, error) {
	r, err := v.Store.Resource(v.Context(), typ, id)
	if isCode(err, fhir.CodeNotFound) {
		return r, false, nil
	}
	return r, err == nil && !r.Deleted, err
}

// living reads a Patient, without a decision; false if there is none.
func (v *Request) living(id string) (person, bool, error) {
	r, found, err := v.stored("Patient", id)
	if err != nil || !found {
		return person{}, false, err
	}
	all, err := v.personsOf([]fhir.Resource{r})
	if err != nil {
		return person{}, false, err
	}
	return all[0], true, nil
}

func (v *Request) ownPatients() ([]person, error) {
	all, err := v.ownIfOnly(true)
	if err != nil {
		return nil, err
	}
	return v.personsOf(all)
}

// allPatients lists everybody by pages, in order of arrival.
func (v *Request) allPatients(p *patientsPage) error {
	cursor, err := v.Position("from")
	if err != nil {
		return err
	}
	found, err := v.Store.Search(v.Context(), fhir.Query{Type: "Patient"}, storage.Page{Count: pageOfPatients, Cursor: cursor})
	if err != nil {
		return err
	}
	if found.Next != "" {
		p.Next = v.NextPage("/patients?all=1", "from", found.Next)
	}
	if cursor != "" {
		p.Back = "/patients?all=1"
	}
	p.Found, err = v.personsOf(found.Resources)
	p.Count = len(p.Found)
	return err
}

// readPatient is what a page asks that shows a Patient.
func readPatient(id string) auth.Action {
	return auth.Action{Verb: auth.VerbRead, Type: "Patient", ID: id, Owners: []string{id}}
}

// monthFirst reports whether 3/4/1960 is the 4th of March here.
func (v *Request) monthFirst() bool { return v.T("patients.date.order") == "month first" }
