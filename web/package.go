package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

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
func packageRoutes() []route {
	return []route{
		{method: "POST", pattern: "api/packages", action: audit.ExportStart, kind: export, summary: "Start a package: patient or population, linked, withhold, purpose, requestId, form; poll the address in Content-Location", run: startPackage},
		{method: "GET", pattern: "api/packages", action: audit.JobList, kind: admin, summary: "The own packages; all of them, without their files, for who may see all jobs", run: listPackages},
		{method: "GET", pattern: "api/packages/{job}", action: audit.ExportStatus, kind: admin, summary: "How far a package is (202); when complete, its verdict, counts and files", run: getPackage},
		{method: "DELETE", pattern: "api/packages/{job}", action: audit.ExportDelete, kind: admin, summary: "Cancel a package or remove its files", run: deletePackage},
		{method: "POST", pattern: "api/packages/{job}/protected", action: audit.Package, kind: slow, summary: "Make a copy protected by a passphrase: form age or html, passphrase; without one the answer holds a new one", run: protectPackage},
		{method: "GET", pattern: "api/packages/{job}/{file}", action: audit.ExportFile, kind: file, summary: "One file of a complete package", run: packageFile},
	}
}

// packageText is the body of a kick-off.
type packageText struct {
	Patient    string              `json:"patient"`
	Population bool                `json:"population"`
	Linked     []string            `json:"linked"`
	Withhold   []handover.Withhold `json:"withhold"`
	Purpose    string              `json:"purpose"`
	RequestID  string              `json:"requestId"`
	Form       handover.Form       `json:"form"`
}

const (
	packageShape = `a package such as {"patient":"123","purpose":"access","linked":["456"],"withhold":[{"resource":"Observation/1","reason":"…"}]} or {"population":true}`
	protectShape = `a protected copy such as {"form":"age","passphrase":"…"} or {"form":"html"}`
	maxPackage   = 256 << 10 // bytes of a body
)

// startPackage starts a package: POST /api/packages.
func startPackage(w http.ResponseWriter, c *call) error {
	var t packageText
	if err := c.readJSON(maxPackage, &t, packageShape); err != nil {
		return err
	}
	r, err := t.order()
	if err != nil {
		return err
	}
	job, note, err := c.server.Exports.StartPackage(c.Context(), c.actor(http.StatusAccepted), r, c.packageURL())
	if c.did(note, err); err != nil {
		return err
	}
	w.Header().Set("Content-Location", c.packageURL(job.ID))
	w.Header().Set("Retry-After", "1")
	return c.answerJSON(w, http.StatusAccepted, c.packageOf(job, r))
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
	return r, r.Check()
}

// packageURL is an address below /api/packages.
func (c *call) packageURL(parts ...string) string {
	address := strings.TrimSuffix(c.base, fhirPath) + pathPackages
	for _, part := range parts {
		address += "/" + url.PathEscape(part)
	}
	return address
}

// visiblePackage reads the package in the address, if the caller may have it.
func (c *call) visiblePackage() (storage.Job, handover.Order, error) {
	job, note, err := c.server.Exports.Job(c.Context(), c.actor(0), c.Job, exports.Packages)
	if c.did(note, err); err != nil {
		return job, handover.Order{}, err
	}
	r, err := pack.OrderOf(job)
	return job, r, err
}

// deletePackage cancels a package or removes its files: DELETE /api/packages/[id].
func deletePackage(w http.ResponseWriter, c *call) error {
	note, err := c.server.Exports.End(c.Context(), c.actor(http.StatusNoContent), c.Job, exports.Packages)
	if c.did(note, err); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// packageFile sends one file of a complete package: GET /api/packages/[id]/[file].
func packageFile(w http.ResponseWriter, c *call) error {
	f, note, err := c.server.Exports.Open(c.Context(), c.actor(0), c.Job, c.File, exports.Packages)
	if c.did(note, err); err != nil {
		return err
	}
	defer f.Close()
	return c.sendFile(w, f, packageMedia(f.Info.Name))
}

// packageMedia is the media type of a file. What a browser would run is given as bytes.
func packageMedia(name string) string {
	switch name[strings.LastIndex(name, ".")+1:] {
	case "zip":
		return "application/zip"
	case "ndjson":
		return mediaNDJSON
	case "json":
		return mediaJSON
	}
	return "application/octet-stream"
}

// protectPackage makes a copy that a passphrase protects: POST /api/packages/[id]/protected.
func protectPackage(w http.ResponseWriter, c *call) error {
	var t struct {
		Form       string `json:"form"`
		Passphrase string `json:"passphrase"`
	}
	if err := c.readJSON(maxPackage, &t, protectShape); err != nil {
		return err
	}
	made, note, err := c.server.Exports.Protect(c.Context(), c.actor(http.StatusCreated), c.Job, t.Form, t.Passphrase)
	if c.did(note, err); err != nil {
		return err
	}
	answer := protectedText{Passphrase: made.Made}
	for _, f := range made.Files {
		answer.Files = append(answer.Files, c.packageFileOf(c.Job, f))
	}
	w.Header().Set("Location", c.packageURL(c.Job, made.Files[0].Name))
	return c.answerJSON(w, http.StatusCreated, answer)
}

// protectedText answers a protected copy: a file for each ZIP file of the package.
type protectedText struct {
	Files      []packageFileText `json:"files"`
	Passphrase string            `json:"passphrase,omitempty"` // one that was made; it is kept nowhere, so this is the only time
}

// waiting answers how far a package is.
func (c *call) waiting(w http.ResponseWriter, job storage.Job, text packageJobText) error {
	if !c.server.polls.allow(c.who.Name, job.ID, time.Now()) {
		return problemf(http.StatusTooManyRequests, fhir.CodeThrottled, "asked too often; wait as long as Retry-After says between two polls").with("Retry-After", "1")
	}
	w.Header().Set("X-Progress", text.Progress)
	w.Header().Set("Retry-After", strconv.Itoa(retryAfter(time.Since(job.Created))))
	return c.answerJSON(w, http.StatusAccepted, text)
}
