package exports

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"satchel/audit"
	"satchel/auth"
	"satchel/engine"
	"satchel/fhir"
	"satchel/requests"
	"satchel/storage"
)

// Apps does the deeds of apps that ask for a patient's record: Patient/[id]/$ehi-export (Argonaut EHI Export API, 0.1.0). An
// app asks, a person sends a form, people decide on it in the ledger, and then the record lies ready. To whoever has not begun
// an export, or is asked for one that has ended, there is none.
type Apps struct {
	Service *Service
	Ledger  *requests.Ledger // nil: no requests are kept, so that no app may ask
}

// The files of an app's export that a face makes from the job when they are asked for, beside those that the job has.
const (
	AppDocuments = "documents.ndjson" // describes each file that is not FHIR
	AppErrors    = "errors.ndjson"    // why the record is not complete
)

// AppWish is what an app, or staff in somebody's name, ask for.
type AppWish struct {
	Patient   string             // logical id
	URL       string             // of the kick-off, as it was sent
	Part      string             // of the record, in words; "": all of it
	Requester requests.Requester // in whose name staff ask; without a name a person is to send the form
}

// params are the names of the parameters that were sent.
func (w AppWish) params() (names []string) {
	for _, p := range [][2]string{{"part", w.Part}, {"requester", w.Requester.Name}, {"role", string(w.Requester.Role)}} {
		if p[1] != "" {
			names = append(names, p[0])
		}
	}
	return names
}

// Ask returns the actor's export of this patient that is open, or begins one. Of who asks in somebody's name the request is
// filed at once. Errors: forbidden; not-found or deleted if there is no such patient; conflict if the open export is for
// something else; and those of [requests.Ledger.FileApp].
func (s Apps) Ask(ctx context.Context, by auth.Actor, w AppWish) (AppExport, audit.Note, error) {
	note := by.Note(audit.ExportStart)
	note.Target = "Patient/" + w.Patient
	note.About(w.Patient)
	if names := w.params(); names != nil {
		note.Words("parameters: %s", strings.Join(names, " "))
	}
	if err := s.mayAsk(ctx, by, w); err != nil {
		return AppExport{}, note, err
	}
	x, fresh, err := s.begin(ctx, by, note, w)
	if err != nil {
		return x, note, err
	}
	note.Target, note.Stored = x.ID, fresh
	if x.Part != w.Part {
		return x, note, fhir.Errorf(fhir.CodeConflict, "an EHI export of this patient is under way that asks for something else; wait until it has ended, or DELETE its status address")
	}
	if x.EHIExport.Request != "" || w.Requester.Name == "" {
		return x, note, nil
	}
	w.Requester.Role = cmp.Or(w.Requester.Role, requests.RolePatient)
	if _, err := s.Ledger.FileApp(ctx, ledgerBy(by), x.EHIExport, requests.AppForm{Requester: w.Requester}); err != nil {
		return x, note, err
	}
	x, err = s.again(ctx, x)
	return x, note, err
}

// mayAsk decides whether the actor may ask, and looks whether there is such a patient.
func (s Apps) mayAsk(ctx context.Context, by auth.Actor, w AppWish) error {
	if s.Ledger == nil {
		return fhir.Errorf(fhir.CodeForbidden, "this server keeps no requests for records")
	}
	if err := by.Decide(auth.Action{Verb: auth.VerbEHIExport, ID: w.Patient}); err != nil {
		return err
	}
	if w.Requester.Name != "" { // in whose name others ask is for staff to say
		if err := by.Decide(auth.Action{Verb: auth.VerbRequest}); err != nil {
			return err
		}
	}
	patient, err := s.Service.Store.Resource(ctx, "Patient", w.Patient)
	switch {
	case fhir.IsCode(err, fhir.CodeNotFound):
		return fhir.Errorf(fhir.CodeNotFound, "there is no Patient/%s", w.Patient)
	case err == nil && patient.Deleted:
		return fhir.Errorf(fhir.CodeDeleted, "%s was deleted at %s; ask for the record of the patient who took its place, if there is one", patient.Key(), fhir.FormatInstant(patient.Updated))
	}
	return err
}

// begin returns the export that is open, or a fresh one. One whose files' time is over will not become ready any more: it
// gives way to a fresh one.
func (s Apps) begin(ctx context.Context, by auth.Actor, note audit.Note, w AppWish) (x AppExport, fresh bool, err error) {
	ask := storage.EHIExport{Owner: by.Who.Name, Client: by.Who.Kind == audit.Client, Patient: w.Patient, Part: w.Part, URL: w.URL}
	note.Target = "" // the export
	for range 2 {
		e, fresh, err := s.Ledger.AskApp(ctx, note.Event, ask)
		if err != nil {
			return AppExport{}, false, err
		}
		if x, err = s.stand(ctx, e); err != nil || fresh || !x.Stage.Over() {
			return x, fresh, err
		}
		over := by.Note(audit.ExportDelete)
		over.Target, over.Detail = e.ID, "its time is over, and it is asked for anew"
		if _, err = s.Service.Store.DeleteEHIExport(ctx, over.Event, e.ID); err != nil {
			return x, false, err
		}
	}
	return x, false, fhir.Errorf(fhir.CodeConflict, "the EHI export of this patient ended a moment ago; ask again")
}

// again is an export as it stands now.
func (s Apps) again(ctx context.Context, x AppExport) (AppExport, error) {
	e, err := s.Service.Store.EHIExport(ctx, x.ID)
	if err != nil {
		return x, goneApp(err)
	}
	return s.stand(ctx, e)
}

// Look returns where the actor's export stands. Errors: not-found; forbidden for who may no longer ask.
func (s Apps) Look(ctx context.Context, by auth.Actor, id string) (AppExport, audit.Note, error) {
	note := by.Note(audit.ExportStatus)
	e, _, err := s.own(ctx, by, id, &note)
	if err != nil {
		return AppExport{}, note, err
	}
	x, err := s.stand(ctx, e)
	return x, note, err
}

// own is the actor's export of an id, and the actor as who may have its job. The note gets the export for its target.
func (s Apps) own(ctx context.Context, by auth.Actor, id string, note *audit.Note) (storage.EHIExport, auth.Actor, error) {
	if s.Ledger == nil {
		return storage.EHIExport{}, auth.Actor{}, noApp()
	}
	e, err := s.Service.Store.EHIExport(ctx, id)
	if err != nil {
		return e, auth.Actor{}, goneApp(err)
	}
	app, err := forApp(by, e)
	if fhir.IsCode(err, fhir.CodeNotFound) {
		return e, app, noApp()
	}
	note.Target = e.ID
	note.About(e.Patient)
	return e, app, err
}

// Open opens a file of the actor's export that is ready; the caller closes it. It is nil for [AppDocuments] and [AppErrors],
// which the caller makes. give: the bytes are about to be sent. The first time that they are, the package is one that was
// handed over, and the ledger has that before the app has a byte. Errors: not-found, forbidden.
func (s Apps) Open(ctx context.Context, by auth.Actor, id, name string, give bool) (AppExport, *engine.File, audit.Note, error) {
	note := by.Note(audit.ExportFile)
	e, app, err := s.own(ctx, by, id, &note)
	if err != nil {
		return AppExport{}, nil, note, err
	}
	x, err := s.stand(ctx, e)
	if err == nil && x.Stage != StageReady {
		err = fhir.Errorf(fhir.CodeNotFound, "this EHI export has no such file; its status tells which there are")
	}
	if err != nil {
		return x, nil, note, err
	}
	if name == AppDocuments || name == AppErrors {
		note.Target = x.Job.ID + "/" + name
		return x, nil, note, s.hand(ctx, by, x, give)
	}
	f, opened, err := s.Service.Open(ctx, app, x.Job.ID, name, Packages)
	opened.About(e.Patient)
	if err != nil {
		return x, nil, opened, goneApp(err)
	}
	if err := s.hand(ctx, by, x, give); err != nil {
		return x, nil, opened, errors.Join(err, f.Close())
	}
	return x, f, opened, nil
}

// hand notes in the ledger that the package was given to the app, unless that is noted already.
func (s Apps) hand(ctx context.Context, by auth.Actor, x AppExport, give bool) error {
	if !give || x.Request.State != requests.Ready {
		return nil
	}
	_, err := s.Ledger.Deliver(ctx, ledgerBy(by), requests.Seen{ID: x.Request.ID}, requests.Delivery{Way: requests.WayApp, Form: requests.FormFolder})
	if !fhir.IsCode(err, fhir.CodeConflict) {
		return err
	}
	r, err := s.Ledger.Request(ctx, x.Request.ID) // perhaps another download was first, and has noted it
	if err == nil && !slices.Contains([]requests.State{requests.Delivered, requests.Closed}, r.State) {
		return noApp() // it was taken back a moment ago
	}
	return err
}

// End withdraws the actor's export, at whatever stage it is, and discards its files; from the return on, it does not exist.
// What was handed over stays in the ledger. Errors: not-found, forbidden.
func (s Apps) End(ctx context.Context, by auth.Actor, id string) (audit.Note, error) {
	note := by.Note(audit.ExportDelete)
	e, app, err := s.own(ctx, by, id, &note)
	if err == nil {
		err = s.withdraw(ctx, by, app, e)
	}
	if err != nil {
		return note, err
	}
	last, err := s.Service.Store.DeleteEHIExport(ctx, note.Event, e.ID)
	if err != nil {
		return note, goneApp(err)
	}
	note.Stored = true
	if last.Request != e.Request { // the form was sent in between
		err = s.withdraw(ctx, by, app, last)
	}
	return note, err
}

// withdraw ends the request in the ledger, if an answer is still owed, and the job that makes or made its files.
func (s Apps) withdraw(ctx context.Context, by, app auth.Actor, e storage.EHIExport) error {
	if e.Request == "" {
		return nil
	}
	r, err := s.Ledger.Request(ctx, e.Request)
	if err == nil && r.State.IsOpen() {
		r, err = s.Ledger.Withdraw(ctx, ledgerBy(by), requests.Seen{ID: r.ID}, "withdrawn by the app")
	}
	if err != nil || r.Job == "" {
		return err
	}
	if _, err = s.Service.End(ctx, app, r.Job, Packages); fhir.IsCode(err, fhir.CodeNotFound) {
		return nil
	}
	return err
}

// noApp is the error for an export of an app that is not there, not there any more, or not the actor's.
func noApp() error {
	return fhir.Errorf(fhir.CodeNotFound, "there is no such EHI export; it may have expired or been deleted")
}

// goneApp gives every kind of absence the same words.
func goneApp(err error) error {
	if fhir.IsCode(err, fhir.CodeNotFound) {
		return noApp()
	}
	return err
}
