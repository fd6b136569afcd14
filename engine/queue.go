package engine

import (
	"context"

	"satchel/audit"
	"satchel/engine/bulk"
	"satchel/engine/imports"
	"satchel/engine/pack"
	"satchel/storage"
)

// queue is one line of jobs: some kinds of them, how many may wait and run at once, and how its workers are woken.
type queue struct {
	kinds   []string
	limit   int
	workers int
	wake    chan struct{} // a token per job that was added
}

func newQueue(limit, workers int, kinds ...string) *queue {
	return &queue{kinds: kinds, limit: limit, workers: workers, wake: make(chan struct{}, limit)}
}

// ExportKinds are the kinds of jobs that make files for somebody else.
var ExportKinds = []string{bulk.Kind, pack.Kind}

const (
	// maxWorkers bounds the exports and packages that run at once; above it they wait. One job keeps two cores busy.
	maxWorkers = 4
	// importsAtOnce is how many imports may wait and run. They run one after the other, in order of arrival: of two files
	// with the same resource the later one is the newer version.
	importsAtOnce = 5
)

// add stores a job with its event and wakes a worker.
func (e *Engine) add(ctx context.Context, event audit.Event, q *queue, job storage.Job) (storage.Job, error) {
	job, err := e.store.AddJob(ctx, event, job, q.limit, q.kinds...)
	if err != nil {
		return storage.Job{}, err
	}
	select {
	case q.wake <- struct{}{}:
	default: // as many tokens as there can be jobs are waiting already
	}
	return job, nil
}

// conclusion is how a job ended.
type conclusion struct {
	end   storage.JobEnd // without Expires
	event audit.Event    // tells of it
	// stored: the job has changed the store, so that its event is noted even if the job's row is gone, or it is to run again.
	stored bool
}

// completed is the conclusion of a job that did what it was to do.
func completed(files []storage.JobFile, outcome []byte, event audit.Event) conclusion {
	return conclusion{end: storage.JobEnd{State: storage.Complete, Files: files, Outcome: outcome}, event: event}
}

// failed is the conclusion of a job that went wrong before it had one.
func failed(job storage.Job, err error) conclusion {
	event := ended(job, audit.ExportFailed, reason(err))
	if job.Kind == imports.Kind {
		event.Action = audit.Import
	}
	return conclusion{end: storage.JobEnd{State: storage.Failed, Error: reason(err)}, event: event}
}
