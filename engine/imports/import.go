// Package imports reads files of resources into the store: NDJSON, Bundles, single resources, archives and folders of these; and
// whole packages into an empty store.
//
//   - An [Import] is one reading.
//   - A [Request] is one that was asked for by sending files: a job.
package imports

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"

	"satchel/audit"
	"satchel/fhir"
	"satchel/internal/fault"
	"satchel/storage"
)

// Import reads resources into a store.
type Import struct {
	Choices
	Store    *storage.Store
	Who      audit.Who               // for the audit log; zero: the server by itself
	Job      string                  // the job that it is, for the audit log; "": none
	Progress func(read, total int64) // bytes, of the files as they lie on the disk; may be nil
	Log      *slog.Logger            // for panics; nil: the default
	Finding  func(Finding)           // called for each refused line and each reported finding; may be nil

	Held func(Held) // called before anything is stored, for each person who is held back; may be nil

	// Unassigned is called at the end with what was written after Since and belongs to nobody, if there is any: it may be nil.
	Unassigned func(Unassigned)
	Since      storage.Snapshot // before the import began; zero: now
}

// Unassigned is what belongs to nobody although it ought to be somebody's ([storage.Store.Unassigned]).
type Unassigned struct {
	N     int64    `json:"n"`
	First []string `json:"first"` // the first of them by type and order of arrival, "Type/id"
}

// mostUnassigned is how many of them are named.
const mostUnassigned = 10

// Finding is one thing an import has to say about one place.
type Finding struct {
	File    string // path, with "!" and the member's name inside an archive
	Line    int64  // of NDJSON, from 1; the entry's number in a Bundle; 0: the whole file
	Key     string // "Patient/1" if known
	Refused bool   // the resource is not in the store
	Issue   fhir.Issue
}

// Counts is what an import did to one type: each resource and each deletion that the files offer is counted once.
type Counts struct {
	Created, Updated, Unchanged int64
	Deleted, Older              int64 `json:",omitempty"` // deletions carried out or found done; what is older than what is here, and not stored
	Refused                     int64
}

// Add adds other counts.
func (c *Counts) Add(n Counts) {
	c.Created, c.Updated, c.Unchanged = c.Created+n.Created, c.Updated+n.Updated, c.Unchanged+n.Unchanged
	c.Deleted, c.Older, c.Refused = c.Deleted+n.Deleted, c.Older+n.Older, c.Refused+n.Refused
}

// Sum is how many resources and deletions were counted.
func (c Counts) Sum() int64 {
	return c.Created + c.Updated + c.Unchanged + c.Deleted + c.Older + c.Refused
}

// Run reads paths in order: .ndjson, .ndjson.gz, .json (a resource or a Bundle), .zip, and folders of these. It goes
// transaction by transaction in bounded memory; stopping it loses nothing that was counted, and running it again does
// not make new versions of same content. It returns counts by type, also together with an error (a file that cannot be read,
// an archive that is unsafe); refused lines whose type is not known count under "". After such a file the others are
// still read.
//
// A resource without an id gets one: in a Bundle that of its fullUrl; otherwise one made of its content and its place
// (file name without folders, and line), so that the same file gives the same ids again.
//
// What the source says of its versions decides which of two is newer ([storage.Store.Take]); deletions are carried out only with
// [Choices.Deletions].
//
// A person whose id is another person's is held back, with what refers to them ([Held]).
//
// Memory grows with the number of entries of one Bundle file and with that of persons in all of them, by some hundred bytes each,
// and with what is held back.
func (m *Import) Run(ctx context.Context, paths ...string) (map[string]Counts, error) {
	if err := m.begins(ctx, paths); err != nil {
		return nil, err
	}
	counts, err := m.run(ctx, paths)
	return counts, errors.Join(err, Note(ctx, m.Store, m.ended(counts, err)))
}

// run is Run without the audit log.
func (m *Import) run(ctx context.Context, paths []string) (map[string]Counts, error) {
	if m.Unassigned == nil {
		return m.read(ctx, paths)
	}
	if m.Since == (storage.Snapshot{}) {
		var err error
		if m.Since, err = m.Store.Snapshot(ctx); err != nil {
			return nil, err
		}
	}
	counts, err := m.read(ctx, paths)
	keys, n, failed := m.Store.UnassignedKeys(context.WithoutCancel(ctx), storage.UnassignedFilter{After: m.Since}, mostUnassigned)
	if n > 0 {
		m.Unassigned(Unassigned{n, keys})
	}
	return counts, errors.Join(err, failed)
}

// read reads the paths.
func (m *Import) read(ctx context.Context, paths []string) (map[string]Counts, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	l := line{Import: m.oneAtATime(), ctx: ctx, stop: stop, counts: map[string]Counts{}, terms: storage.Terms{Overwrite: m.Overwrite},
		full: make(chan *batch), ready: make(chan *batch), free: make(chan *batch, batches)}
	for range batches {
		l.free <- &batch{}
	}
	hold, err := m.look(ctx, paths)
	if err != nil {
		return nil, err
	}
	hold.tell(m.Held)
	begun, err := m.Store.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	l.terms.Since = begun.Time
	var stages sync.WaitGroup
	stages.Go(l.prepare)
	stages.Go(l.store)
	r := reading{Import: l.Import, ctx: ctx, full: l.full, free: l.free, batch: <-l.free, refused: map[string]int64{}, own: m.Store.Bases(), hold: hold}
	err = r.all(paths)
	close(l.full)
	stages.Wait()
	if ctx.Err() != nil {
		err = errors.Join(err, context.Cause(ctx))
	}
	for typ, n := range r.refused {
		l.add(typ, Counts{Refused: n})
	}
	return l.counts, err
}

// oneAtATime is the import with findings that both ends of the assembly line may tell.
func (m *Import) oneAtATime() *Import {
	if m.Finding == nil {
		return m
	}
	var one sync.Mutex
	safe := *m
	safe.Finding = func(f Finding) {
		one.Lock()
		defer one.Unlock()
		m.Finding(f)
	}
	return &safe
}

// line is the assembly line of an import: batches go from the reading over full to prepare, over ready to store, and
// back over free.
type line struct {
	*Import
	ctx               context.Context
	stop              context.CancelCauseFunc // ends the import with an error
	full, ready, free chan *batch
	counts            map[string]Counts
	terms             storage.Terms
}

// prepare does what needs no database, beside the storing of the batch before.
func (l *line) prepare() {
	defer close(l.ready)
	l.each(l.full, func(b *batch) (err error) {
		if b.ready, err = l.Store.PrepareOffers(b.docs[:b.used], b.offers, l.terms); err != nil {
			return err
		}
		select {
		case l.ready <- b:
		case <-l.ctx.Done():
		}
		return nil
	})
}

// store stores batches, each whole or not at all, and counts what became of them.
func (l *line) store() {
	defer close(l.free)
	l.each(l.ready, func(b *batch) error {
		if err := l.take(b); err != nil {
			return err
		}
		b.reset()
		l.free <- b
		return nil
	})
}

// each calls f with the batches that come in, until there are no more or the import has ended. An error or a panic of f
// ends it.
func (l *line) each(in <-chan *batch, f func(*batch) error) {
	var err error
	defer func() {
		if err != nil {
			l.stop(err)
		}
	}()
	defer fault.Recover(cmp.Or(l.Log, slog.Default()), &err)
	for b := range in {
		if l.ctx.Err() != nil {
			return
		}
		if err = f(b); err != nil {
			return
		}
	}
}

// issueOf is the issue for an error about one resource.
func issueOf(err error) fhir.Issue {
	issue := fhir.Issue{Severity: fhir.SeverityError, Code: fhir.CodeStructure, Diagnostics: err.Error()}
	var known *fhir.Error
	if errors.As(err, &known) {
		issue.Code, issue.Expression = known.Code, known.Expression
	}
	return issue
}
