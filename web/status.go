package web

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"satchel/fhir"
	"satchel/storage"
)

// jobManifest is the Bulk Data answer that lists a job's files.
type jobManifest struct {
	TransactionTime     string         `json:"transactionTime"`
	Request             string         `json:"request"`
	RequiresAccessToken bool           `json:"requiresAccessToken"`
	Output              []manifestFile `json:"output"`
	Deleted             []manifestFile `json:"deleted"`
	Error               []manifestFile `json:"error"`
}

type manifestFile struct {
	Type  string `json:"type"`
	URL   string `json:"url"`
	Count int64  `json:"count"`
}

// jobStatus tells how far a job is, and lists its files when it is complete.
func jobStatus(w http.ResponseWriter, c *call) error {
	job, err := c.namedJob()
	if err != nil {
		return err
	}
	switch job.State {
	case storage.Complete:
		return c.sendManifest(w, job)
	case storage.Failed:
		return problemf(http.StatusInternalServerError, fhir.CodeException, "the export failed: %s; start it again", job.Error)
	}
	w.Header().Set("X-Progress", progress(job))
	w.Header().Set("Retry-After", strconv.Itoa(retryAfter(time.Since(job.Created))))
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// deleteJob cancels a job or releases its files. From the answer on, it does not exist.
func deleteJob(w http.ResponseWriter, c *call) error {
	job, err := c.namedJob()
	if err != nil {
		return err
	}
	if err := c.server.Engine.Cancel(c.Context(), job.ID); err != nil {
		return hidden(err)
	}
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// namedJob is the job under _jobId (or jobId in a Parameters body) that the account may see.
func (c *call) namedJob() (storage.Job, error) {
	if err := c.addParameters(); err != nil {
		return storage.Job{}, err
	}
	for _, p := range c.params {
		if p.Name == "_jobId" || p.Name == "jobId" {
			return c.visibleJob(p.Value)
		}
	}
	return storage.Job{}, fhir.Errorf(fhir.CodeRequired, "_jobId is missing; poll the address that the kick-off gave as Content-Location")
}

// visibleJob reads a job and decides, with the account's permissions as they are now. A job that is not for this
// account is answered as one that does not exist.
func (c *call) visibleJob(id string) (storage.Job, error) {
	job, err := c.server.Store.Job(c.Context(), id)
	if err == nil && job.Kind != "bulk" {
		err = fhir.Errorf(fhir.CodeNotFound, "not an export")
	}
	if err != nil {
		return job, hidden(err)
	}
	do, err := c.server.jobAction(job.Account, job.Request)
	if err != nil {
		return job, err
	}
	return job, hidden(c.decide(do))
}

// hidden gives every kind of absence the same words.
func hidden(err error) error {
	if isCode(err, fhir.CodeNotFound) {
		return fhir.Errorf(fhir.CodeNotFound, "there is no such export; it may have expired or been deleted")
	}
	return err
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

// sendManifest answers the files of a complete job.
func (c *call) sendManifest(w http.ResponseWriter, job storage.Job) error {
	m := jobManifest{
		TransactionTime: fhir.FormatInstant(job.Snapshot.Time), Request: job.URL, RequiresAccessToken: true,
		Output: []manifestFile{}, Deleted: []manifestFile{}, Error: []manifestFile{},
	}
	lists := map[string]*[]manifestFile{"output": &m.Output, "deleted": &m.Deleted, "error": &m.Error}
	for _, f := range job.Files {
		list := lists[f.List]
		if list == nil {
			return fmt.Errorf("job %s has a file in the unknown list %q", job.ID, f.List)
		}
		*list = append(*list, manifestFile{Type: f.Type, URL: c.base + pathFile + job.ID + "/" + f.Name, Count: f.Count})
	}
	body, err := encode(m)
	if err != nil {
		return err
	}
	if !job.Expires.IsZero() {
		w.Header().Set("Expires", job.Expires.UTC().Format(http.TimeFormat))
	}
	return c.sendJSON(w, http.StatusOK, "application/json", body)
}
