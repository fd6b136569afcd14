package api

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"satchel/web"

	"satchel/audit"
	"satchel/engine/pack"
	"satchel/exports"
	"satchel/fhir"
	"satchel/handover"
	"satchel/storage"
)

// pathPackages is where packages lie beside the FHIR base.
const pathPackages = "/api/packages"

// packageRoutes are the packages: one patient's record or everything, sealed, made in the background.
func packageRoutes() []web.Route {
	return []web.Route{
		{Method: "POST", Pattern: "api/packages", Action: audit.ExportStart, Kind: web.Export, Summary: "Start a package: patient or population, linked, confirmed, withhold, purpose, requestId, form; poll the address in Content-Location", Run: startPackage},
		{Method: "GET", Pattern: "api/patients/{id}/linked", Action: audit.Read, Kind: web.Admin, Summary: "Before a package: who is linked with a patient by Patient.link, with name, birth date, and whether they differ", Run: listLinked},
		{Method: "GET", Pattern: "api/packages", Action: audit.JobList, Kind: web.Admin, Summary: "The own packages; all of them, without their files, for who may see all jobs", Run: listPackages},
		{Method: "GET", Pattern: "api/packages/{job}", Action: audit.ExportStatus, Kind: web.Admin, Summary: "How far a package is (202); when complete, its verdict, counts and files", Run: getPackage},
		{Method: "DELETE", Pattern: "api/packages/{job}", Action: audit.ExportDelete, Kind: web.Admin, Summary: "Cancel a package or remove its files", Run: deletePackage},
		{Method: "POST", Pattern: "api/packages/{job}/protected", Action: audit.Package, Kind: web.Slow, Summary: "Make a copy protected by a passphrase: form age or html, passphrase; without one the answer holds a new one", Run: protectPackage},
		{Method: "GET", Pattern: "api/packages/{job}/{file}", Action: audit.ExportFile, Kind: web.File, Summary: "One file of a complete package", Run: packageFile},
	}
}

// packageText is the body of a kick-off.
type packageText struct {
	Patient    string              `json:"patient"`
	Population bool                `json:"population"`
	Linked     []string            `json:"linked"`
	Confirmed  []string            `json:"confirmed"`
	Withhold   []handover.Withhold `json:"withhold"`
	Purpose    string              `json:"purpose"`
	RequestID  string              `json:"requestId"`
	Form       handover.Form       `json:"form"`
}

const (
	packageShape = `a package such as {"patient":"123","purpose":"access","linked":["456"],"confirmed":["456"],"withhold":[{"resource":"Observation/1","reason":"…"}]} or {"population":true}`
	protectShape = `a protected copy such as {"form":"age","passphrase":"…"} or {"form":"html"}`
	maxPackage   = 256 << 10 // bytes of a body
)

// startPackage starts a package: POST /api/packages.
func startPackage(w http.ResponseWriter, c *web.Call) error {
	var t packageText
	if err := c.ReadJSON(maxPackage, &t, packageShape); err != nil {
		return err
	}
	r, err := t.order()
	if err != nil {
		return err
	}
	job, note, err := c.Server.Exports.StartPackage(c.Context(), c.Actor(http.StatusAccepted), r, packageURL(c))
	if c.Did(note, err); err != nil {
		return err
	}
	w.Header().Set("Content-Location", packageURL(c, job.ID))
	w.Header().Set("Retry-After", "1")
	return c.SendValue(w, http.StatusAccepted, packageOf(c, job, r))
}

// order is the package that the body asks for.
func (t packageText) order() (handover.Order, error) {
	r := handover.Order{
		Patient: fhir.BarePatient(t.Patient), Population: t.Population, Purpose: t.Purpose, RequestID: t.RequestID, Form: t.Form,
		Withhold: t.Withhold,
	}
	for _, id := range t.Linked {
		r.Linked = append(r.Linked, fhir.BarePatient(id))
	}
	for _, id := range t.Confirmed {
		r.Confirmed = append(r.Confirmed, fhir.BarePatient(id))
	}
	return r, r.Check()
}

// packageURL is an address below /api/packages.
func packageURL(c *web.Call, parts ...string) string {
	address := strings.TrimSuffix(c.Base, web.FHIRPath) + pathPackages
	for _, part := range parts {
		address += "/" + url.PathEscape(part)
	}
	return address
}

// visiblePackage reads the package in the address, if the caller may have it.
func visiblePackage(c *web.Call) (storage.Job, handover.Order, error) {
	job, note, err := c.Server.Exports.Job(c.Context(), c.Actor(0), c.Job, exports.Packages)
	if c.Did(note, err); err != nil {
		return job, handover.Order{}, err
	}
	r, err := pack.OrderOf(job)
	return job, r, err
}

// deletePackage cancels a package or removes its files: DELETE /api/packages/[id].
func deletePackage(w http.ResponseWriter, c *web.Call) error {
	note, err := c.Server.Exports.End(c.Context(), c.Actor(http.StatusNoContent), c.Job, exports.Packages)
	if c.Did(note, err); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// packageFile sends one file of a complete package: GET /api/packages/[id]/[file].
func packageFile(w http.ResponseWriter, c *web.Call) error {
	f, note, err := c.Server.Exports.Open(c.Context(), c.Actor(0), c.Job, c.File, exports.Packages)
	if c.Did(note, err); err != nil {
		return err
	}
	defer f.Close()
	return c.SendFile(w, f, packageMedia(f.Info.Name))
}

// packageMedia is the media type of a file. What a browser would run is given as bytes.
func packageMedia(name string) string {
	switch name[strings.LastIndex(name, ".")+1:] {
	case "zip":
		return "application/zip"
	case "ndjson":
		return web.MediaNDJSON
	case "json":
		return web.MediaJSON
	}
	return "application/octet-stream"
}

// protectPackage makes a copy that a passphrase protects: POST /api/packages/[id]/protected.
func protectPackage(w http.ResponseWriter, c *web.Call) error {
	var t struct {
		Form       string `json:"form"`
		Passphrase string `json:"passphrase"`
	}
	if err := c.ReadJSON(maxPackage, &t, protectShape); err != nil {
		return err
	}
	made, note, err := c.Server.Exports.Protect(c.Context(), c.Actor(http.StatusCreated), c.Job, t.Form, t.Passphrase)
	if c.Did(note, err); err != nil {
		return err
	}
	answer := protectedText{Passphrase: made.Made}
	for _, f := range made.Files {
		answer.Files = append(answer.Files, packageFileOf(c, c.Job, f))
	}
	w.Header().Set("Location", packageURL(c, c.Job, made.Files[0].Name))
	return c.SendValue(w, http.StatusCreated, answer)
}

// protectedText returns a protected copy: a file for each ZIP file of the package.
type protectedText struct {
	Files      []packageFileText `json:"files"`
	Passphrase string            `json:"passphrase,omitempty"` // one that was made; it is kept nowhere, so this is the only time
}

// waiting returns how far a package is.
func waiting(c *web.Call, w http.ResponseWriter, job storage.Job, text packageJobText) error {
	if !c.Server.Polls.Allow(c.Who.Name, job.ID, time.Now()) {
		return web.Problemf(http.StatusTooManyRequests, fhir.CodeThrottled, "asked too often; wait as long as Retry-After says between two polls").With("Retry-After", "1")
	}
	w.Header().Set("X-Progress", text.Progress)
	w.Header().Set("Retry-After", strconv.Itoa(web.RetryAfter(time.Since(job.Created))))
	return c.SendValue(w, http.StatusAccepted, text)
}
