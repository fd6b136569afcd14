package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"satchel/fhir"
)

const jobColumns = `id, kind, state, account, url, request, seq, transaction_time, created,
	coalesce(started, 0), coalesce(ended, 0), coalesce(expires, 0), done, total, error, runs, outcome`

// jobOf reads the jobColumns.
func jobOf(scan row) (Job, error) {
	var j Job
	var request, outcome string
	var at, created, started, ended, expires int64
	err := scan(&j.ID, &j.Kind, &j.State, &j.Account, &j.URL, &request, &j.Snapshot.Seq, &at, &created,
		&started, &ended, &expires, &j.Done, &j.Total, &j.Error, &j.Runs, &outcome)
	j.Request, j.Snapshot.Time, j.Created = []byte(request), instant(at), instant(created)
	if outcome != "" {
		j.Outcome = []byte(outcome)
	}
	j.Started, j.Ended, j.Expires = instant(started), instant(ended), instant(expires)
	return j, err
}

// Job is one job with its files; not-found otherwise.
func (s *Store) Job(ctx context.Context, id string) (Job, error) {
	j, err := jobOf(func(dest ...any) error {
		return scan(ctx, s.reads, `SELECT `+jobColumns+` FROM job WHERE id = ?`, []any{id}, dest...)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return j, noJob(id)
	}
	if err == nil {
		j.Files, err = s.jobFiles(ctx, id)
	}
	if err != nil {
		err = fmt.Errorf("read job: %w", err)
	}
	return j, err
}

func noJob(id string) error {
	return fhir.Errorf(fhir.CodeNotFound, "there is no job %q; it may have been cancelled or its time is over", id)
}

func (s *Store) jobFiles(ctx context.Context, id string) ([]JobFile, error) {
	rows, err := query(ctx, s.reads, `SELECT name, path, list, type, count, bytes, sha256, continues_in FROM job_file WHERE job = ? ORDER BY ord`, id)
	return collect(rows, err, func(scan row) (f JobFile, err error) {
		err = scan(&f.Name, &f.Path, &f.List, &f.Type, &f.Count, &f.Bytes, &f.SHA256, &f.ContinuesIn)
		return f, err
	})
}

// JobFindings are the findings that are kept of a job, in the order in which they were made.
func (s *Store) JobFindings(ctx context.Context, id string) ([]JobFinding, error) {
	rows, err := query(ctx, s.reads, `SELECT file, line, entry, refused, reason FROM job_finding WHERE job = ? ORDER BY ord`, id)
	all, err := collect(rows, err, func(scan row) (f JobFinding, err error) {
		err = scan(&f.File, &f.Line, &f.Entry, &f.Refused, &f.Reason)
		return f, err
	})
	return all, wrap("read findings of job", err)
}

// Jobs lists the jobs of the kinds (none: of any), newest first, without their files.
func (s *Store) Jobs(ctx context.Context, kinds ...string) ([]Job, error) {
	of, args := ofKinds(kinds)
	rows, err := query(ctx, s.reads, `SELECT `+jobColumns+` FROM job WHERE `+of+` ORDER BY transaction_time DESC`, args...)
	jobs, err := collect(rows, err, jobOf)
	return jobs, wrap("list jobs", err)
}

// ExpiredJobs lists the ids of ended jobs whose expiry is not after now.
func (s *Store) ExpiredJobs(ctx context.Context, now time.Time) ([]string, error) {
	rows, err := query(ctx, s.reads, `SELECT id FROM job WHERE ended IS NOT NULL AND expires <= ? ORDER BY expires`, millis(now))
	ids, err := collect(rows, err, oneColumn[string])
	return ids, wrap("list expired jobs", err)
}
