// Package engine does the background work: it turns export requests into jobs, runs them into size-capped NDJSON files,
// keeps and expires the files, and reads files of resources into the store.
//
// Nouns:
//
//   - A [bulk.Request] is an export that was asked for, parsed so that it cannot be wrong.
//   - A [handover.Order] is a package that was asked for: one patient's record, or everything.
//   - A job is one run of a request: a row of storage, the only truth about it.
//   - A file is one file of a job: NDJSON, or a package. It has its final name only when it is complete and on the disk.
//   - An [imports.Import] is one reading of files, folders, archives or bundles into the store.
//   - An [Upload] is a set of files that somebody sends to be imported; it becomes a job.
//
// URLs, headers and media types are web's; who may do what is auth's.
package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"satchel/audit"
	"satchel/engine/bulk"
	"satchel/engine/imports"
	"satchel/fhir"
	"satchel/storage"
)

// The defaults of [Options].
const (
	DefaultMaxJobs   = 4
	DefaultFileCount = bulk.DefaultFileCount
	DefaultFileSize  = bulk.DefaultFileSize
	DefaultRetention = 168 * time.Hour
)

// Options tune an [Engine]. What is 0 has its default.
type Options struct {
	MaxJobs   int            // jobs queued and running at once; more are refused
	FileCount int64          // resources per file
	FileSize  int64          // bytes per file, uncompressed; a file exceeds it only if one resource does
	Retention time.Duration  // how long the files of an ended job stay
	Log       *slog.Logger   // nil: discarded
	Packages  PackageOptions // what packages say about the practice and the program

	// FreeDisk says how many bytes are free for files, and below how many no export begins; nil: always enough.
	FreeDisk func() (free, floor int64)
	// Ended is told of every job that ran to its end; nil: nobody is.
	Ended func(state storage.State, took time.Duration, files []storage.JobFile)
}

// withDefaults fills in what was left zero.
func (o Options) withDefaults() Options {
	if o.MaxJobs <= 0 {
		o.MaxJobs = DefaultMaxJobs
	}
	if o.FileCount <= 0 {
		o.FileCount = DefaultFileCount
	}
	if o.FileSize <= 0 {
		o.FileSize = DefaultFileSize
	}
	if o.Retention <= 0 {
		o.Retention = DefaultRetention
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Engine runs jobs. The job's row is the truth; memory holds only who uses which folder right now.
type Engine struct {
	store   *storage.Store
	folder  *os.Root // one sub-folder per job, named by its id
	options Options
	Bulk    *bulk.Exporter // writes Bulk Data exports, also without a job

	exports *queue // of exports and packages
	imports *queue

	protecting chan struct{} // a token for who makes a protected copy

	mu      sync.Mutex
	running map[string]*running // by job id
	holds   map[string]int      // by job id: its worker, its open files, and an upload that it is made of
	doomed  map[string]bool     // folders to remove when the last hold is gone
}

// running is a job that a worker has.
type running struct {
	stop  context.CancelFunc
	ended chan struct{} // closed when the worker is done with it
}

// New makes an engine on a store and a folder that holds one sub-folder per job.
func New(s *storage.Store, folder *os.Root, o Options) *Engine {
	o = o.withDefaults()
	return &Engine{
		store: s, folder: folder, options: o,
		Bulk:       bulk.New(s, bulk.Options{FileCount: o.FileCount, FileSize: o.FileSize, Log: o.Log}),
		exports:    newQueue(o.MaxJobs, min(o.MaxJobs, maxWorkers), ExportKinds...),
		imports:    newQueue(importsAtOnce, 1, imports.Kind),
		protecting: make(chan struct{}, 1),
		running:    map[string]*running{},
		holds:      map[string]int{},
		doomed:     map[string]bool{},
	}
}

// Run requeues what a crash left running, removes folders without a job, works on jobs and expires files until ctx ends.
// It returns when all workers have stopped; unfinished jobs stay in the store and run again at the next start.
func (e *Engine) Run(ctx context.Context) error {
	if err := e.tidy(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	var workers sync.WaitGroup
	for _, q := range []*queue{e.exports, e.imports} {
		for range q.workers {
			workers.Go(func() { e.work(ctx, q) })
		}
	}
	workers.Go(func() { e.expire(ctx) })
	workers.Wait()
	return nil
}

// tidy puts right what a crash may have left: jobs that nobody runs, and folders without a job.
func (e *Engine) tidy(ctx context.Context) error {
	if _, err := e.store.RequeueJobs(ctx); err != nil {
		return fmt.Errorf("requeue jobs: %w", err)
	}
	if err := e.sweep(ctx); err != nil {
		return fmt.Errorf("sweep the export folder: %w", err)
	}
	if err := e.tidyFolders(ctx); err != nil {
		return fmt.Errorf("tidy the folders of jobs: %w", err)
	}
	return nil
}

// roomy refuses, as no-store, while the disk has too little room to begin an export.
func (e *Engine) roomy() error {
	if e.options.FreeDisk == nil {
		return nil
	}
	if free, floor := e.options.FreeDisk(); free < floor {
		return fhir.Errorf(fhir.CodeNoStore, "the server's disk has %d MB left and exports begin only with %d MB; make room, or delete exports that are no longer needed", free/1e6, floor/1e6)
	}
	return nil
}

// Start stores a job with its event e and returns it within milliseconds, whatever its size. Errors: throttled above MaxJobs; no-store
// with too little room on the disk; not-found if
// the request's group or a patient does not exist. url is the kick-off URL as the client sent it.
func (e *Engine) Start(ctx context.Context, event audit.Event, account, url string, r bulk.Request) (storage.Job, error) {
	if err := e.roomy(); err != nil {
		return storage.Job{}, err
	}
	if err := e.Bulk.Check(ctx, r); err != nil {
		return storage.Job{}, err
	}
	text, err := json.Marshal(r)
	if err != nil {
		return storage.Job{}, fmt.Errorf("encode request: %w", err)
	}
	return e.add(ctx, event, e.exports, storage.Job{Kind: bulk.Kind, Account: account, URL: url, Request: text})
}

// Cancel stops an export or a package if it runs, and removes its row and its files; from its return on, the job does not
// exist. Its event is stored if it returns nil.
// A file that is being downloaded stays until its reader closes it. Not-found if there is no such job.
func (e *Engine) Cancel(ctx context.Context, event audit.Event, id string) error {
	found, err := e.store.DeleteJob(ctx, event, id, e.exports.kinds...)
	if err != nil {
		return fmt.Errorf("cancel job: %w", err)
	}
	if !found {
		return noJob(id)
	}
	e.drop(id)
	return nil
}

// drop stops a job whose row is gone, and removes its files.
func (e *Engine) drop(id string) {
	e.mu.Lock()
	if r := e.running[id]; r != nil {
		r.stop()
	}
	e.mu.Unlock()
	e.remove(id)
}

// stop stops a job if it runs, and waits until its worker is done with it or ctx has ended.
func (e *Engine) stop(ctx context.Context, id string) {
	e.mu.Lock()
	r := e.running[id]
	e.mu.Unlock()
	if r == nil {
		return // its worker has yet to look at the row, or is done with it
	}
	r.stop()
	select {
	case <-r.ended:
	case <-ctx.Done():
	}
}

// CancelFor removes an account or client by calling remove, which takes its jobs' rows along, and then stops what runs of
// them and removes their files now and not later.
func (e *Engine) CancelFor(ctx context.Context, account string, remove func() error) error {
	jobs, err := e.store.Jobs(ctx)
	if err != nil {
		return fmt.Errorf("cancel jobs: %w", err)
	}
	if err := remove(); err != nil {
		return err
	}
	for _, j := range jobs {
		if strings.EqualFold(j.Account, account) {
			e.drop(j.ID)
		}
	}
	return nil
}
