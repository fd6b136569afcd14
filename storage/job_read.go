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
func jobOf(scan func(dest ...any) error) (Job, error) {
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
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var files []JobFile
	for rows.Next() {
		var f JobFile
		if err := rows.Scan(&f.Name, &f.Path, &f.List, &f.Type, &f.Count, &f.Bytes, &f.SHA256, &f.ContinuesIn); err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, rows.Err()
}

// JobFindings are the findings that are kept of a job, in the order in which they were made.
func (s *Store) JobFindings(ctx context.Context, id string) ([]JobFinding, error) {
	rows, err := query(ctx, s.reads, `SELECT file, line, entry, refused, reason FROM job_finding WHERE job = ? ORDER BY ord`, id)
	if err != nil {
		return nil, fmt.Errorf("read findings of job: %w", err)
	}
	defer rows.Close()
	var all []JobFinding
	for rows.Next() {
		var f JobFinding
		if err := rows.Scan(&f.File, &f.Line, &f.Entry, &f.Refused, &f.Reason); err != nil {
			return nil, fmt.Errorf("read findings of job: %w", err)
		}
		all = append(all, f)
	}
	return all, rows.Err()
}

// Jobs lists the jobs of the kinds (none: of any), newest first, without their files.
func (s *Store) Jobs(ctx context.Context, kinds ...string) ([]Job, error) {
	of, args := ofKinds(kinds)
	rows, err := query(ctx, s.reads, `SELECT `+jobColumns+` FROM job WHERE `+of+` ORDER BY transaction_time DESC`, args...)
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	defer rows.Close()
	var jobs []Job
	for rows.Next() {
		j, err := jobOf(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("list jobs: %w", err)
		}
		jobs = append(jobs, j)
	}
	return jobs, rows.Err()
}

// ExpiredJobs lists the ids of ended jobs whose expiry is not after now.
func (s *Store) ExpiredJobs(ctx context.Context, now time.Time) ([]string, error) {
	rows, err := query(ctx, s.reads, `SELECT id FROM job WHERE ended IS NOT NULL AND expires <= ? ORDER BY expires`, millis(now))
	if err != nil {
		return nil, fmt.Errorf("list expired jobs: %w", err)
	}
	defer rows.Close()
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}
