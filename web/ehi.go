package web

import (
	"net/http"
	"strings"

	"satchel/audit"
	"satchel/auth"
	"satchel/exports"
	"satchel/fhir"
	"satchel/requests"
	"satchel/storage"
)

// Patient/[id]/$ehi-export as the Argonaut EHI Export API (0.1.0) has it: an app asks, a person fills in a form, people at
// the practice decide, and then the record lies ready. docs/conformance.md tells what was chosen where the draft leaves it open.

// pathEHIStatus and pathEHIFile are where an EHI export and its files lie under the base; pathEHIForm is beside it.
const (
	pathEHIStatus = "/$ehi-export-status/"
	pathEHIFile   = "/$ehi-export-file/"
	pathEHIForm   = "/ehi/"
)

// ehiRoutes are the rows of EHI exports.
func ehiRoutes() []route {
	return []route{
		{method: "POST", pattern: "Patient/{id}/$ehi-export", action: audit.ExportStart, kind: export, summary: "Ask for a patient's whole record, which people at the practice approve (Argonaut EHI Export)", run: startEHI},
		{method: "GET", pattern: "$ehi-export-status/{job}", action: audit.ExportStatus, kind: operation, summary: "How far an EHI export is; when complete, its manifest", run: ehiStatus},
		{method: "DELETE", pattern: "$ehi-export-status/{job}", action: audit.ExportDelete, kind: operation, summary: "Withdraw an EHI export and discard its files", run: deleteEHI},
		{method: "GET", pattern: "$ehi-export-file/{job}/{file}", action: audit.ExportFile, kind: file, summary: "One file of a complete EHI export", run: ehiFile},
	}
}

// startEHI takes a kick-off: [base]/Patient/[id]/$ehi-export. It files nothing yet: that is what the form is for. Whoever
// has asked already and waits is given the same address again.
func startEHI(w http.ResponseWriter, c *call) error {
	if c.server.Requests == nil {
		return fhir.Errorf(fhir.CodeForbidden, "this server keeps no requests for records")
	}
	if err := c.decide(auth.Action{Verb: auth.VerbEHIExport, ID: c.ID}); err != nil {
		return err
	}
	patient, err := c.resource("Patient", c.ID)
	switch {
	case isCode(err, fhir.CodeNotFound):
		return fhir.Errorf(fhir.CodeNotFound, "there is no Patient/%s", c.ID)
	case err != nil:
		return err
	case patient.Deleted:
		return deleted(patient)
	}
	wish, err := c.ehiWish()
	if err != nil {
		return err
	}
	e, err := c.askEHI(wish)
	if err != nil {
		return err
	}
	now, err := c.ehiNow(e)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Location", c.base+pathEHIStatus+e.ID)
	c.linkForm(w, e, now)
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// ehiWish is what a kick-off asks for beside the record.
type ehiWish struct {
	part string
	form requests.AppForm // of staff, who need none
}

// ehiWish reads the parameters that this server has for in-house callers. An app of a patient sends none.
func (c *call) ehiWish() (wish ehiWish, err error) {
	if err := c.addParameters(); err != nil {
		return wish, err
	}
	wish.form.Requester.Role = requests.RolePatient
	for _, p := range c.params {
		known := true
		switch p.Name {
		case "part":
			wish.part = p.Value
		case "requester":
			wish.form.Requester.Name = p.Value
		case "role":
			wish.form.Requester.Role = requests.Role(p.Value)
		default:
			known = false
		}
		if !known && c.prefer("handling") != "lenient" {
			return wish, problemf(http.StatusBadRequest, fhir.CodeNotSupported, "parameter %q is not known here; use part, requester and role in a Parameters body, or send \"Prefer: handling=lenient\" to have it ignored", printable(p.Name))
		}
	}
	if wish.form.Requester.Name != "" {
		return wish, c.decide(auth.Action{Verb: auth.VerbRequest}) // in whose name others ask is for staff to say
	}
	return wish, nil
}

// askEHI finds the export that is open for this patient, or begins one. Staff who said who asks have no form to fill in.
func (c *call) askEHI(wish ehiWish) (storage.EHIExport, error) {
	ledger := c.server.Requests
	ask := storage.EHIExport{Owner: c.who.Name, Client: c.who.Service, Patient: c.ID, Part: wish.part, URL: c.base + strings.TrimPrefix(c.URL.RequestURI(), fhirPath)}
	var e storage.EHIExport
	askAgain := func() (fresh bool, err error) {
		err = c.answer.trail.deedIf(http.StatusAccepted, func(event audit.Event) (bool, error) {
			e, fresh, err = ledger.AskApp(c.Context(), event, ask)
			return fresh, err
		})
		return fresh, err
	}
	fresh, err := askAgain()
	if err == nil && !fresh {
		var now ehiNow
		if now, err = c.ehiNow(e); err == nil && now.over != nil { // the files' time is over: this one will not become ready any more
			over := c.answer.trail.bySame(audit.Event{Action: audit.ExportDelete, Target: e.ID, Detail: "its time is over, and it is asked for anew", Status: http.StatusAccepted})
			if _, err = c.server.Store.DeleteEHIExport(c.Context(), over, e.ID); err == nil {
				_, err = askAgain()
			}
		}
	}
	switch {
	case err != nil:
		return e, err
	case e.Part != wish.part:
		return e, fhir.Errorf(fhir.CodeConflict, "an EHI export of this patient is under way that asks for something else; wait until it has ended, or DELETE its status address")
	}
	c.answer.trail.setTarget(e.ID)
	if e.Request == "" && wish.form.Requester.Name != "" {
		r, err := ledger.FileApp(c.Context(), c.by(), e, wish.form)
		if err != nil {
			return e, err
		}
		e.Request = r.ID
	}
	return e, nil
}

// by is the caller as the ledger of requests knows who does something.
func (c *call) by() requests.By {
	kind := audit.User
	if c.who.Service {
		kind = audit.Client
	}
	return requests.By{Who: audit.Who{Name: c.who.Name, Kind: kind}, From: c.server.client(c.Request).String(), RequestID: c.answer.id}
}

// linkForm leads to the form as long as it has not been sent, and from then on, until the practice has decided, to the same
// page, which then says what happens next (RFC 8288).
func (c *call) linkForm(w http.ResponseWriter, e storage.EHIExport, now ehiNow) {
	if now.person {
		w.Header().Set("Link", "<"+strings.TrimSuffix(c.base, fhirPath)+pathEHIForm+e.Form+`>; rel="patient-interaction"`)
	}
}

// visibleEHI is the export in the address, if the caller started it and may still do so, and the caller as who may have its
// job. To all others there is none.
func (c *call) visibleEHI() (e storage.EHIExport, app exports.Actor, err error) {
	if c.server.Requests == nil {
		return e, app, noEHI()
	}
	if e, err = c.server.Store.EHIExport(c.Context(), c.Job); err != nil {
		return e, app, hiddenEHI(err)
	}
	app, err = c.server.Exports.ForApp(c.actor(0), e)
	if isCode(err, fhir.CodeNotFound) {
		return e, app, noEHI()
	}
	c.answer.trail.setTarget(e.ID)
	c.answer.trail.addPatients(e.Patient)
	if err == nil {
		c.answer.decided = true
	}
	return e, app, err
}

func noEHI() error {
	return fhir.Errorf(fhir.CodeNotFound, "there is no such EHI export; it may have expired or been deleted")
}

// hiddenEHI gives every kind of absence the same words.
func hiddenEHI(err error) error {
	if isCode(err, fhir.CodeNotFound) {
		return noEHI()
	}
	return err
}

// deleteEHI withdraws an export, at whatever stage it is, and discards its files. From the answer on, it does not exist.
// What was handed over stays in the ledger.
func deleteEHI(w http.ResponseWriter, c *call) error {
	e, app, err := c.visibleEHI()
	if err != nil {
		return err
	}
	if e.Request != "" {
		if err := c.withdrawEHI(app, e); err != nil {
			return err
		}
	}
	var last storage.EHIExport
	err = c.deed(http.StatusAccepted, func(event audit.Event) (err error) {
		last, err = c.server.Store.DeleteEHIExport(c.Context(), event, e.ID)
		return err
	})
	if err != nil {
		return hiddenEHI(err)
	}
	if last.Request != e.Request { // the form was sent in between
		if err := c.withdrawEHI(app, last); err != nil {
			return err
		}
	}
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// withdrawEHI ends the request in the ledger, if an answer is still owed, and the job that makes or made its files.
func (c *call) withdrawEHI(app exports.Actor, e storage.EHIExport) error {
	r, err := c.server.Requests.Request(c.Context(), e.Request)
	if err != nil {
		return err
	}
	if r.State.IsOpen() {
		if r, err = c.server.Requests.Withdraw(c.Context(), c.by(), requests.Seen{ID: r.ID}, "withdrawn by the app"); err != nil {
			return err
		}
	}
	if r.Job == "" {
		return nil
	}
	_, err = c.server.Exports.End(c.Context(), app, r.Job, exports.Packages)
	if isCode(err, fhir.CodeNotFound) {
		return nil
	}
	return err
}
