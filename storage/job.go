package storage

import (
	"context"
	"time"
)

// State is where a job is in its life.
type State string

// The states of a job. A cancelled or expired job has no row.
const (
	Queued   State = "queued"
	Running  State = "running"
	Complete State = "complete"
	Failed   State = "failed"
)

// Job is one background piece of work.
type Job struct {
	ID       string
	Kind     string // "bulk"
	State    State
	Account  string
	URL      string // the kick-off URL as the client sent it
	Request  []byte // JSON of engine.Request
	Snapshot Snapshot
	Created  time.Time
	Started  time.Time
	Ended    time.Time
	Expires  time.Time // zero until it ended
	Done     int64
	Total    int64
	Error    string
	Files    []JobFile // filled by Job, not by Jobs
}

// JobFile is one file of a finished job.
type JobFile struct {
	Name   string // in the job's folder, such as "Patient.0001.ndjson"
	List   string // "output", "deleted" or "error": the manifest's array
	Type   string // resource type of the lines
	Count  int64  // resources
	Bytes  int64
	SHA256 []byte
}

// AddJob stores a queued job and takes its snapshot, in one transaction. If limit > 0 and so many jobs are queued or
// running already, it is a fhir.Error throttled. It sets ID (random, if empty), Snapshot, Created and State.
func (s *Store) AddJob(ctx context.Context, j Job, limit int) (Job, error) { panic("todo") }

// ClaimJob moves the oldest queued job to running and answers it; false if there is none.
func (s *Store) ClaimJob(ctx context.Context) (Job, bool, error) { panic("todo") }

// RequeueJobs moves running jobs back to queued: the first step after a start. It answers how many.
func (s *Store) RequeueJobs(ctx context.Context) (int, error) { panic("todo") }

// Progress notes how far a job is.
func (s *Store) Progress(ctx context.Context, id string, done, total int64) error { panic("todo") }

// FinishJob makes the job complete, with its files and expiry, in one transaction. False: the job is no longer there.
func (s *Store) FinishJob(ctx context.Context, id string, files []JobFile, expires time.Time) (bool, error) {
	panic("todo")
}

// FailJob makes the job failed with a reason in plain words. False: the job is no longer there.
func (s *Store) FailJob(ctx context.Context, id, reason string, expires time.Time) (bool, error) {
	panic("todo")
}

// Job is one job with its files; not-found otherwise.
func (s *Store) Job(ctx context.Context, id string) (Job, error) { panic("todo") }

// Jobs lists all jobs, newest first, without their files.
func (s *Store) Jobs(ctx context.Context) ([]Job, error) { panic("todo") }

// ExpiredJobs lists the ids of ended jobs whose expiry is not after now.
func (s *Store) ExpiredJobs(ctx context.Context, now time.Time) ([]string, error) { panic("todo") }

// DeleteJob removes the row with its files' rows. False: there was none.
func (s *Store) DeleteJob(ctx context.Context, id string) (bool, error) { panic("todo") }
