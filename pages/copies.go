package pages

import (
	"net/http"
	"slices"
	"strings"

	"satchel/audit"
	"satchel/auth"
	"satchel/engine/pack"
	"satchel/exports"
	"satchel/fhir"
	"satchel/handover"
	"satchel/storage"
)

// copyRoutes are the pages of copies: packages of one patient's record.
func copyRoutes() []Route {
	return []Route{
		{Method: "GET", Pattern: "patients/{id}/copy", Kind: Staff, Action: audit.Read, Summary: "The form for a copy of a patient's record", Run: showNewCopy},
		{Method: "POST", Pattern: "patients/{id}/copy", Kind: Staff, Action: audit.ExportStart, Summary: "Make a copy of a patient's record", Run: startCopy},
		{Method: "GET", Pattern: "copies", Kind: Staff, Action: audit.JobList, Needs: nothingElse, Summary: "Copies of records that are being made or lie ready", Run: listCopies},
		{Method: "GET", Pattern: "copies/{job}", Kind: Staff, Action: audit.ExportStatus, Summary: "A copy of a record: how far it is; when ready, what it holds", Run: showCopy},
		{Method: "GET", Pattern: "copies/{job}/progress", Kind: Staff, Action: audit.NoEvent, Quiet: true, Summary: "For scripts: how far a copy is", Run: showCopyProgress},
		{Method: "GET", Pattern: "copies/{job}/file/{file}", Kind: Staff, Action: audit.ExportFile, Long: true, Summary: "Download a copy", Run: downloadCopy},
		{Method: "GET", Pattern: "copies/{job}/protect", Kind: Staff, Action: audit.ExportStatus, Summary: "The form for a protected copy", Run: showProtect},
		{Method: "POST", Pattern: "copies/{job}/protect", Kind: Staff, Action: audit.Package, Long: true, Summary: "Make a copy that only opens with a passphrase", Run: protectCopy},
		{Method: "GET", Pattern: "copies/{job}/receipt", Kind: Staff, Action: audit.ExportStatus, Summary: "A receipt of a copy, to print", Run: showReceipt},
		{Method: "GET", Pattern: "copies/{job}/delete", Kind: Staff, Action: audit.ExportStatus, Summary: "Ask before a copy is deleted", Run: askDeleteCopy},
		{Method: "POST", Pattern: "copies/{job}/delete", Kind: Staff, Action: audit.ExportDelete, Summary: "Cancel or delete a copy", Run: deleteCopy},
	}
}

// copyForm is the data of the form for a copy.
type copyForm struct {
	Form     *Form
	Person   person
	Purposes []option
	Linked   linkedPart
	Request  bool // the account may record a request
	More     bool // the part for special cases is open
}

// showNewCopy asks what is needed for a copy.
func showNewCopy(v *Request) error {
	f := NewForm("purpose", "access")
	f.Values["linked"] = v.URL.Query()["linked"]
	page, err := v.copyForm(f)
	if err != nil {
		return err
	}
	return v.Render("copies-new", page)
}

// copyForm gathers the form. Whoever sees it may make a copy of this record.
func (v *Request) copyForm(f *Form) (*copyForm, error) {
	id := v.Value("id")
	if note, err := v.Exports.AskPackage(v.Actor(0), handover.Order{Patient: id}); err != nil {
		v.Did(note, err)
		return nil, err
	}
	v.Decided()
	who, err := v.patient(id)
	if err != nil {
		return nil, err
	}
	page := &copyForm{Form: f, Person: who, Request: v.Requests != nil && v.May(auth.Action{Verb: auth.VerbRequest})}
	if page.Linked, err = v.linkedWith(id, included); err != nil {
		return nil, err
	}
	page.Linked.take(f)
	page.Linked.Bad = false
	for _, code := range []string{"access", "handover", "backup"} {
		page.Purposes = append(page.Purposes, option{code, v.T("copies.purpose." + code)})
	}
	return page, nil
}

// startCopy starts a package of one patient's record.
func startCopy(v *Request) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	page, err := v.copyForm(f)
	if err != nil {
		return err
	}
	r, ok := f.order(page)
	if !ok {
		return v.Invalid("copies-new", page)
	}
	job, note, err := v.Exports.StartPackage(v.Context(), v.Actor(http.StatusSeeOther), r, v.Base+v.URL.Path)
	v.Did(note, err)
	if isCode(err, fhir.CodeValue) || isCode(err, fhir.CodeRequired) || isCode(err, fhir.CodeThrottled) || isCode(err, fhir.CodeNoStore) {
		if err := f.Refuse("", err); err != nil {
			return err
		}
		return v.Invalid("copies-new", page)
	} else if err != nil {
		return err
	}
	return v.Redirect("/copies/" + job.ID)
}

// order is the package that the form asks for; false if something in the form is wrong.
func (f *Form) order(page *copyForm) (handover.Order, bool) {
	r := handover.Order{Patient: page.Person.ID, Purpose: f.Get("purpose"), RequestID: f.Get("reference")}
	if !slices.ContainsFunc(page.Purposes, func(o option) bool { return o.Value == r.Purpose }) {
		f.Fail("purpose", "purpose.choose")
	}
	if !handover.IsLabel(r.RequestID) {
		f.Fail("reference", "reference.long")
	}
	var ok bool
	if r.Linked, r.Confirmed, ok = page.Linked.take(f); !ok {
		f.Fail("linked", "linked:unconfirmed")
	}
	reason := f.Get("reason")
	for _, key := range strings.FieldsFunc(f.Get("without"), func(c rune) bool { return c <= ' ' || c == ',' || c == ';' }) {
		r.Withhold = append(r.Withhold, handover.Withhold{Resource: key, Reason: reason})
	}
	page.More = len(r.Withhold) > 0
	if len(r.Withhold) > 0 && reason == "" {
		f.Fail("reason", "reason.needed")
	}
	if err := r.Check(); err != nil && !f.Bad() {
		field := ""
		if len(r.Withhold) > 0 {
			field = "without"
		}
		_ = f.Refuse(field, err) // Check answers nothing else
	}
	return r, !f.Bad()
}

// copyRow is one copy in the list.
type copyRow struct {
	Job     storage.Job
	State   jobState
	Name    string // of the patient; "" if the account may not know it
	Patient string
	May     bool
	Own     bool
	Verdict string
}

// copiesMost is how many copies the list shows.
const copiesMost = 50

// listCopies lists the own copies, and all of them to who may see all jobs; whose record those are is told to who may read it.
func listCopies(v *Request) error {
	list, note, err := v.Exports.Jobs(v.Context(), v.Actor(0), exports.Packages)
	if v.Did(note, err); err != nil {
		return err
	}
	var rows []copyRow
	more := 0
	for _, job := range list.Jobs {
		if !isCopy(job.Job) {
			continue
		}
		if len(rows) == copiesMost {
			more++
			continue
		}
		row := copyRow{Job: job.Job, State: stateOf(job.Job), May: job.May, Own: job.Own}
		if row.May {
			if err := v.nameCopy(&row); err != nil {
				return err
			}
		}
		rows = append(rows, row)
	}
	return v.Render("copies", map[string]any{"Rows": rows, "All": list.All, "More": more, "Cancel": v.Exports.MayEnd(v.Who), "Find": seesPatients(v.Who) == nil})
}

// nameCopy adds whose record a copy is and how it ended.
func (v *Request) nameCopy(row *copyRow) error {
	r, err := pack.OrderOf(row.Job)
	if err != nil {
		return err
	}
	row.Patient = r.Patient
	v.Saw(r.Patient)
	if row.Name, err = v.patientName(r.Patient); err != nil {
		return err
	}
	if row.Job.State == storage.Complete {
		o, err := pack.OutcomeOf(row.Job)
		if err != nil {
			return err
		}
		row.Verdict = string(o.Verdict)
	}
	return nil
}

// patientName is the name of a patient whom a page may tell of, or the id if there is no name any more.
func (v *Request) patientName(id string) (string, error) {
	p, _, err := v.living(id)
	if p.Name == "" {
		return id, err
	}
	return p.Name, err
}
