package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"satchel/audit"
	"satchel/fhir"
	"satchel/internal/durable"
	"satchel/storage"
)

// KindImport is the kind of jobs that import files that somebody sent.
const KindImport = "import"

// ImportRequest is an import that was asked for, as the job's row holds it as JSON. The files lie in the job's folder.
type ImportRequest struct {
	Files  []ImportFile `json:"files"`
	By     audit.Kind   `json:"by"`               // what the job's account is, for the audit log
	Strict bool         `json:"strict,omitempty"` // as in [Import]
}

// ImportFile is one file of an [ImportRequest].
type ImportFile struct {
	Name  string `json:"name"` // as it was sent, without folders and signs that cannot be shown
	Path  string `json:"path"` // in the job's folder, parts with a slash
	Bytes int64  `json:"bytes"`
}

// ImportOutcome is what came of an import, as the job's row holds it as JSON. The findings themselves are
// [storage.Store.JobFindings] and, all of them, the job's file.
type ImportOutcome struct {
	Counts   map[string]Counts `json:"counts,omitempty"`   // by type; "": type not known
	Refused  int64             `json:"refused,omitempty"`  // findings about what is not stored
	Remarks  int64             `json:"remarks,omitempty"`  // other findings
	Problems []string          `json:"problems,omitempty"` // why not everything was read, in plain sentences without data
}

// ImportRequestOf is the request of a job of kind [KindImport].
func ImportRequestOf(job storage.Job) (r ImportRequest, err error) {
	if err := json.Unmarshal(job.Request, &r); err != nil {
		return r, fmt.Errorf("read the request of import job %s: %w", job.ID, err)
	}
	return r, nil
}

// ImportOutcomeOf is the outcome of a job of kind [KindImport]; empty until it has ended.
func ImportOutcomeOf(job storage.Job) (o ImportOutcome, err error) {
	if job.Outcome == nil {
		return o, nil
	}
	if err := json.Unmarshal(job.Outcome, &o); err != nil {
		return o, fmt.Errorf("read the outcome of import job %s: %w", job.ID, err)
	}
	return o, nil
}

// StartImport stores a job that imports an upload in the background, for who its event names, with the event, and returns it.
// From here on the files belong to the job, and an import that is cut short by the end of the server runs again at the next
// start. With too many waiting it is throttled, and then, as with any other error, the files are gone. strict is as in
// [Import].
func (e *Engine) StartImport(ctx context.Context, event audit.Event, u *Upload, strict bool) (storage.Job, error) {
	job, err := e.startImport(ctx, event, u, strict)
	if err != nil {
		u.Discard()
		return storage.Job{}, err
	}
	u.folder.Close()
	e.release(u.id)
	return job, nil
}

func (e *Engine) startImport(ctx context.Context, event audit.Event, u *Upload, strict bool) (storage.Job, error) {
	text, err := json.Marshal(ImportRequest{Files: u.files, By: event.Who.Kind, Strict: strict})
	if err != nil {
		return storage.Job{}, fmt.Errorf("encode request: %w", err)
	}
	if err := errors.Join(durable.In(u.folder).Sync(), durable.In(e.folder).Sync()); err != nil {
		return storage.Job{}, err
	}
	return e.add(ctx, event, e.imports, storage.Job{ID: u.id, Kind: KindImport, Account: event.Who.Name, Request: text})
}

// ImportJob is a job of kind [KindImport]; not-found if there is none.
func (e *Engine) ImportJob(ctx context.Context, id string) (storage.Job, error) {
	job, err := e.store.Job(ctx, id)
	if err == nil && job.Kind != KindImport || isMissing(err) {
		return storage.Job{}, noImport()
	}
	return job, err
}

func noImport() error {
	return fhir.Errorf(fhir.CodeNotFound, "this import is not known any more; what it read is stored, and importing the same files again does no harm")
}

// stopWait is how long StopImport waits for what is being stored at the moment.
const stopWait = 10 * time.Second

// StopImport ends an import; what it has stored stays. One that has ended already stays as it is. Its event is stored if it
// returns nil. Not-found if there is no such import.
func (e *Engine) StopImport(ctx context.Context, event audit.Event, id string) error {
	was, err := e.store.StopJob(ctx, event, KindImport, id, e.store.Now().Add(e.options.Retention))
	switch {
	case isMissing(err):
		return noImport()
	case err != nil:
		return err
	case was == storage.Queued:
		e.remove(id)
	case was == storage.Running:
		ctx, cancel := context.WithTimeout(ctx, stopWait)
		defer cancel()
		e.stop(ctx, id)
	}
	return nil
}

// ImportFindings opens the CSV with all findings of an import that has ended, a line each; not-found if there is none.
func (e *Engine) ImportFindings(ctx context.Context, id string) (*File, error) {
	if _, err := e.ImportJob(ctx, id); err != nil {
		return nil, err
	}
	f, err := e.Open(ctx, id, findingsFile)
	if isMissing(err) {
		return nil, noImport()
	}
	return f, err
}

// reads runs a job of kind [KindImport]: it imports the files in the job's folder. Whatever goes wrong with them is a
// conclusion; an error is only that ctx has ended, or that the row makes no sense.
func (e *Engine) reads(ctx context.Context, job storage.Job) (conclusion, error) {
	r, err := ImportRequestOf(job)
	if err != nil {
		return conclusion{}, err
	}
	m := &Import{Store: e.store, Who: audit.Who{Name: job.Account, Kind: r.By}, Job: job.ID, Strict: r.Strict}
	f := &findings{}
	counts, err := e.readFiles(ctx, m, r, f)
	o := ImportOutcome{Counts: counts, Refused: f.refused, Remarks: f.remarks}
	done := conclusion{event: m.ended(counts, err), stored: true}
	done.end = storage.JobEnd{State: storage.Complete, Files: f.files, Findings: f.kept()}
	cut := error(nil)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		done.end.State, cut = storage.Stopped, ctx.Err()
	default:
		done.end.State, done.end.Error = storage.Failed, "not everything could be read"
		o.Problems = r.problems(e.path(job.ID), err)
		e.options.Log.Error("import failed", "job", job.ID, "problems", len(o.Problems)) // their texts name files, and files are named after people
	}
	if done.end.Outcome, err = json.Marshal(o); err != nil {
		return conclusion{}, fmt.Errorf("encode outcome: %w", err)
	}
	return done, cut
}

// readFiles is the import itself, with its progress and findings. A panic is an error of this import alone.
func (e *Engine) readFiles(ctx context.Context, m *Import, r ImportRequest, f *findings) (counts map[string]Counts, err error) {
	defer recovered(e.options.Log, &err)
	folder, err := e.folder.OpenRoot(m.Job)
	if err != nil {
		return nil, fmt.Errorf("open the job's folder: %w", err)
	}
	defer folder.Close()
	if err := f.open(folder); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	var paths []string
	for _, file := range r.Files {
		paths = append(paths, r.path(e.path(m.Job), file))
	}
	m.Finding = func(found Finding) {
		found.File = r.shown(e.path(m.Job), found.File)
		f.add(found)
	}
	step, stop := e.metered(ctx, m.Job)
	defer stop()
	m.Progress = step
	if err := m.begins(ctx, paths); err != nil {
		return nil, err
	}
	return m.run(ctx, paths)
}

// problemsKept bounds what the job's row holds of what went wrong with files.
const problemsKept = 100

// problems says in plain sentences what went wrong: of a file by its name, of everything else as of a job. dir is where the
// job's files lie.
func (r ImportRequest) problems(dir string, err error) (all []string) {
	for _, one := range flattened(err) {
		text := one.Error()
		switch named := r.shown(dir, text); {
		case named != text:
			text = named
		case diskFull(one):
			text = "the server's disk is full; make room, then import the same files again"
		default:
			text = "the import stopped by an internal error; the server's log says where. What was read before is stored; importing the same files again is safe"
		}
		if text = shortened(text); !slices.Contains(all, text) && len(all) < problemsKept {
			all = append(all, text)
		}
	}
	return all
}

// shown puts the name that was sent in the place of a path on the disk, with which a text begins.
func (r ImportRequest) shown(dir, text string) string {
	for _, f := range r.Files {
		if rest, ok := strings.CutPrefix(text, r.path(dir, f)); ok {
			return f.Name + rest
		}
	}
	return text
}

// flattened takes joined errors apart.
func flattened(err error) (all []error) {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			all = append(all, flattened(e)...)
		}
		return all
	}
	return []error{err}
}
