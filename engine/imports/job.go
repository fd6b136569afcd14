package imports

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"satchel/audit"
	"satchel/internal/fault"
	"satchel/storage"
)

// Kind is the kind of jobs that import files that somebody sent.
const Kind = "import"

// Request is an import that was asked for, as the job's row holds it as JSON. The files lie in the job's folder.
type Request struct {
	Files []File     `json:"files"`
	By    audit.Kind `json:"by"` // what the job's account is, for the audit log
	Choices
}

// File is one file of an [Request].
type File struct {
	Name  string `json:"name"` // as it was sent, without folders and signs that cannot be shown
	Path  string `json:"path"` // in the job's folder, parts with a slash
	Bytes int64  `json:"bytes"`
}

// Outcome is what came of an import, as the job's row holds it as JSON. The findings themselves are
// [storage.Store.JobFindings] and, all of them, the job's file.
type Outcome struct {
	Counts  map[string]Counts `json:"counts,omitempty"`  // by type; "": type not known
	Refused int64             `json:"refused,omitempty"` // findings about what is not stored
	Remarks int64             `json:"remarks,omitempty"` // other findings
	// Unassigned is what of this says of nobody whose it is, as it stood when the import ended; nil: nothing.
	Unassigned *Unassigned `json:"unassigned,omitempty"`
	Held       []Held      `json:"held,omitempty"`     // the first of those who are held back
	Problems   []string    `json:"problems,omitempty"` // why not everything was read, in plain sentences without data
}

// heldKept bounds how many of those who are held back the job's row names.
const heldKept = 50

func (o *Outcome) hold(h Held) {
	if len(o.Held) < heldKept {
		o.Held = append(o.Held, h)
	}
}

// RequestOf is the request of a job of kind [Kind].
func RequestOf(job storage.Job) (r Request, err error) {
	if err := json.Unmarshal(job.Request, &r); err != nil {
		return r, fmt.Errorf("read the request of import job %s: %w", job.ID, err)
	}
	return r, nil
}

// OutcomeOf is the outcome of a job of kind [Kind]; empty until it has ended.
func OutcomeOf(job storage.Job) (o Outcome, err error) {
	if job.Outcome == nil {
		return o, nil
	}
	if err := json.Unmarshal(job.Outcome, &o); err != nil {
		return o, fmt.Errorf("read the outcome of import job %s: %w", job.ID, err)
	}
	return o, nil
}

// Run runs a job of the kind [Kind]: it imports the files in the job's folder, telling step how far it is, and returns how the
// job ends, with the event that is about it. What goes wrong with the files is in there; an error is only that ctx has ended,
// in which case what was stored until then is in there too, or that the row makes no sense.
func Run(ctx context.Context, s *storage.Store, job storage.Job, folder *os.Root, log *slog.Logger, step func(done, total int64)) (storage.JobEnd, audit.Event, error) {
	r, err := RequestOf(job)
	if err != nil {
		return storage.JobEnd{}, audit.Event{}, err
	}
	f := &findings{}
	var o Outcome
	m := &Import{Store: s, Who: audit.Who{Name: job.Account, Kind: r.By}, Job: job.ID, Choices: r.Choices, Progress: step, Log: log,
		Since: job.Snapshot, Unassigned: func(u Unassigned) { o.Unassigned = &u },
		Held: func(h Held) { h.File = r.shown(folder.Name(), h.File); o.hold(h) }}
	counts, err := r.read(ctx, m, folder, f)
	o.Counts, o.Refused, o.Remarks = counts, f.refused, f.remarks
	end, event := storage.JobEnd{State: storage.Complete, Files: f.files, Findings: f.kept()}, m.ended(counts, err)
	cut := error(nil)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		end.State, cut = storage.Stopped, ctx.Err()
	default:
		end.State, end.Error = storage.Failed, "not everything could be read"
		o.Problems = r.problems(folder.Name(), err)
		log.Error("import failed", "job", job.ID, "problems", len(o.Problems)) // their texts name files, and files are named after people
	}
	if end.Outcome, err = json.Marshal(o); err != nil {
		return storage.JobEnd{}, audit.Event{}, fmt.Errorf("encode outcome: %w", err)
	}
	return end, event, cut
}

// read is the import itself, with its findings. A panic is an error of this import alone.
func (r Request) read(ctx context.Context, m *Import, folder *os.Root, f *findings) (counts map[string]Counts, err error) {
	defer fault.Recover(m.Log, &err)
	if err := f.open(folder); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	var paths []string
	for _, file := range r.Files {
		paths = append(paths, r.path(folder.Name(), file))
	}
	m.Finding = func(found Finding) {
		found.File = r.shown(folder.Name(), found.File)
		f.add(found)
	}
	if err := m.begins(ctx, paths); err != nil {
		return nil, err
	}
	return m.run(ctx, paths)
}

// path is where a file lies on the disk; dir is the job's folder.
func (r Request) path(dir string, f File) string {
	return filepath.Join(dir, filepath.FromSlash(f.Path))
}

// problemsKept bounds what the job's row holds of what went wrong with files.
const problemsKept = 100

// problems says in plain sentences what went wrong: of a file by its name, of everything else as of a job. dir is where the
// job's files lie.
func (r Request) problems(dir string, err error) (all []string) {
	for _, one := range flattened(err) {
		text := one.Error()
		switch named := r.shown(dir, text); {
		case named != text:
			text = named
		case fault.DiskFull(one):
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
func (r Request) shown(dir, text string) string {
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
