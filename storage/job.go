package storage

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"satchel/audit"
	"satchel/fhir"
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
	Kind     string // "bulk", or "ehi" for a package
	State    State
	Account  string
	URL      string // the kick-off URL as the client sent it
	Request  []byte // JSON of engine.Request, or of engine.PackageRequest
	Snapshot Snapshot
	Created  time.Time
	Started  time.Time
	Ended    time.Time
	Expires  time.Time // zero until it ended, unless [Store.KeepJob] set it before
	Done     int64
	Total    int64
	Error    string
	Outcome  []byte    // JSON of engine.PackageOutcome; nil: not ended, or no package
	Files    []JobFile // filled by Job, not by Jobs
}

// JobFile is one file of a finished job.
type JobFile struct {
	Name   string // under which it is handed out, one in a job, such as "Patient.0001.ndjson"
	Path   string // in the job's folder, parts with a slash; "": Name
	List   string // "output", "deleted" or "error": the manifest's array; what a package consists of is on lists of its own
	Type   string // resource type of the lines
	Count  int64  // resources
	Bytes  int64
	SHA256 []byte
	// ContinuesIn is the name of the file in which the last block of this one goes on; "": none. Only files that hold
	// blocks of several types, with Type "", have one.
	ContinuesIn string
}

// AddJob stores a queued job with its event e and takes its snapshot, in one transaction. The event's target becomes the
// job's id if it has none. If limit > 0 and so many jobs are queued or
// running already, it is a fhir.Error throttled. It sets ID (random, if empty), Snapshot, Created and State.
func (s *Store) AddJob(ctx context.Context, e audit.Event, j Job, limit int) (Job, error) {
	err := s.write(ctx, func(tx *Tx) error {
		var busy int
		if err := tx.scan(`SELECT count(*) FROM job WHERE state IN ('queued', 'running')`, nil, &busy); err != nil {
			return err
		}
		if limit > 0 && busy >= limit {
			return fhir.Errorf(fhir.CodeThrottled, "%d jobs are queued or running, the most allowed; try again when one has ended", busy)
		}
		if j.ID == "" {
			j.ID = newID()
		}
		j.State, j.Snapshot, j.Created = Queued, tx.tick(), tx.Time
		e.Target = cmp.Or(e.Target, j.ID)
		err := tx.exec(`INSERT INTO job (id, kind, state, account, url, request, seq, transaction_time, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			j.ID, j.Kind, j.State, j.Account, j.URL, string(j.Request), j.Snapshot.Seq, millis(j.Snapshot.Time), millis(j.Created))
		if err != nil {
			return err
		}
		return tx.tell(e)
	})
	if err != nil {
		return Job{}, fmt.Errorf("add job: %w", err)
	}
	return j, nil
}

// ClaimJob moves the oldest queued job to running and answers it; false if there is none.
func (s *Store) ClaimJob(ctx context.Context) (Job, bool, error) {
	var j Job
	var waiting bool
	err := scan(ctx, s.reads, `SELECT EXISTS (SELECT 1 FROM job WHERE state = 'queued')`, nil, &waiting) // spares an idle server the write lock
	if err == nil && waiting {
		err = s.write(ctx, func(tx *Tx) error {
			j, err = jobOf(func(dest ...any) error {
				return tx.scan(`UPDATE job SET state = 'running', started = ?, done = 0
					WHERE id = (SELECT id FROM job WHERE state = 'queued' ORDER BY transaction_time LIMIT 1) RETURNING `+jobColumns,
					[]any{millis(tx.Time)}, dest...)
			})
			return err
		})
	}
	if errors.Is(err, sql.ErrNoRows) {
		return Job{}, false, nil
	}
	if err != nil {
		return Job{}, false, fmt.Errorf("claim job: %w", err)
	}
	return j, j.ID != "", nil
}

// RequeueJobs moves running jobs back to queued: the first step after a start. It answers how many.
func (s *Store) RequeueJobs(ctx context.Context) (int, error) {
	n, err := s.change(ctx, nil, `UPDATE job SET state = 'queued', started = NULL, done = 0 WHERE state = 'running'`)
	return int(n), err
}

// Progress notes how far a job is.
func (s *Store) Progress(ctx context.Context, id string, done, total int64) error {
	_, err := s.change(ctx, nil, `UPDATE job SET done = ?, total = ? WHERE id = ? AND state = 'running'`, done, total, id)
	return err
}

// FinishJob makes the job complete, with its files, outcome (JSON; nil: none), expiry and event, in one transaction. An
// expiry that [Store.KeepJob] set stays if it is later. False: the job is no longer there, and the event is not stored.
func (s *Store) FinishJob(ctx context.Context, e audit.Event, id string, files []JobFile, outcome []byte, expires time.Time) (bool, error) {
	var n int64
	err := s.write(ctx, func(tx *Tx) (err error) {
		n, err = tx.change(`UPDATE job SET state = 'complete', ended = ?, expires = max(coalesce(expires, 0), ?), done = max(done, total), error = '',
			outcome = ? WHERE id = ?`, millis(tx.Time), millis(expires), string(outcome), id)
		if err != nil || n == 0 {
			return err
		}
		if err := tx.exec(`DELETE FROM job_file WHERE job = ?`, id); err != nil {
			return err
		}
		for i, f := range files {
			if err := tx.addJobFile(id, i, f); err != nil {
				return err
			}
		}
		return tx.tell(e)
	})
	if err != nil {
		return false, fmt.Errorf("finish job: %w", err)
	}
	return n > 0, nil
}

func (tx *Tx) addJobFile(id string, ord int, f JobFile) error {
	return tx.exec(`INSERT INTO job_file (job, ord, name, path, list, type, count, bytes, sha256, continues_in) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		id, ord, f.Name, f.Path, f.List, f.Type, f.Count, f.Bytes, f.SHA256, f.ContinuesIn)
}

// AddJobFiles adds files to a complete job, with the event, in one transaction, each in the place of one that has its name.
// It returns those that were replaced. False: there is no such job, or it is not complete, and the event is not stored.
func (s *Store) AddJobFiles(ctx context.Context, e audit.Event, id string, files []JobFile) (replaced []JobFile, found bool, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		replaced, found = nil, false
		var next int
		if err := tx.scan(`SELECT EXISTS (SELECT 1 FROM job WHERE id = ? AND state = 'complete'),
			coalesce((SELECT max(ord) + 1 FROM job_file WHERE job = ?), 0)`, []any{id, id}, &found, &next); err != nil || !found {
			return err
		}
		for i, f := range files {
			var old JobFile
			err := tx.scan(`DELETE FROM job_file WHERE job = ? AND name = ? RETURNING name, path`, []any{id, f.Name}, &old.Name, &old.Path)
			if err == nil {
				replaced = append(replaced, old)
			} else if !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			if err := tx.addJobFile(id, next+i, f); err != nil {
				return err
			}
		}
		return tx.tell(e)
	})
	if err != nil {
		return nil, false, fmt.Errorf("add files of job: %w", err)
	}
	return replaced, found, nil
}

// KeepJob keeps a job with its files until then at least; an expiry that is later stays. False: there is no such job.
func (s *Store) KeepJob(ctx context.Context, id string, until time.Time) (bool, error) {
	n, err := s.change(ctx, nil, `UPDATE job SET expires = max(coalesce(expires, 0), ?) WHERE id = ?`, millis(until), id)
	return n > 0, err
}

// FailJob makes the job failed with a reason in plain words, and stores the event in the same transaction. False: the job is
// no longer there, and the event is not stored.
func (s *Store) FailJob(ctx context.Context, e audit.Event, id, reason string, expires time.Time) (bool, error) {
	n, err := s.change(ctx, []audit.Event{e}, `UPDATE job SET state = 'failed', ended = ?, expires = ?, error = ? WHERE id = ?`,
		millis(s.Now()), millis(expires), reason, id)
	return n > 0, err
}

// DeleteJob removes the row with its files' rows, and stores the event in the same transaction. False: there was none, and
// the event is not stored.
func (s *Store) DeleteJob(ctx context.Context, e audit.Event, id string) (bool, error) {
	n, err := s.change(ctx, []audit.Event{e}, `DELETE FROM job WHERE id = ?`, id)
	return n > 0, err
}

// change runs one statement on the jobs in a transaction of its own, with its events if it changes a row, and returns the
// number of rows changed.
func (s *Store) change(ctx context.Context, events []audit.Event, q string, args ...any) (n int64, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		if n, err = tx.change(q, args...); err != nil || n == 0 {
			return err
		}
		return tx.tell(events...)
	})
	if err != nil {
		err = fmt.Errorf("change job: %w", err)
	}
	return n, err
}
