package pages

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"satchel/audit"
	"satchel/auth"
	"satchel/fhir"
	"satchel/storage"
	"satchel/worklist"
)

// unassignedPage is the data of the page of one entry.
type unassignedPage struct {
	*patientsPage // whom somebody looked for, beside the likely ones
	Row           unassignedRow
	Decided       *decidedRow // what was said of it
	May           bool        // the account may say whose it is
}

// nobodys is the value of the choice that an entry is nobody's.
const nobodys = "-"

// showUnassignedOne shows an entry, and the patients that somebody looked for.
func showUnassignedOne(v *Request) error {
	page, note, err := v.unassignedPage(NewForm("q", strings.TrimSpace(v.URL.Query().Get("q"))))
	if v.Did(note, err); err != nil {
		return err
	}
	if page.Form.Bad() {
		return v.Invalid("unassigned-one", page)
	}
	return v.Render("unassigned-one", page)
}

// unassignedPage reads the entry of the address, with what the audit log must know of that.
func (v *Request) unassignedPage(f *Form) (*unassignedPage, audit.Note, error) {
	e, note, err := v.worklist().Look(v.Context(), v.Actor(0), v.Value("type"), v.Value("id"))
	if err != nil {
		return nil, note, err
	}
	page, err := v.unassignedPageOf(e, f)
	return page, note, err
}

func (v *Request) unassignedPageOf(e worklist.Entry, f *Form) (*unassignedPage, error) {
	row, err := v.unassignedRow(e)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	if err := json.Indent(&text, e.Resource.JSON, "", "  "); err != nil {
		return nil, err
	}
	row.Text = strings.ToValidUTF8(string(text.Bytes()[:min(text.Len(), mostShown)]), "")
	row.Cut = text.Len() > mostShown
	page := &unassignedPage{Row: row, patientsPage: &patientsPage{Form: f, Number: 1, Path: row.Path},
		May: e.Open && v.May(auth.Action{Verb: auth.VerbWrite, Type: e.Resource.Type})}
	if e.Assignment != nil {
		decided, err := v.decidedRow(*e.Assignment)
		if err != nil {
			return nil, err
		}
		page.Decided = &decided
		page.May = v.May(auth.Action{Verb: auth.VerbWrite, Type: e.Resource.Type})
	}
	return page, page.look(v)
}

// look finds the patients that somebody looked for.
func (page *unassignedPage) look(v *Request) (err error) {
	p := page.patientsPage
	p.Only = !v.May(auth.Action{Verb: auth.VerbSearch, Type: "Patient"})
	switch text := p.Form.Get("q"); {
	case len(text) > 200:
		p.Form.Fail("q", "patients:long")
	case text != "":
		p.Asked = true
		err = v.searchPatients(p, text)
	}
	if isCode(err, fhir.CodeValue) {
		err = p.Form.Refuse("", err)
	}
	for _, found := range p.Found {
		v.Saw(found.ID)
	}
	p.Found = slices.DeleteFunc(p.Found, func(found person) bool {
		return slices.ContainsFunc(page.Row.Likely, func(l likelyPerson) bool { return l.ID == found.ID })
	})
	return err
}

// Choices are the patients that can be chosen.
func (page *unassignedPage) Choices() []likelyPerson {
	all := slices.Clone(page.Row.Likely)
	for _, p := range page.Found {
		all = append(all, likelyPerson{person: p})
	}
	return all
}

// assignUnassigned says whose an entry is. The form names the version that was looked at.
func assignUnassigned(v *Request) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	a := storage.Assignment{Type: v.Value("type"), ID: v.Value("id"), Patient: f.Get("patient"), Reason: f.Get("reason")}
	switch a.Version, err = strconv.ParseInt(f.Get("version"), 10, 64); {
	case err != nil:
		f.Fail("", "again")
	case a.Patient == "":
		f.Fail("patient", "choose")
	case len(a.Reason) > 500:
		f.Fail("reason", "reason.long")
	case a.Patient != nobodys && !fhir.IsID(a.Patient):
		f.Fail("patient", "choose")
	}
	if !f.Bad() {
		err := v.assign(a)
		if err == nil {
			return v.Done(unassignedPath, map[bool]string{true: "confirmed", false: "assigned"}[a.Patient == nobodys])
		}
		if !isCode(err, fhir.CodeConflict) && !isCode(err, fhir.CodeNotFound) {
			return err
		}
		if err := f.Refuse("", err); err != nil {
			return err
		}
	}
	page, note, err := v.unassignedPage(f) // the event stays that of the deed
	if err != nil {
		return err
	}
	v.Saw(note.Patients...)
	return v.Invalid("unassigned-one", page)
}

// assign does what the form says.
func (v *Request) assign(a storage.Assignment) error {
	if a.Patient == nobodys {
		a.Patient = ""
	}
	note, err := v.worklist().Assign(v.Context(), v.Actor(303), a)
	v.Did(note, err)
	return err
}

// undoUnassigned takes back what was said.
func undoUnassigned(v *Request) error {
	note, err := v.worklist().TakeBack(v.Context(), v.Actor(303), v.Value("type"), v.Value("id"))
	if v.Did(note, err); err != nil {
		return err
	}
	return v.Done(unassignedPath, "undone")
}
