package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"

	"satchel/audit"
	"satchel/engine/pack"
	"satchel/engine/progress"
	"satchel/handover"
	"satchel/storage"
)

// StartPackage stores a job that makes a package and returns it within milliseconds. Errors: required or value if the
// request cannot be one; throttled above MaxJobs; no-store with too little room on the disk; not-found if the patient or a
// linked one was never stored. url is the kick-off URL as the client sent it.
//
// In the form zip the job's files are the ZIP files of the package. In the form folder they are all files of it, each
// under a name without folders: NDJSON of current resources and the index of attachments (as DocumentReference) on the
// list "output" with type and count, deletions on "deleted", and others on the lists that package pack names.
//
// Package pack makes a package and knows nothing of jobs: their queue, folders, room on the disk and expiry are here.
func (e *Engine) StartPackage(ctx context.Context, event audit.Event, account, url string, r handover.Order) (storage.Job, error) {
	if err := e.roomy(); err != nil {
		return storage.Job{}, err
	}
	if err := r.Check(); err != nil {
		return storage.Job{}, err
	}
	if _, err := e.options.Packages.key(); err != nil { // rather now than when all is written
		return storage.Job{}, err
	}
	if r.RequestedBy == "" {
		r.RequestedBy = account
	}
	if r.Patient != "" {
		for _, id := range append([]string{r.Patient}, r.Linked...) {
			if _, err := e.store.Resource(ctx, "Patient", id); err != nil {
				return storage.Job{}, err
			}
		}
	}
	text, err := json.Marshal(r)
	if err != nil {
		return storage.Job{}, fmt.Errorf("encode request: %w", err)
	}
	return e.add(ctx, event, e.exports, storage.Job{Kind: pack.Kind, Account: account, URL: url, Request: text})
}

// packs makes the package of a job in the job's folder.
func (e *Engine) packs(ctx context.Context, job storage.Job) (conclusion, error) {
	r, err := pack.OrderOf(job)
	if err != nil {
		return conclusion{}, err
	}
	folder, err := e.emptyFolder(job.ID)
	if err != nil {
		return conclusion{}, err
	}
	defer folder.Close()
	h, err := e.packed(ctx, job, r)
	if err != nil {
		return conclusion{}, err
	}
	files, err := pack.Files(ctx, folder, r.Form, h)
	if err != nil {
		return conclusion{}, err
	}
	outcome := pack.OutcomeFrom(h)
	text, err := json.Marshal(outcome)
	if err != nil {
		return conclusion{}, fmt.Errorf("encode outcome: %w", err)
	}
	event := audit.Event{Action: audit.Package, Patients: outcome.Patients, Detail: pack.Text(r.RequestID, h) + ", " + FilesText(files)}
	return completed(files, text, workedFor(job, event)), nil
}

// packed makes the package.
func (e *Engine) packed(ctx context.Context, job storage.Job, r handover.Order) (pack.Made, error) {
	p := e.options.Packages
	key, err := p.key()
	if err != nil {
		return pack.Made{}, err
	}
	q := pack.Run{
		Order: r, At: job.Snapshot, Dir: e.path(job.ID), FileSize: e.options.FileSize, BagSize: p.BagSize, Key: key,
		Job: job.ID[:min(len(job.ID), 8)], Sender: p.practice(), Product: p.Product, DocumentationURL: p.DocumentationURL,
	}
	if r.Population {
		q.Requests = p.Requests
		if p.Settings != nil {
			q.Settings = p.Settings()
		}
	}
	if r.Form == handover.FormFolder {
		q.BagSize = 0 // files of two bags would have the same names
	}
	step, stop := e.metered(ctx, job.ID)
	defer stop()
	return pack.Make(ctx, e.store, q, step)
}

// metered returns what a job calls to tell how far it is, and what it calls at its end.
func (e *Engine) metered(ctx context.Context, id string) (step func(done, total int64), stop func()) {
	var total atomic.Int64
	m := progress.Start(0, func(done, _ int64) { e.progress(ctx, id, done, max(done, total.Load())) })
	step = func(done, n int64) {
		total.Store(n)
		m.Done.Store(done)
	}
	return step, func() {
		m.Stop()
		e.progress(ctx, id, m.Done.Load(), total.Load()) // it may have been faster than the reports
	}
}

// Keep keeps a package until then at least; it never shortens a job's time. Not-found if there is no such job.
func (e *Engine) Keep(ctx context.Context, id string, until time.Time) error {
	found, err := e.store.KeepJob(ctx, id, until)
	if err == nil && !found {
		err = noJob(id)
	}
	return err
}
