package pages

import (
	"mime"
	"net/http"
	"path"

	"satchel/auth"
	"satchel/engine/pack"
	"satchel/exports"
	"satchel/storage"
)

// jobState is how far a job is, as the part "job-progress" shows it.
type jobState struct {
	State   storage.State
	Percent int  // -1: not known
	Sealing bool // everything is written; it is read back and signed
	Done    int64
	Total   int64 // 0: not known
	Over    bool  // it is complete or has failed
	Error   string
}

// stateOf is how far a job is.
func stateOf(job storage.Job) jobState {
	s := jobState{State: job.State, Percent: percent(job), Done: job.Done, Total: job.Total, Error: job.Error}
	s.Over = job.State.Over()
	s.Sealing = job.Kind == pack.Kind && job.State == storage.Running && job.Total > 0 && job.Done >= job.Total
	if !s.Over {
		s.Percent = min(s.Percent, 99)
	}
	return s
}

// isCopy reports whether a job makes the copy of one patient's record; its page is another than that of an export.
func isCopy(job storage.Job) bool {
	if job.Kind != pack.Kind {
		return false
	}
	r, err := pack.OrderOf(job)
	return err == nil && r.Patient != ""
}

// jobPath is the address of a job's page.
func jobPath(job storage.Job) string {
	if isCopy(job) {
		return "/copies/" + job.ID
	}
	return "/exports/" + job.ID
}

// job reads a job that whoever is signed in may have. The audit log learns the job and its patients.
func (v *Request) job(id string) (storage.Job, error) {
	job, note, err := v.Exports.Job(v.Context(), v.Actor(0), id, exports.Both)
	v.Did(note, err)
	return job, err
}

// jobToEnd reads a job that is to be cancelled or deleted, perhaps without what it holds.
func (v *Request) jobToEnd(id string) (storage.Job, error) {
	job, note, err := v.Exports.Ending(v.Context(), v.Actor(0), id, exports.Both)
	v.Did(note, err)
	return job, err
}

// endJob cancels a job or removes what it made.
func (v *Request) endJob(id string) error {
	note, err := v.Exports.End(v.Context(), v.Actor(http.StatusSeeOther), id, exports.Both)
	v.Did(note, err)
	return err
}

// jobProgress answers the part "job-progress" to the script of a page; once the job is over, the script goes to another page.
func (v *Request) jobProgress(page string, job storage.Job, then string) error {
	s := stateOf(job)
	if s.Over {
		v.W.Header().Set("Satchel-Go", then)
	}
	return v.Fragment(page, "job-progress", s, !s.Over)
}

// sendJobFile hands out one file of a job, as a download.
func (v *Request) sendJobFile(by auth.Actor, id, name string) error {
	f, note, err := v.Exports.Open(v.Context(), by, id, name, exports.Both)
	if v.Did(note, err); err != nil {
		return err
	}
	defer f.Close()
	h := v.W.Header()
	h.Set("ETag", f.Tag())
	v.attachment(f.Info.Name, jobMedia(f.Info.Name))
	// ServeContent knows Range, If-Range, If-None-Match, HEAD and Content-Length. The name is empty: the type is set already.
	http.ServeContent(v.W, v.Request, "", f.Job.Ended, f)
	return nil
}

// attachment makes the answer a download, whatever its type: the browser shows nothing of it.
func (v *Request) attachment(name, media string) {
	h := v.W.Header()
	h.Set("Content-Type", media)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	h.Set("X-Content-Type-Options", "nosniff")
}

// jobMedia is the media type of a file of a job. What a browser would run is given as bytes.
func jobMedia(name string) string {
	switch path.Ext(name) {
	case ".zip":
		return "application/zip"
	case ".ndjson":
		return "application/fhir+ndjson"
	case ".json":
		return "application/json"
	case ".csv":
		return "text/csv; charset=utf-8"
	}
	return "application/octet-stream"
}
