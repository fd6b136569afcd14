package engine

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"satchel/audit"
	"satchel/engine/imports"
	"satchel/storage"
)

// expiryEvery is how often expired jobs are looked for.
const expiryEvery = time.Minute

// expire removes expired jobs until ctx ends.
func (e *Engine) expire(ctx context.Context) {
	tick := time.NewTicker(expiryEvery)
	defer tick.Stop()
	for {
		e.expireOnce(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// expireOnce removes the jobs that have expired and the folders that could not be removed before. Nothing here is
// worth stopping for: what fails is logged and tried again at the next tick.
func (e *Engine) expireOnce(ctx context.Context) {
	ids, err := e.store.ExpiredJobs(ctx, e.store.Now())
	if err != nil {
		if ctx.Err() == nil {
			e.options.Log.Error("expired jobs not listed", "error", plain(err))
		}
		return
	}
	for _, id := range ids {
		if e.held(id) {
			continue // somebody is downloading: it expires at a later tick
		}
		if err := e.expireJob(ctx, id); err != nil {
			e.options.Log.Error("expired job not removed", "job", id, "error", plain(err))
		}
	}
	if err := e.sweep(ctx); err != nil && ctx.Err() == nil {
		e.options.Log.Error("export folder not swept", "error", plain(err))
	}
}

// expireJob removes one job whose time is over.
func (e *Engine) expireJob(ctx context.Context, id string) error {
	job, err := e.store.Job(ctx, id)
	if err != nil {
		return err
	}
	action, detail := audit.ExportExpire, ""
	if job.Kind == imports.Kind {
		action, detail = audit.Import, "its findings expired"
	}
	if _, err := e.store.DeleteJob(ctx, ended(storage.Job{ID: id}, action, detail), id); err != nil {
		return err
	}
	e.options.Log.Info("job expired", "job", id, "kind", job.Kind)
	e.remove(id)
	return nil
}

// sweep removes sub-folders that belong to no job. The folders are listed before the rows: a row is there before its
// folder, so a folder without a row has lost it. An upload has its folder first, but holds it until its row is there.
// Only folders are touched; other files are not ours.
func (e *Engine) sweep(ctx context.Context) error {
	entries, err := fs.ReadDir(e.folder.FS(), ".")
	if err != nil {
		return fmt.Errorf("read the export folder: %w", err)
	}
	entries = slices.DeleteFunc(entries, func(entry fs.DirEntry) bool { return !entry.IsDir() || e.held(entry.Name()) })
	jobs, err := e.store.Jobs(ctx)
	if err != nil {
		return fmt.Errorf("list jobs: %w", err)
	}
	known := make(map[string]bool, len(jobs))
	for _, j := range jobs {
		known[j.ID] = true
	}
	for _, entry := range entries {
		if !known[entry.Name()] {
			e.remove(entry.Name())
		}
	}
	return nil
}
