package storage

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
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
	Stopped  State = "stopped" // somebody ended it, and what it did until then stays: an import
)

// Over reports whether a job in this state has ended.
func (s State) Over() bool { return s != Queued && s != Running }

// Job is one background piece of work.
type Job struct {
	ID       string
	Kind     string // "bulk", "ehi" for a package, or "import"
	State    State
	Account  string
	URL      string // the kick-off URL as the client sent it
	Request  []byte // JSON of bulk.Request, handover.Order or imports.Request
	Snapshot Snapshot
	Created  time.Time
	Started  time.Time
	Ended    time.Time
	Expires  time.Time // zero until it ended, unless [Store.KeepJob] set it before
	Done     int64
	Total    int64
	Error    string
	Runs     int       // how often it has begun: more than once if the server ended meanwhile
	Outcome  []byte    // JSON of pack.Outcome or imports.Outcome; nil: not ended, or an export
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

// InFolder is where the file lies in its job's folder, parts with a slash.
func (f JobFile) InFolder() string { return cmp.Or(f.Path, f.Name) }

// JobFinding is what an import says about one place in its files.
type JobFinding struct {
	File    string // as it was sent, with "!" and the member's name inside an archive
	Line    int64  // from 1; the entry's number in a Bundle; 0: the whole file
	Entry   string // "Patient/1" if known
	Refused bool   // the resource is not in the store
	Reason  string // plain words, no health data
}

// JobEnd is how a job ended.
type JobEnd struct {
	State    State // Complete, Failed or Stopped
	Error    string
	Files    []JobFile
	Findings []JobFinding
	Outcome  []byte // JSON; nil: none
	Expires  time.Time
}

// ofKinds is the condition that a job is of one of the kinds; of none: of any.
func ofKinds(kinds []string) (condition string, args []any) {
	if len(kinds) == 0 {
		return "true", nil
	}
	for _, k := range kinds {
		args = append(args, k)
	}
	return "kind IN (?" + strings.Repeat(", ?", len(kinds)-1) + ")", args
}

// AddJob stores a queued job with its event e and takes its snapshot, in one transaction. The event's target becomes the
// job's id if it has none. If limit > 0 and so many jobs of the kinds (none: of any) are queued or running already, it is a
// fhir.Error throttled. It sets ID (random, if empty), Snapshot, Created and State.
func (s *Store) AddJob(ctx context.Context, e audit.Event, j Job, limit int, kinds ...string) (Job, error) {
	of, args := ofKinds(kinds)
	err := s.write(ctx, func(tx *Tx) error {
		var busy int
		if err := tx.scan(`SELECT count(*) FROM job WHERE state IN ('queued', 'running') AND `+of, args, &busy); err != nil {
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
		return tx.record(e)
	})
	if err != nil {
		return Job{}, fmt.Errorf("add job: %w", err)
	}
	return j, nil
}

// ClaimJob moves the oldest queued job of the kinds (none: of any) to running and returns it; false if there is none.
// A job goes to one caller alone, of all processes together.
func (s *Store) ClaimJob(ctx context.Context, kinds ...string) (Job, bool, error) {
	var j Job
	var waiting bool
	of, args := ofKinds(kinds)
	err := scan(ctx, s.reads, `SELECT EXISTS (SELECT 1 FROM job WHERE state = 'queued' AND `+of+`)`, args, &waiting) // spares an idle server the write lock
	if err == nil && waiting {
		err = s.write(ctx, func(tx *Tx) error {
			j, err = jobOf(func(dest ...any) error {
				return tx.scan(`UPDATE job SET state = 'running', started = ?, done = 0, runs = runs + 1
					WHERE id = (SELECT id FROM job WHERE state = 'queued' AND `+of+` ORDER BY transaction_time LIMIT 1) RETURNING `+jobColumns,
					append([]any{millis(tx.Time)}, args...), dest...)
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

// EndJob notes how a job ended, with its files, findings and event, in one transaction. A job that [Store.StopJob] has stopped
// stays so. If it is complete, an expiry that [Store.KeepJob] set stays if it is later. False: the job is no longer there, and
// the event is not stored.
func (s *Store) EndJob(ctx context.Context, e audit.Event, id string, end JobEnd) (bool, error) {
	var n int64
	err := s.write(ctx, func(tx *Tx) (err error) {
		complete := end.State == Complete
		n, err = tx.change(`UPDATE job SET state = CASE state WHEN 'stopped' THEN state ELSE ? END, ended = ?, error = ?, outcome = ?,
			expires = CASE WHEN ? THEN `+greater("coalesce(expires, 0)", "?")+` ELSE ? END, done = CASE WHEN ? THEN `+greater("done", "total")+` ELSE done END WHERE id = ?`,
			end.State, millis(tx.Time), end.Error, string(end.Outcome), complete, millis(end.Expires), millis(end.Expires), complete, id)
		if err != nil || n == 0 {
			return err
		}
		if err := tx.exec(`DELETE FROM job_file WHERE job = ?`, id); err != nil {
			return err
		}
		for i, f := range end.Files {
			if err := tx.addJobFile(id, i, f); err != nil {
				return err
			}
		}
		if err := tx.setFindings(id, end.Findings); err != nil {
			return err
		}
		return tx.record(e)
	})
	if err != nil {
		return false, fmt.Errorf("end job: %w", err)
	}
	return n > 0, nil
}

// setFindings puts the findings of a job in the place of those it may have.
func (tx *Tx) setFindings(id string, findings []JobFinding) error {
	if err := tx.exec(`DELETE FROM job_finding WHERE job = ?`, id); err != nil {
		return err
	}
	for i, f := range findings {
		if err := tx.exec(`INSERT INTO job_finding (job, ord, file, line, entry, refused, reason) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			id, i, f.File, f.Line, f.Entry, f.Refused, f.Reason); err != nil {
			return err
		}
	}
	return nil
}

// FinishJob makes the job complete, with its files, outcome (JSON; nil: none) and expiry; see [Store.EndJob].
func (s *Store) FinishJob(ctx context.Context, e audit.Event, id string, files []JobFile, outcome []byte, expires time.Time) (bool, error) {
	return s.EndJob(ctx, e, id, JobEnd{State: Complete, Files: files, Outcome: outcome, Expires: expires})
}

// FailJob makes the job failed with a reason in plain words; see [Store.EndJob].
func (s *Store) FailJob(ctx context.Context, e audit.Event, id, reason string, expires time.Time) (bool, error) {
	return s.EndJob(ctx, e, id, JobEnd{State: Failed, Error: reason, Expires: expires})
}

// StopJob makes a job stopped if it is queued or running, stores the event in the same transaction, and returns the state that
// the job was in before; not-found if there is no job of the kind. Who works on a running job still notes by [Store.EndJob] what became of it.
func (s *Store) StopJob(ctx context.Context, e audit.Event, kind, id string, expires time.Time) (was State, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		if err := tx.scan(`SELECT state FROM job WHERE id = ? AND kind = ?`, []any{id, kind}, &was); errors.Is(err, sql.ErrNoRows) {
			return noJob(id)
		} else if err != nil {
			return err
		}
		err := tx.exec(`UPDATE job SET state = 'stopped', ended = ?, expires = ? WHERE id = ? AND state IN ('queued', 'running')`,
			millis(tx.Time), millis(expires), id)
		if err != nil {
			return err
		}
		e.Target = cmp.Or(e.Target, id)
		return tx.record(e)
	})
	if err != nil {
		return "", fmt.Errorf("stop job: %w", err)
	}
	return was, nil
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
		return tx.record(e)
	})
	if err != nil {
		return nil, false, fmt.Errorf("add files of job: %w", err)
	}
	return replaced, found, nil
}

// KeepJob keeps a job with its files until then at least; an expiry that is later stays. False: there is no such job.
func (s *Store) KeepJob(ctx context.Context, id string, until time.Time) (bool, error) {
	n, err := s.change(ctx, nil, `UPDATE job SET expires = `+greater("coalesce(expires, 0)", "?")+` WHERE id = ?`, millis(until), id)
	return n > 0, err
}

// DeleteJob removes the row of a job of the kinds (none: of any) with its files' rows, and stores the event in the same
// transaction. False: there was none, and the event is not stored.
func (s *Store) DeleteJob(ctx context.Context, e audit.Event, id string, kinds ...string) (bool, error) {
	of, args := ofKinds(kinds)
	n, err := s.change(ctx, []audit.Event{e}, `DELETE FROM job WHERE id = ? AND `+of, append([]any{id}, args...)...)
	return n > 0, err
}

// change runs one statement on the jobs in a transaction of its own, with its events if it changes a row, and returns the
// number of rows changed.
func (s *Store) change(ctx context.Context, events []audit.Event, q string, args ...any) (n int64, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		if n, err = tx.change(q, args...); err != nil || n == 0 {
			return err
		}
		return tx.record(events...)
	})
	if err != nil {
		err = fmt.Errorf("change job: %w", err)
	}
	return n, err
}
