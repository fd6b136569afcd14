package web

import (
	"errors"
	"net/http"
	"strings"

	"satchel/engine/bulk"
	"satchel/fhir"
)

// pathStatus and pathFile are where jobs and their files lie under the base.
const (
	pathStatus = "/$export-poll-status?_jobId="
	pathFile   = "/$export-file/"
)

// exportSystem starts an export of everything: [base]/$export.
func exportSystem(w http.ResponseWriter, c *call) error { return c.kickOff(w, bulk.LevelSystem) }

// exportPatients starts an export of all patients, or of those in a Parameters body: [base]/Patient/$export.
func exportPatients(w http.ResponseWriter, c *call) error { return c.kickOff(w, bulk.LevelPatient) }

// exportPatient starts an export of one patient: [base]/Patient/[id]/$export.
func exportPatient(w http.ResponseWriter, c *call) error { return c.kickOff(w, bulk.LevelPatient) }

// exportGroup starts an export of a group's members: [base]/Group/[id]/$export.
func exportGroup(w http.ResponseWriter, c *call) error { return c.kickOff(w, bulk.LevelGroup) }

// kickOff parses and starts. Everything that can be wrong with a request is told here, before a job exists.
func (c *call) kickOff(w http.ResponseWriter, level bulk.Level) error {
	if c.Header.Get("Sec-Fetch-Site") == "cross-site" && !c.server.fromAllowedOrigin(c.Request) {
		return fhir.Errorf(fhir.CodeForbidden, "a page of another site may not start an export")
	}
	request, err := c.exportRequest(level)
	if err != nil {
		return err
	}
	request.Base = c.base
	job, note, err := c.server.Exports.StartExport(c.Context(), c.actor(http.StatusAccepted), request, c.base+strings.TrimPrefix(c.URL.RequestURI(), fhirPath))
	if c.did(note, err); err != nil {
		return err
	}
	status := c.base + pathStatus + job.ID
	if _, apart := c.preference(separate); apart {
		status += pathSeparate
		w.Header().Set("Preference-Applied", "respond-async, "+separate)
	}
	w.Header().Set("Content-Location", status)
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// exportRequest reads the kick-off's parameters from the query and the body.
func (c *call) exportRequest(level bulk.Level) (bulk.Request, error) {
	if err := c.addParameters(); err != nil {
		return bulk.Request{}, err
	}
	group, patient := "", ""
	switch level {
	case bulk.LevelGroup:
		group = c.ID
	case bulk.LevelPatient:
		patient = c.ID
	}
	lenient := c.prefer("handling") == "lenient"
	request, err := bulk.ParseRequest(level, group, patient, c.params, c.bases(), c.Method == http.MethodPost, lenient)
	if e, ok := errors.AsType[*bulk.ParamError](err); ok {
		return request, &problem{status: http.StatusBadRequest, issues: e.Issues}
	}
	return request, err
}
