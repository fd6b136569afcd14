package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"satchel/audit"
	"satchel/engine/imports"
	"satchel/fhir"
	"satchel/internal/durable"
	"satchel/internal/fault"
	"satchel/storage"
)

// StartImport stores a job that imports an upload in the background, for who its event names, with the event, and returns it.
// From here on the files belong to the job, and an import that is cut short by the end of the server runs again at the next
// start. With too many waiting it is throttled, and then, as with any other error, the files are gone.
func (e *Engine) StartImport(ctx context.Context, event audit.Event, u *Upload, c imports.Choices) (storage.Job, error) {
	job, err := e.startImport(ctx, event, u, c)
	if err != nil {
		u.Discard()
		return storage.Job{}, err
	}
	u.folder.Close()
	e.release(u.id)
	return job, nil
}

func (e *Engine) startImport(ctx context.Context, event audit.Event, u *Upload, c imports.Choices) (storage.Job, error) {
	text, err := json.Marshal(imports.Request{Files: u.files, By: event.Who.Kind, Choices: c})
	if err != nil {
		return storage.Job{}, fmt.Errorf("encode request: %w", err)
	}
	if err := errors.Join(durable.In(u.folder).Sync(), durable.In(e.folder).Sync()); err != nil {
		return storage.Job{}, err
	}
	return e.add(ctx, event, e.imports, storage.Job{ID: u.id, Kind: imports.Kind, Account: event.Who.Name, Request: text})
}

// ImportJob is a job of kind [imports.Kind]; not-found if there is none.
func (e *Engine) ImportJob(ctx context.Context, id string) (storage.Job, error) {
	job, err := e.store.Job(ctx, id)
	if err == nil && job.Kind != imports.Kind || fault.Missing(err) {
		return storage.Job{}, noImport()
	}
	return job, err
}

func noImport() error {
	return fhir.Errorf(fhir.CodeNotFound, "this import is not known any more; what it read is stored, and importing the same files again does no harm")
}

// stopWait is how long StopImport waits for what is being stored at the moment.
const stopWait = 10 * time.Second

// StopImport ends an import; what it has stored stays. One that has ended already stays as it is. Its event is stored if it
// returns nil. Not-found if there is no such import.
func (e *Engine) StopImport(ctx context.Context, event audit.Event, id string) error {
	was, err := e.store.StopJob(ctx, event, imports.Kind, id, e.store.Now().Add(e.options.Retention))
	switch {
	case fault.Missing(err):
		return noImport()
	case err != nil:
		return err
	case was == storage.Queued:
		e.remove(id)
	case was == storage.Running:
		ctx, cancel := context.WithTimeout(ctx, stopWait)
		defer cancel()
		e.stop(ctx, id)
	}
	return nil
}

// ImportFindings opens the CSV with all findings of an import that has ended, a line each; not-found if there is none.
func (e *Engine) ImportFindings(ctx context.Context, id string) (*File, error) {
	if _, err := e.ImportJob(ctx, id); err != nil {
		return nil, err
	}
	f, err := e.Open(ctx, id, imports.FindingsFile)
	if fault.Missing(err) {
		return nil, noImport()
	}
	return f, err
}

// reads runs a job of kind [imports.Kind]: it imports the files in the job's folder.
func (e *Engine) reads(ctx context.Context, job storage.Job) (conclusion, error) {
	folder, err := e.folder.OpenRoot(job.ID)
	if err != nil {
		return conclusion{}, fmt.Errorf("open the job's folder: %w", err)
	}
	defer folder.Close()
	step, stop := e.metered(ctx, job.ID)
	defer stop()
	end, event, err := imports.Run(ctx, e.store, job, folder, e.options.Log, step)
	if end.State == "" {
		return conclusion{}, err
	}
	return conclusion{end: end, event: event, stored: true}, err
}
