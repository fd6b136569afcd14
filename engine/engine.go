// Package engine does the background work: it turns export requests into jobs, runs them into size-capped NDJSON files,
// keeps and expires the files, and reads files of resources into the store.
//
// Nouns:
//
//   - A [Request] is an export that was asked for, parsed so that it cannot be wrong.
//   - A job is one run of a request: a row of storage, the only truth about it.
//   - A file is one NDJSON file of a job. It has its final name only when it is complete and on the disk.
//   - An [Import] is one reading of files, folders, archives or bundles into the store.
//
// URLs, headers and media types are web's; who may do what is auth's.
package engine

import (
	"context"
	"log/slog"
	"os"
	"time"

	"satchel/storage"
)

// Options tune an [Engine].
type Options struct {
	MaxJobs   int           // jobs queued and running at once; more are refused. 0: 4
	FileCount int64         // resources per file; 0: 1000
	FileSize  int64         // bytes per file, uncompressed; 0: 100 MB. A file exceeds it only if one resource does
	Retention time.Duration // how long the files of an ended job stay; 0: 168 h
	Log       *slog.Logger  // nil: discarded
}

// Engine runs jobs.
type Engine struct{}

// New makes an engine on a store and a folder that holds one sub-folder per job.
func New(s *storage.Store, folder *os.Root, o Options) *Engine { panic("todo") }

// Run requeues what a crash left running, removes folders without a job, works on jobs and expires files until ctx ends.
// It returns when all workers have stopped; unfinished jobs stay in the store and run again at the next start.
func (e *Engine) Run(ctx context.Context) error { panic("todo") }

// Start stores a job and answers it within milliseconds, whatever its size. Errors: throttled above MaxJobs; not-found if
// the request's group or a patient does not exist. url is the kick-off URL as the client sent it.
func (e *Engine) Start(ctx context.Context, account, url string, r Request) (storage.Job, error) {
	panic("todo")
}

// Cancel stops a job if it runs, and removes its row and its files; from its return on, the job does not exist.
// A file that is being downloaded stays until its reader closes it. Not-found if there is no such job.
func (e *Engine) Cancel(ctx context.Context, id string) error { panic("todo") }

// File is one open file of a job.
type File struct {
	*os.File
	Job  storage.Job
	Info storage.JobFile
}

// Open opens a file of a complete job. It is served only if the job's row lists the name; not-found otherwise.
// While it is open the job is not expired.
func (e *Engine) Open(ctx context.Context, id, name string) (*File, error) { panic("todo") }

// Manifest is what an export without a server answers.
type Manifest struct {
	Snapshot storage.Snapshot
	Files    []storage.JobFile
}

// Export runs a request at once into a folder, without a job row: the engine of `satchel export`. progress may be nil.
func (e *Engine) Export(ctx context.Context, r Request, folder *os.Root, progress func(done, total int64)) (Manifest, error) {
	panic("todo")
}
