package desk

import (
	"mime"
	"net/http"
	"path"
	"strings"

	"satchel/audit"
	"satchel/auth"
	"satchel/engine"
	"satchel/fhir"
	"satchel/permit"
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
	s.Sealing = job.Kind == engine.KindPackage && job.State == storage.Running && job.Total > 0 && job.Done >= job.Total
	if !s.Over {
		s.Percent = min(s.Percent, 99)
	}
	return s
}

// isCopy reports whether a job makes the copy of one patient's record; its page is another than that of an export.
func isCopy(job storage.Job) bool {
	if job.Kind != engine.KindPackage {
		return false
	}
	r, err := engine.PackageRequestOf(job)
	return err == nil && r.Patient != ""
}

// jobPath is the address of a job's page.
func jobPath(job storage.Job) string {
	if isCopy(job) {
		return "/copies/" + job.ID
	}
	return "/exports/" + job.ID
}

// ownJob reports whether a job is that of who is signed in.
func (v *Visit) ownJob(job storage.Job) bool { return strings.EqualFold(job.Account, v.Who.Name) }

// mayJob reports whether whoever is signed in may see a job with all that it holds. It decides nothing.
func (v *Visit) mayJob(job storage.Job) bool {
	do, err := permit.Job(job, v.Exclusive)
	return err == nil && v.May(do)
}

// job reads a job and decides, with the account's permissions as they are now, on all that it holds; the audit log learns
// the job and its patients. One that is not for this account is answered as one that does not exist.
func (v *Visit) job(id string) (storage.Job, error) {
	job, err := v.Store.Job(v.Context(), id)
	if err != nil {
		return job, hiddenJob(err)
	}
	if job.Kind == engine.KindImport { // has its own pages, for others
		return storage.Job{}, hiddenJob(fhir.Errorf(fhir.CodeNotFound, "not an export"))
	}
	v.Target(job.ID)
	do, err := permit.Job(job, v.Exclusive)
	if err != nil {
		return job, hiddenJob(err)
	}
	v.Saw(do.Job.Export.Patients...)
	return job, hiddenJob(v.Decide(do))
}

// jobToEnd reads a job that is to be cancelled or deleted: who may cancel jobs may do so with those of others, without
// seeing what they hold.
func (v *Visit) jobToEnd(id string) (storage.Job, error) {
	job, err := v.job(id)
	if err != nil && job.ID != "" && v.Decide(auth.Action{Verb: auth.VerbJobCancel}) == nil {
		err = nil
	}
	return job, err
}

// endJob cancels a job or removes what it made. The visit's event is stored with it.
func (v *Visit) endJob(id string) error {
	err := v.Deed(func(e audit.Event) error { return v.Engine.Cancel(v.Context(), e, id) })
	if err != nil {
		return hiddenJob(err)
	}
	return nil
}

// hiddenJob gives every kind of absence the same words.
func hiddenJob(err error) error {
	if isCode(err, fhir.CodeNotFound) {
		return fhir.Errorf(fhir.CodeNotFound, "this is not here any more; it may have been deleted, or its time was over")
	}
	return err
}

// jobProgress answers the part "job-progress" to the script of a page; once the job is over, the script goes to another page.
func (v *Visit) jobProgress(page string, job storage.Job, then string) error {
	s := stateOf(job)
	if s.Over {
		v.W.Header().Set("Satchel-Go", then)
	}
	return v.Fragment(page, "job-progress", s, !s.Over)
}

// sendJobFile hands out one file of a job that v.job has agreed to, as a download.
func (v *Visit) sendJobFile(id, name string) error {
	f, err := v.Engine.Open(v.Context(), id, name)
	if err != nil {
		return hiddenJob(err)
	}
	defer f.Close()
	v.Target(f.Job.ID + "/" + f.Info.Name)
	v.Detail("%d bytes, sha256 %x", f.Info.Bytes, f.Info.SHA256)
	h := v.W.Header()
	h.Set("ETag", f.Tag())
	v.attachment(f.Info.Name, jobMedia(f.Info.Name))
	// ServeContent knows Range, If-Range, If-None-Match, HEAD and Content-Length. The name is empty: the type is set already.
	http.ServeContent(v.W, v.Request, "", f.Job.Ended, f)
	return nil
}

// attachment makes the answer a download, whatever its type: the browser shows nothing of it.
func (v *Visit) attachment(name, media string) {
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
