package fhirapi

import (
	"errors"
	"net/http"
	"strings"

	"satchel/web"

	"satchel/engine/bulk"
	"satchel/fhir"
)

// pathStatus and pathFile are where jobs and their files lie under the base.
const (
	pathStatus = "/$export-poll-status?_jobId="
	pathFile   = "/$export-file/"
)

// exportSystem starts an export of everything: [base]/$export.
func exportSystem(w http.ResponseWriter, c *web.Call) error { return kickOff(c, w, bulk.LevelSystem) }

// exportPatients starts an export of all patients, or of those in a Parameters body: [base]/Patient/$export.
func exportPatients(w http.ResponseWriter, c *web.Call) error {
	return kickOff(c, w, bulk.LevelPatient)
}

// exportPatient starts an export of one patient: [base]/Patient/[id]/$export.
func exportPatient(w http.ResponseWriter, c *web.Call) error { return kickOff(c, w, bulk.LevelPatient) }

// exportGroup starts an export of a group's members: [base]/Group/[id]/$export.
func exportGroup(w http.ResponseWriter, c *web.Call) error { return kickOff(c, w, bulk.LevelGroup) }

// kickOff parses and starts. Everything that can be wrong with a request is told here, before a job exists.
func kickOff(c *web.Call, w http.ResponseWriter, level bulk.Level) error {
	if c.Header.Get("Sec-Fetch-Site") == "cross-site" && !c.Server.FromAllowedOrigin(c.Request) {
		return fhir.Errorf(fhir.CodeForbidden, "a page of another site may not start an export")
	}
	request, err := exportRequest(c, level)
	if err != nil {
		return err
	}
	request.Base = c.Base
	job, note, err := c.Server.Exports.StartExport(c.Context(), c.Actor(http.StatusAccepted), request, c.Base+strings.TrimPrefix(c.URL.RequestURI(), web.FHIRPath))
	if c.Did(note, err); err != nil {
		return err
	}
	status := c.Base + pathStatus + job.ID
	if _, apart := c.Preference(separate); apart {
		status += pathSeparate
		w.Header().Set("Preference-Applied", "respond-async, "+separate)
	}
	w.Header().Set("Content-Location", status)
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// exportRequest reads the kick-off's parameters from the query and the body.
func exportRequest(c *web.Call, level bulk.Level) (bulk.Request, error) {
	if err := addParameters(c); err != nil {
		return bulk.Request{}, err
	}
	group, patient := "", ""
	switch level {
	case bulk.LevelGroup:
		group = c.ID
	case bulk.LevelPatient:
		patient = c.ID
	}
	lenient := c.Prefer("handling") == "lenient"
	request, err := bulk.ParseRequest(level, group, patient, c.Params, c.Asked(), c.Method == http.MethodPost, lenient)
	if e, ok := errors.AsType[*bulk.ParamError](err); ok {
		return request, &web.Problem{Status: http.StatusBadRequest, Issues: e.Issues}
	}
	return request, err
}
