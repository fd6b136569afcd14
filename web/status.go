package web

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"satchel/exports"
	"satchel/fhir"
	"satchel/storage"
)

// jobStatus tells how far a job is, and lists its files when it is complete.
func jobStatus(w http.ResponseWriter, c *call) error {
	id, err := c.namedID()
	if err != nil {
		return err
	}
	job, note, err := c.server.Exports.Job(c.Context(), c.actor(0), id, exports.Bulk)
	if c.did(note, err); err != nil {
		return hiccup(err)
	}
	switch job.State {
	case storage.Complete:
		c.exportStatus(w, http.StatusOK)
		return hiccup(c.sendManifest(w, job))
	case storage.Failed:
		return c.sendFailure(w, job)
	}
	if !c.server.polls.allow(c.who.Name, job.ID, time.Now()) {
		return problemf(http.StatusTooManyRequests, fhir.CodeThrottled, "asked too often; wait as long as Retry-After says between two polls").with("Retry-After", "1")
	}
	status := c.exportStatus(w, http.StatusAccepted)
	w.Header().Set("X-Progress", progress(job))
	w.Header().Set("Retry-After", strconv.Itoa(retryAfter(time.Since(job.Created))))
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

// exportStatus answers the HTTP status for an export's status. For a client that wants them apart that is 200, and the
// export's status goes into a header of its own.
func (c *call) exportStatus(w http.ResponseWriter, status int) int {
	_, apart := c.preference(separate)
	if !apart && !slices.Contains(c.params, fhir.Param{Name: "_separate", Value: "true"}) {
		return status
	}
	w.Header().Set("X-Export-Status", statusText(status))
	return http.StatusOK
}

// sendFailure tells why the export failed. The code is none of those that mean "try again".
func (c *call) sendFailure(w http.ResponseWriter, job storage.Job) error {
	p := problemf(http.StatusInternalServerError, fhir.CodeProcessing, "the export failed: %s; start it again", job.Error)
	if status := c.exportStatus(w, p.status); status != p.status {
		return c.sendJSON(w, status, mediaFHIR, fhir.Outcome(p.issues...))
	}
	return p
}

// hiccup keeps a failure to look at a job apart from the failure of the job: the client shall ask again.
func hiccup(err error) error {
	if err == nil || problemOf(err).cause == nil {
		return err
	}
	p := problemf(http.StatusServiceUnavailable, fhir.CodeTransient, "the export's status cannot be told at the moment; ask again").with("Retry-After", "5")
	p.cause = err
	return p
}

// deleteJob cancels a job or releases its files. From the answer on, it does not exist.
func deleteJob(w http.ResponseWriter, c *call) error {
	id, err := c.namedID()
	if err != nil {
		return err
	}
	note, err := c.server.Exports.End(c.Context(), c.actor(http.StatusAccepted), id, exports.Bulk)
	if c.did(note, err); err != nil {
		return err
	}
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// namedID is the id of the job under _jobId, or jobId in a Parameters body.
func (c *call) namedID() (string, error) {
	if err := c.addParameters(); err != nil {
		return "", err
	}
	for _, p := range c.params {
		if p.Name == "_jobId" || p.Name == "jobId" {
			return p.Value, nil
		}
	}
	return "", fhir.Errorf(fhir.CodeRequired, "_jobId is missing; poll the address that the kick-off gave as Content-Location")
}

// progress begins with a percentage, which clients parse, and stays under 100 characters.
func progress(job storage.Job) string {
	if job.State == storage.Queued {
		return "0% (waiting for a free worker)"
	}
	percent := int64(0)
	if job.Total > 0 {
		percent = min(job.Done*100/job.Total, 99)
	}
	return fmt.Sprintf("%d%% (%d of about %d resources)", percent, job.Done, job.Total)
}

// retryAfter grows with the job's age from 1 to 10 seconds: short jobs end soon, long ones are not asked in vain.
func retryAfter(age time.Duration) int {
	return min(max(int(age/(10*time.Second)), 1), 10)
}
