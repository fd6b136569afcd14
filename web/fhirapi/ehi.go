package fhirapi

import (
	"net/http"
	"strings"

	"satchel/web"

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
func ehiRoutes() []web.Route {
	return []web.Route{
		{Method: "POST", Pattern: "Patient/{id}/$ehi-export", Action: audit.ExportStart, Kind: web.Export, Summary: "Ask for a patient's whole record, which people at the practice approve (Argonaut EHI Export)", Run: startEHI},
		{Method: "GET", Pattern: "$ehi-export-status/{job}", Action: audit.ExportStatus, Kind: web.Operation, Summary: "How far an EHI export is; when complete, its manifest", Run: ehiStatus},
		{Method: "DELETE", Pattern: "$ehi-export-status/{job}", Action: audit.ExportDelete, Kind: web.Operation, Summary: "Withdraw an EHI export and discard its files", Run: deleteEHI},
		{Method: "GET", Pattern: "$ehi-export-file/{job}/{file}", Action: audit.ExportFile, Kind: web.File, Summary: "One file of a complete EHI export", Run: ehiFile},
	}
}

// startEHI takes a kick-off: [base]/Patient/[id]/$ehi-export. It files nothing yet: that is what the form is for. Whoever
// has asked already and waits is given the same address again.
func startEHI(w http.ResponseWriter, c *web.Call) error {
	if c.Server.Requests == nil {
		return fhir.Errorf(fhir.CodeForbidden, "this server keeps no requests for records")
	}
	if err := c.Decide(auth.Action{Verb: auth.VerbEHIExport, ID: c.ID}); err != nil {
		return err
	}
	patient, err := resource(c, "Patient", c.ID)
	switch {
	case web.IsCode(err, fhir.CodeNotFound):
		return fhir.Errorf(fhir.CodeNotFound, "there is no Patient/%s", c.ID)
	case err != nil:
		return err
	case patient.Deleted:
		return deleted(patient)
	}
	wish, err := readWish(c)
	if err != nil {
		return err
	}
	e, err := askEHI(c, wish)
	if err != nil {
		return err
	}
	now, err := ehiStateOf(c, e)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Location", c.Base+pathEHIStatus+e.ID)
	linkForm(c, w, e, now)
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// ehiWish is what a kick-off asks for beside the record.
type ehiWish struct {
	part string
	form requests.AppForm // of staff, who need none
}

// readWish reads the parameters that this server has for in-house callers. An app of a patient sends none.
func readWish(c *web.Call) (wish ehiWish, err error) {
	if err := addParameters(c); err != nil {
		return wish, err
	}
	wish.form.Requester.Role = requests.RolePatient
	for _, p := range c.Params {
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
		if !known && c.Prefer("handling") != "lenient" {
			return wish, web.Problemf(http.StatusBadRequest, fhir.CodeNotSupported, "parameter %q is not known here; use part, requester and role in a Parameters body, or send \"Prefer: handling=lenient\" to have it ignored", web.Printable(p.Name))
		}
	}
	if wish.form.Requester.Name != "" {
		return wish, c.Decide(auth.Action{Verb: auth.VerbRequest}) // in whose name others ask is for staff to say
	}
	return wish, nil
}

// askEHI finds the export that is open for this patient, or begins one. Staff who said who asks have no form to fill in.
func askEHI(c *web.Call, wish ehiWish) (storage.EHIExport, error) {
	ledger := c.Server.Requests
	ask := storage.EHIExport{Owner: c.Who.Name, Client: c.Who.Service, Patient: c.ID, Part: wish.part, URL: c.Base + strings.TrimPrefix(c.URL.RequestURI(), web.FHIRPath)}
	var e storage.EHIExport
	askAgain := func() (fresh bool, err error) {
		err = c.Answer.Trail.DeedIf(http.StatusAccepted, func(event audit.Event) (bool, error) {
			e, fresh, err = ledger.AskApp(c.Context(), event, ask)
			return fresh, err
		})
		return fresh, err
	}
	fresh, err := askAgain()
	if err == nil && !fresh {
		var now ehiNow
		if now, err = ehiStateOf(c, e); err == nil && now.over != nil { // the files' time is over: this one will not become ready any more
			over := c.Answer.Trail.BySame(audit.Event{Action: audit.ExportDelete, Target: e.ID, Detail: "its time is over, and it is asked for anew", Status: http.StatusAccepted})
			if _, err = c.Server.Store.DeleteEHIExport(c.Context(), over, e.ID); err == nil {
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
	c.Answer.Trail.SetTarget(e.ID)
	if e.Request == "" && wish.form.Requester.Name != "" {
		r, err := ledger.FileApp(c.Context(), by(c), e, wish.form)
		if err != nil {
			return e, err
		}
		e.Request = r.ID
	}
	return e, nil
}

// by is the caller as the ledger of requests knows who does something.
func by(c *web.Call) requests.By {
	kind := audit.User
	if c.Who.Service {
		kind = audit.Client
	}
	return requests.By{Who: audit.Who{Name: c.Who.Name, Kind: kind}, From: c.Server.Client(c.Request).String(), RequestID: c.Answer.ID}
}

// linkForm leads to the form as long as it has not been sent, and from then on, until the practice has decided, to the same
// page, which then says what happens next (RFC 8288).
func linkForm(c *web.Call, w http.ResponseWriter, e storage.EHIExport, now ehiNow) {
	if now.person {
		w.Header().Set("Link", "<"+strings.TrimSuffix(c.Base, web.FHIRPath)+pathEHIForm+e.Form+`>; rel="patient-interaction"`)
	}
}

// visibleEHI is the export in the address, if the caller started it and may still do so, and the caller as who may have its
// job. To all others there is none.
func visibleEHI(c *web.Call) (e storage.EHIExport, app exports.Actor, err error) {
	if c.Server.Requests == nil {
		return e, app, noEHI()
	}
	if e, err = c.Server.Store.EHIExport(c.Context(), c.Job); err != nil {
		return e, app, hiddenEHI(err)
	}
	app, err = c.Server.Exports.ForApp(c.Actor(0), e)
	if web.IsCode(err, fhir.CodeNotFound) {
		return e, app, noEHI()
	}
	c.Answer.Trail.SetTarget(e.ID)
	c.Answer.Trail.AddPatients(e.Patient)
	if err == nil {
		c.Answer.Decided = true
	}
	return e, app, err
}

func noEHI() error {
	return fhir.Errorf(fhir.CodeNotFound, "there is no such EHI export; it may have expired or been deleted")
}

// hiddenEHI gives every kind of absence the same words.
func hiddenEHI(err error) error {
	if web.IsCode(err, fhir.CodeNotFound) {
		return noEHI()
	}
	return err
}

// deleteEHI withdraws an export, at whatever stage it is, and discards its files. From the answer on, it does not exist.
// What was handed over stays in the ledger.
func deleteEHI(w http.ResponseWriter, c *web.Call) error {
	e, app, err := visibleEHI(c)
	if err != nil {
		return err
	}
	if e.Request != "" {
		if err := withdrawEHI(c, app, e); err != nil {
			return err
		}
	}
	var last storage.EHIExport
	err = c.Deed(http.StatusAccepted, func(event audit.Event) (err error) {
		last, err = c.Server.Store.DeleteEHIExport(c.Context(), event, e.ID)
		return err
	})
	if err != nil {
		return hiddenEHI(err)
	}
	if last.Request != e.Request { // the form was sent in between
		if err := withdrawEHI(c, app, last); err != nil {
			return err
		}
	}
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// withdrawEHI ends the request in the ledger, if an answer is still owed, and the job that makes or made its files.
func withdrawEHI(c *web.Call, app exports.Actor, e storage.EHIExport) error {
	r, err := c.Server.Requests.Request(c.Context(), e.Request)
	if err != nil {
		return err
	}
	if r.State.IsOpen() {
		if r, err = c.Server.Requests.Withdraw(c.Context(), by(c), requests.Seen{ID: r.ID}, "withdrawn by the app"); err != nil {
			return err
		}
	}
	if r.Job == "" {
		return nil
	}
	_, err = c.Server.Exports.End(c.Context(), app, r.Job, exports.Packages)
	if web.IsCode(err, fhir.CodeNotFound) {
		return nil
	}
	return err
}
