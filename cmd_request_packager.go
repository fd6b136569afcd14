package main

import (
	"context"
	"io"
	"strings"
	"time"

	"satchel/audit"
	"satchel/engine"
	"satchel/requests"
	"satchel/storage"
)

// packager lets the engine make the packages of the ledger of requests.
type packager struct {
	*engine.Engine
	store *storage.Store
}

// StartPackage stores a job, with its event, that makes the package that a request asks for.
func (p packager) StartPackage(ctx context.Context, event audit.Event, account, url string, r requests.Package) (storage.Job, error) {
	q := engine.PackageRequest{
		Patient: r.Patient, Population: r.Patient == "", Linked: r.Linked, Purpose: r.Purpose, RequestID: r.Request,
		RequestedBy: r.RequestedBy, ApprovedBy: r.ApprovedBy,
	}
	if r.Folder {
		q.Form = engine.FormFolder
	}
	for _, w := range r.Withhold {
		q.Withhold = append(q.Withhold, engine.Withhold(w))
	}
	return p.Engine.StartPackage(ctx, event, account, url, q)
}

// Made answers the files of a complete package, without copies under a passphrase, and its verdict.
func (p packager) Made(job storage.Job) ([]storage.JobFile, string, error) {
	o, err := engine.PackageOutcomeOf(job)
	if err != nil {
		return nil, "", err
	}
	var files []storage.JobFile
	for _, f := range job.Files {
		if f.List != engine.ListProtected {
			files = append(files, f)
		}
	}
	return files, string(o.Verdict), nil
}

// Protect makes a copy of each ZIP file of a package that opens with the passphrase.
func (p packager) Protect(ctx context.Context, job string, form requests.Form, passphrase string) ([]storage.JobFile, error) {
	if _, err := p.Engine.Protect(ctx, job, string(form), passphrase); err != nil {
		return nil, err
	}
	j, err := p.store.Job(ctx, job)
	if err != nil {
		return nil, err
	}
	var files []storage.JobFile
	for _, f := range j.Files {
		if f.List == engine.ListProtected && strings.HasSuffix(f.Name, "."+string(form)) {
			files = append(files, f)
		}
	}
	return files, nil
}

// Keep keeps the job's files until then at least.
func (p packager) Keep(ctx context.Context, job string, until time.Time) error {
	return p.Engine.Keep(ctx, job, until)
}

// Open opens a file of a job.
func (p packager) Open(ctx context.Context, job, file string) (io.ReadCloser, error) {
	f, err := p.Engine.Open(ctx, job, file)
	if err != nil {
		return nil, err
	}
	return f, nil
}
