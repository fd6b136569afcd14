package api

import (
	"encoding/hex"
	"net/http"
	"time"

	"satchel/web"

	"satchel/engine/pack"
	"satchel/exports"
	"satchel/fhir"
	"satchel/handover"
	"satchel/storage"
)

// packageJobText is a package as /api/packages answers it. What follows Expires is there once the package is complete.
type packageJobText struct {
	ID          string        `json:"id"`
	URL         string        `json:"url"`
	State       storage.State `json:"state"` // queued, running, complete, failed
	Patient     string        `json:"patient,omitempty"`
	Linked      []string      `json:"linked,omitempty"`
	Population  bool          `json:"population,omitzero"`
	Form        handover.Form `json:"form,omitempty"`
	Purpose     string        `json:"purpose,omitempty"`
	RequestID   string        `json:"requestId,omitempty"`
	Account     string        `json:"account"` // that started it
	RequestedBy string        `json:"requestedBy,omitempty"`
	Progress    string        `json:"progress,omitempty"`
	Error       string        `json:"error,omitempty"`
	Instant     string        `json:"transactionTime"` // what is shown is as of then
	Created     *time.Time    `json:"created"`
	Started     *time.Time    `json:"started,omitempty"`
	Ended       *time.Time    `json:"ended,omitempty"`
	Expires     *time.Time    `json:"expires,omitempty"`

	Verdict     handover.Verdict            `json:"verdict,omitempty"`
	Problems    []string                    `json:"problems,omitempty"`
	PackageID   string                      `json:"packageId,omitempty"` // the job's name inside the package
	Files       []packageFileText           `json:"files,omitempty"`
	Fingerprint string                      `json:"keyFingerprint,omitempty"` // of the key that signed it
	Payload     *payloadText                `json:"payload,omitempty"`
	Counts      map[string]handover.Count   `json:"counts,omitempty"`
	Attachments *handover.AttachmentSummary `json:"attachments,omitempty"`
	Exclusions  []handover.ExclusionSummary `json:"exclusions,omitempty"`
	LeftOut     []handover.LinkedRecord     `json:"linkedLeftOut,omitempty"`
	AuditHead   *web.AuditHead              `json:"auditHead,omitempty"`
}

// payloadText measures what a package holds.
type payloadText struct {
	Files int64 `json:"files"`
	Bytes int64 `json:"bytes"`
}

// packageFileText is one file of a package.
type packageFileText struct {
	Name   string `json:"name"`
	URL    string `json:"url"`
	List   string `json:"list"`           // package, protected; of the form folder also output, deleted, history, attachment, other
	Path   string `json:"path,omitempty"` // of the form folder: where it stands in the package
	Type   string `json:"type,omitempty"` // of the lines
	Count  int64  `json:"count,omitzero"` // resources
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// packageOf is what can be told of a package at any time.
func packageOf(c *web.Call, job storage.Job, r handover.Order) packageJobText {
	t := packageJobText{
		ID: job.ID, URL: packageURL(c, job.ID), State: job.State, Patient: r.Patient, Linked: r.Linked, Population: r.Population, Form: r.Form,
		Purpose: r.Purpose, RequestID: r.RequestID, Account: job.Account, RequestedBy: r.RequestedBy, Error: job.Error,
		Instant: fhir.FormatInstant(job.Snapshot.Time),
		Created: timeOf(job.Created), Started: timeOf(job.Started), Ended: timeOf(job.Ended), Expires: timeOf(job.Expires),
	}
	if job.State == storage.Queued || job.State == storage.Running {
		t.Progress = web.PackageProgress(job)
	}
	return t
}

// complete adds how a package ended.
func completePackage(c *web.Call, t *packageJobText, job storage.Job) error {
	o, err := pack.OutcomeOf(job)
	if err != nil {
		return err
	}
	t.Verdict, t.Problems, t.PackageID, t.Fingerprint = o.Verdict, o.Problems, o.Job, o.Signer
	t.Payload = &payloadText{o.Files, o.Bytes}
	t.Counts, t.Attachments, t.Exclusions, t.LeftOut = o.Counts, &o.Attachments, o.Exclusions, o.LeftOut
	for _, f := range job.Files {
		t.Files = append(t.Files, packageFileOf(c, job.ID, f))
	}
	t.AuditHead, err = c.HeadOf(job)
	return err
}

// packageFileOf is one file of a package.
func packageFileOf(c *web.Call, id string, f storage.JobFile) packageFileText {
	t := packageFileText{Name: f.Name, URL: packageURL(c, id, f.Name), List: f.List, Type: f.Type, Count: f.Count, Bytes: f.Bytes, SHA256: hex.EncodeToString(f.SHA256)}
	if f.List != pack.ListProtected {
		t.Path = f.Path
	}
	return t
}

// listPackages answers packages, newest first: GET /api/packages. Of those of others, whose record they hold is not told.
func listPackages(w http.ResponseWriter, c *web.Call) error {
	list, note, err := c.Server.Exports.Jobs(c.Context(), c.Actor(0), exports.Packages)
	if c.Did(note, err); err != nil {
		return err
	}
	texts := []packageJobText{}
	for _, job := range list.Jobs {
		r, err := pack.OrderOf(job.Job)
		if err != nil {
			return err
		}
		if !job.May {
			r.Patient, r.Linked = "", nil
		}
		t := packageOf(c, job.Job, r)
		if job.State == storage.Complete {
			o, err := pack.OutcomeOf(job.Job)
			if err != nil {
				return err
			}
			t.Verdict, t.PackageID = o.Verdict, o.Job
		}
		texts = append(texts, t)
	}
	return c.SendValue(w, http.StatusOK, map[string][]packageJobText{"packages": texts})
}

// getPackage tells how far a package is, and of a complete one what it is: GET /api/packages/[id].
func getPackage(w http.ResponseWriter, c *web.Call) error {
	job, r, err := visiblePackage(c)
	if err != nil {
		return web.LookFailed(err)
	}
	t := packageOf(c, job, r)
	switch job.State {
	case storage.Complete:
		if err := completePackage(c, &t, job); err != nil {
			return web.LookFailed(err)
		}
		w.Header().Set("Expires", job.Expires.UTC().Format(http.TimeFormat))
		return c.SendValue(w, http.StatusOK, t)
	case storage.Failed:
		return web.Problemf(http.StatusInternalServerError, fhir.CodeProcessing, "the package failed: %s; start it again", job.Error)
	}
	return waiting(c, w, job, t)
}
