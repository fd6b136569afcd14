package fhirapi

import (
	"net/http"
	"strings"

	"satchel/web"

	"satchel/audit"
	"satchel/exports"
	"satchel/fhir"
	"satchel/requests"
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

// apps does what apps ask for.
func apps(c *web.Call) exports.Apps {
	return exports.Apps{Service: c.Server.Exports, Ledger: c.Server.Requests}
}

// startEHI takes a kick-off: [base]/Patient/[id]/$ehi-export. It files nothing yet: that is what the form is for. Whoever
// has asked already and waits is given the same address again.
func startEHI(w http.ResponseWriter, c *web.Call) error {
	wish, err := readWish(c)
	if err != nil {
		return err
	}
	x, note, err := apps(c).Ask(c.Context(), c.Actor(http.StatusAccepted), wish)
	if c.Did(note, err); err != nil {
		return err
	}
	w.Header().Set("Content-Location", c.Base+pathEHIStatus+x.ID)
	linkForm(c, w, x)
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// readWish reads the parameters that this server has for in-house callers. An app of a patient sends none.
func readWish(c *web.Call) (wish exports.AppWish, err error) {
	if err := addParameters(c); err != nil {
		return wish, err
	}
	wish.Patient, wish.URL = c.ID, c.Base+strings.TrimPrefix(c.URL.RequestURI(), web.FHIRPath)
	for _, p := range c.Params {
		known := true
		switch p.Name {
		case "part":
			wish.Part = p.Value
		case "requester":
			wish.Requester.Name = p.Value
		case "role":
			wish.Requester.Role = requests.Role(p.Value)
		default:
			known = false
		}
		if !known && c.Prefer("handling") != "lenient" {
			return wish, web.Problemf(http.StatusBadRequest, fhir.CodeNotSupported, "parameter %q is not known here; use part, requester and role in a Parameters body, or send \"Prefer: handling=lenient\" to have it ignored", web.Printable(p.Name))
		}
	}
	return wish, nil
}

// linkForm leads to the form as long as it has not been sent, and from then on, until the practice has decided, an app to the
// same page, which then says what happens next (RFC 8288).
func linkForm(c *web.Call, w http.ResponseWriter, x exports.AppExport) {
	if x.Stage == exports.StageForm || x.Stage == exports.StageDecide && x.Client {
		w.Header().Set("Link", "<"+strings.TrimSuffix(c.Base, web.FHIRPath)+pathEHIForm+x.Form+`>; rel="patient-interaction"`)
	}
}

// deleteEHI withdraws an export, at whatever stage it is, and discards its files.
func deleteEHI(w http.ResponseWriter, c *web.Call) error {
	note, err := apps(c).End(c.Context(), c.Actor(http.StatusAccepted), c.Job)
	if c.Did(note, err); err != nil {
		return err
	}
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusAccepted)
	return nil
}
