package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"time"

	"satchel/audit"
	"satchel/engine/bulk"
	"satchel/engine/imports"
	"satchel/engine/pack"
	"satchel/fhir"
	"satchel/internal/durable"
	"satchel/internal/fault"
	"satchel/storage"
)

// pollEvery is how long an idle worker waits before it looks for a job that another process may have added.
const pollEvery = 5 * time.Second

// work runs jobs of a queue one after the other until ctx ends.
func (e *Engine) work(ctx context.Context, q *queue) {
	for ctx.Err() == nil {
		job, found, err := e.store.ClaimJob(ctx, q.kinds...)
		if found && err == nil {
			e.run(ctx, job)
			continue
		}
		if err != nil && ctx.Err() == nil {
			e.options.Log.Error("no job claimed, will be tried again", "error", plain(err))
		}
		select {
		case <-ctx.Done():
		case <-q.wake:
		case <-time.After(pollEvery):
		}
	}
}

// run runs one claimed job to its end and notes how it ended. A job that the end of ctx interrupts stays running in
// the store, and so runs again at the next start.
func (e *Engine) run(ctx context.Context, job storage.Job) {
	jobCtx, stop := context.WithCancel(ctx)
	defer stop()
	defer e.register(job.ID, stop)()
	e.hold(job.ID)
	defer e.release(job.ID)
	now, err := e.store.Job(ctx, job.ID)
	switch {
	case fault.Missing(err):
		return // cancelled between claim and registration; Cancel has seen to the folder
	case err == nil && now.State.Over(): // likewise stopped
		e.remove(job.ID)
		return
	}
	began := time.Now()
	done, err := e.attempt(jobCtx, job)
	if ctx.Err() != nil && err != nil {
		if done.stored {
			e.note(ctx, job, done)
		}
		return
	}
	if err != nil && !done.stored {
		done = failed(job, err)
	}
	e.conclude(context.WithoutCancel(ctx), job, done)
	if job.Kind != imports.Kind {
		e.ended(began, done.end.Files, err)
	}
	e.options.Log.Info("job ended", "job", job.ID, "kind", job.Kind, "files", len(done.end.Files), "took", time.Since(began), "error", plain(err))
}

// ended says to Options.Ended how a job ended.
func (e *Engine) ended(began time.Time, files []storage.JobFile, err error) {
	switch took := time.Since(began); {
	case e.options.Ended == nil:
	case err == nil:
		e.options.Ended(storage.Complete, took, files)
	case !errors.Is(err, context.Canceled): // else the job was deleted
		e.options.Ended(storage.Failed, took, nil)
	}
}

// register notes how to stop a running job, until forget is called.
func (e *Engine) register(id string, stop context.CancelFunc) (forget func()) {
	r := &running{stop: stop, ended: make(chan struct{})}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.running[id] = r
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.running, id)
		close(r.ended)
	}
}

// attempt does a job. A panic is an error of this job alone.
func (e *Engine) attempt(ctx context.Context, job storage.Job) (done conclusion, err error) {
	defer fault.Recover(e.options.Log, &err)
	switch job.Kind {
	case bulk.Kind:
		done, err = e.writes(ctx, job)
	case pack.Kind:
		done, err = e.packs(ctx, job)
	case imports.Kind:
		done, err = e.reads(ctx, job)
	default:
		err = fmt.Errorf("a job of the unknown kind %q", job.Kind)
	}
	if err != nil {
		return done, err
	}
	return done, durable.In(e.folder).Sync()
}

// writes runs a job of kind [bulk.Kind]: it writes the files of a Bulk Data export.
func (e *Engine) writes(ctx context.Context, job storage.Job) (conclusion, error) {
	r, err := bulk.RequestOf(job)
	if err != nil {
		return conclusion{}, err
	}
	folder, err := e.emptyFolder(job.ID)
	if err != nil {
		return conclusion{}, err
	}
	defer folder.Close()
	made, err := e.Bulk.Write(ctx, r, job.Snapshot, folder, func(done, total int64) { e.progress(ctx, job.ID, done, total) })
	if err != nil {
		return conclusion{}, err
	}
	return completed(made.Files, nil, workedFor(job, audit.Event{Action: audit.ExportComplete, Patients: made.Others, Detail: FilesText(made.Files)})), nil
}

// progress notes how far a job is.
func (e *Engine) progress(ctx context.Context, id string, done, total int64) {
	if err := e.store.Progress(ctx, id, done, total); err != nil && ctx.Err() == nil {
		e.options.Log.Warn("progress not noted", "job", id, "error", plain(err))
	}
}

// conclude writes the end of a job into its row, and removes what the row does not name. A row that is gone was cancelled.
func (e *Engine) conclude(ctx context.Context, job storage.Job, done conclusion) {
	there, err := e.end(ctx, job, done)
	if err != nil && !done.stored && done.end.State == storage.Complete {
		done = failed(job, err) // rather than a job without an end
		_, err = e.end(ctx, job, done)
	}
	switch {
	case err != nil:
		e.options.Log.Error("end of job not noted; it runs again at the next start", "job", job.ID, "error", plain(err))
		if !done.stored {
			e.remove(job.ID)
		}
	case !there && done.stored:
		e.note(ctx, job, done)
		e.remove(job.ID)
	case done.stored:
		if err := e.tidyFolder(ctx, job.ID); err != nil && !fault.Missing(err) {
			e.options.Log.Warn("files of an import not removed, will be tried at the next start", "job", job.ID, "error", plain(err))
		}
	case !there || done.end.State != storage.Complete:
		e.remove(job.ID)
	}
}

// end notes the end of a job with its event in one transaction.
func (e *Engine) end(ctx context.Context, job storage.Job, done conclusion) (there bool, err error) {
	done.end.Expires = e.store.Now().Add(e.options.Retention)
	return e.store.EndJob(ctx, done.event, job.ID, done.end)
}

// note writes the event of a job that changed the store and does not end in its row.
func (e *Engine) note(ctx context.Context, job storage.Job, done conclusion) {
	if err := imports.Note(ctx, e.store, done.event); err != nil {
		e.options.Log.Error("end of import not noted", "job", job.ID, "error", plain(err))
	}
}

// reason says in plain words, without data, why a job failed, and what to do next.
func reason(err error) string {
	var known *fhir.Error
	switch {
	case errors.As(err, &known):
		return known.Diagnostics
	case fault.DiskFull(err):
		return "the disk is full; free some space and start the export again"
	case errors.Is(err, fs.ErrNotExist):
		return "the export folder is missing; restore it and start the export again"
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return "the export folder cannot be written; check its permissions and start the export again"
	case errors.Is(err, syscall.EIO):
		return "the disk reported an error; check the disk and start the export again"
	}
	return "the export stopped by an internal error; the server's log says where"
}

// plain is the text of an error for the log, "" for none.
func plain(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
