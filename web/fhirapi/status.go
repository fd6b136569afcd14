package fhirapi

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"satchel/web"

	"satchel/exports"
	"satchel/fhir"
	"satchel/storage"
)

// jobStatus tells how far a job is, and lists its files when it is complete.
func jobStatus(w http.ResponseWriter, c *web.Call) error {
	id, err := namedID(c)
	if err != nil {
		return err
	}
	job, note, err := c.Server.Exports.Job(c.Context(), c.Actor(0), id, exports.Bulk)
	if c.Did(note, err); err != nil {
		return web.LookFailed(err)
	}
	switch job.State {
	case storage.Complete:
		exportStatus(c, w, http.StatusOK)
		return web.LookFailed(sendManifest(c, w, job))
	case storage.Failed:
		return sendFailure(c, w, job)
	}
	if !c.Server.Polls.Allow(c.Who.Name, job.ID, time.Now()) {
		return web.Problemf(http.StatusTooManyRequests, fhir.CodeThrottled, "asked too often; wait as long as Retry-After says between two polls").With("Retry-After", "1")
	}
	status := exportStatus(c, w, http.StatusAccepted)
	w.Header().Set("X-Progress", web.JobProgress(job))
	w.Header().Set("Retry-After", strconv.Itoa(web.RetryAfter(time.Since(job.Created))))
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(status)
	return nil
}

// separate is the preference, and the parameter of the status address, by which a client wants the status of the poll and
// that of the export told apart.
const (
	separate     = "separate-export-status"
	pathSeparate = "&_separate=true"
)

// exportStatus returns the HTTP status for an export's status. For a client that wants them apart that is 200, and the
// export's status goes into a header of its own.
func exportStatus(c *web.Call, w http.ResponseWriter, status int) int {
	_, apart := c.Preference(separate)
	if !apart && !slices.Contains(c.Params, fhir.Param{Name: "_separate", Value: "true"}) {
		return status
	}
	w.Header().Set("X-Export-Status", statusText(status))
	return http.StatusOK
}

// sendFailure tells why the export failed. The code is none of those that mean "try again".
func sendFailure(c *web.Call, w http.ResponseWriter, job storage.Job) error {
	p := web.Problemf(http.StatusInternalServerError, fhir.CodeProcessing, "the export failed: %s; start it again", job.Error)
	if status := exportStatus(c, w, p.Status); status != p.Status {
		return c.SendJSON(w, status, web.MediaFHIR, fhir.Outcome(p.Issues...))
	}
	return p
}

// deleteJob cancels a job or releases its files. From the answer on, it does not exist.
func deleteJob(w http.ResponseWriter, c *web.Call) error {
	id, err := namedID(c)
	if err != nil {
		return err
	}
	note, err := c.Server.Exports.End(c.Context(), c.Actor(http.StatusAccepted), id, exports.Bulk)
	if c.Did(note, err); err != nil {
		return err
	}
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// namedID is the id of the job under _jobId, or jobId in a Parameters body.
func namedID(c *web.Call) (string, error) {
	if err := addParameters(c); err != nil {
		return "", err
	}
	for _, p := range c.Params {
		if p.Name == "_jobId" || p.Name == "jobId" {
			return p.Value, nil
		}
	}
	return "", fhir.Errorf(fhir.CodeRequired, "_jobId is missing; poll the address that the kick-off gave as Content-Location")
}
