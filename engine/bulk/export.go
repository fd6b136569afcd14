// Package bulk writes exports by FHIR Bulk Data Access: a request, parsed so that it cannot be wrong, becomes size-capped NDJSON
// files in a folder, as of a snapshot of the store.
package bulk

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"time"

	"satchel/engine/progress"
	"satchel/fhir"
	"satchel/internal/fault"
	"satchel/storage"
)

// Kind is the kind of jobs that export.
const Kind = "bulk"

// The defaults of [Options].
const (
	DefaultFileCount = 1000
	DefaultFileSize  = 100_000_000
)

// Options tune an [Exporter]. What is 0 has its default.
type Options struct {
	FileCount int64        // resources per file
	FileSize  int64        // bytes per file, uncompressed; a file exceeds it only if one resource does
	Log       *slog.Logger // nil: discarded
}

// withDefaults fills in what was left zero.
func (o Options) withDefaults() Options {
	if o.FileCount <= 0 {
		o.FileCount = DefaultFileCount
	}
	if o.FileSize <= 0 {
		o.FileSize = DefaultFileSize
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Exporter writes Bulk Data exports of a store into folders.
type Exporter struct {
	store   *storage.Store
	options Options
}

// New makes an exporter.
func New(s *storage.Store, o Options) *Exporter { return &Exporter{s, o.withDefaults()} }

// Manifest is what an export without a server returns.
type Manifest struct {
	Snapshot storage.Snapshot
	Written
}

// Written is what an export has made.
type Written struct {
	Files  []storage.JobFile
	Others []string // patients beside those of the export whose data is in it, sorted; nil if it is of everybody
}

// Export runs a request at once into a folder, without a job row: the engine of `satchel export`. report may be nil.
// It fails, and removes the files it made, if it cannot write all of them; a file that is there already is an error.
func (e *Exporter) Export(ctx context.Context, r Request, folder *os.Root, report func(done, total int64)) (m Manifest, err error) {
	defer fault.Recover(e.options.Log, &err)
	if err := e.Check(ctx, r); err != nil {
		return Manifest{}, err
	}
	at, err := e.store.Snapshot(ctx)
	if err != nil {
		return Manifest{}, fmt.Errorf("take a snapshot: %w", err)
	}
	if report == nil {
		report = func(int64, int64) {}
	}
	made, err := e.Write(ctx, r, at, folder, report)
	return Manifest{at, made}, err
}

// Check returns not-found or deleted unless the request's group and patients exist now and belong together, and an error of
// processing for a group that only defines its members.
func (e *Exporter) Check(ctx context.Context, r Request) error {
	var members []string
	if r.Level == LevelGroup {
		m, err := e.members(ctx, r.Group, time.Time{})
		if err != nil {
			return err
		}
		if m.defined {
			return fhir.Errorf(fhir.CodeProcessing, "Group/%s says who would be in it (actual is false) and has no members, so there is nobody to export; name a group with members", r.Group)
		}
		members = m.patients
	}
	for _, id := range r.Patients {
		p, err := e.store.Resource(ctx, "Patient", id)
		if err != nil {
			return err
		}
		if p.Deleted {
			return fhir.Errorf(fhir.CodeDeleted, "Patient/%s was deleted", id)
		}
		if _, is := slices.BinarySearch(members, id); r.Level == LevelGroup && !is {
			return fhir.Errorf(fhir.CodeNotFound, "Patient/%s is not a member of Group/%s", id, r.Group)
		}
	}
	return nil
}

// plan is what one export reads from the store.
type plan struct {
	living   *storage.Selection // nil: nothing
	deleted  *storage.Selection // nil: nothing
	group    *fhir.Resource     // the exported group itself, if it is to be in the output
	patients []string           // that it is of; nil: everybody
	without  []string           // types that are selected and not to be in the output
	nobody   []string           // members of the group that lead to no patient, and why
}

// plan resolves a request to what is to be read, as of a snapshot.
func (e *Exporter) plan(ctx context.Context, r Request, at storage.Snapshot) (plan, error) {
	sel := storage.Selection{Types: r.Types, Since: r.Since, Until: r.Until, Shared: true}
	var p plan
	if all := r.Level == LevelPatient && r.Patients == nil; sel.Types == nil && all {
		p.without = []string{"Group", "List", "Binary"} // what belongs to patients are the types of the level and these
	} else if sel.Types == nil && r.Level != LevelSystem {
		sel.Types = ExportTypes(r.Level)
	}
	switch {
	case r.Level == LevelGroup:
		m, err := e.members(ctx, r.Group, at.Time)
		if err != nil {
			return plan{}, err
		}
		sel.Patients, p.nobody = narrowed(m.patients, r.Patients), m.nobody
		if slices.Contains(sel.Types, "Group") && changedWithin(m.group, r) {
			p.group = &m.group
		}
		// Other groups name other people: the scan holds none.
		sel.Types = slices.DeleteFunc(slices.Clone(sel.Types), func(typ string) bool { return typ == "Group" })
	case r.Level == LevelPatient && r.Patients != nil:
		sel.Patients = r.Patients
	case r.Level == LevelPatient:
		sel.Owned = true
	}
	p.patients = sel.Patients
	if sel.Types != nil && len(sel.Types) == 0 || sel.Patients != nil && len(sel.Patients) == 0 {
		return p, nil
	}
	p.living = &sel
	if !r.Since.IsZero() {
		gone := sel
		gone.Deleted = true
		p.deleted = &gone
	}
	return p, nil
}

// narrowed is members without those that are not wanted; wanted nil means all. Never nil.
func narrowed(members, wanted []string) []string {
	if wanted == nil {
		return members
	}
	return slices.DeleteFunc(slices.Clone(members), func(id string) bool { return !slices.Contains(wanted, id) })
}

// changedWithin reports whether a resource changed strictly within the request's window.
func changedWithin(g fhir.Resource, r Request) bool {
	return (r.Since.IsZero() || g.Updated.After(r.Since)) && (r.Until.IsZero() || g.Updated.Before(r.Until))
}

// Write writes all files of a request, as of a snapshot, into a folder. When it returns without error they are
// complete, on the disk and under their final names; otherwise what it made is gone. report is called at most twice
// a second, from one goroutine.
func (e *Exporter) Write(ctx context.Context, r Request, at storage.Snapshot, folder *os.Root, report func(done, total int64)) (Written, error) {
	p, err := e.plan(ctx, r, at)
	if err != nil {
		return Written{}, err
	}
	total, err := e.total(ctx, p, at)
	if err != nil {
		return Written{}, err
	}
	shape, err := newShape(r, e.store.Bases())
	if err != nil {
		return Written{}, err
	}
	out := newOutput(ctx, folder, e.options)
	w := &writing{e: e, out: out, r: r, at: at, shape: shape, put: out.resource, others: newOthers(p.patients), meter: progress.Start(total, report)}
	err = w.fill(p)
	w.meter.Stop()
	if err != nil {
		out.discard(err)
		return Written{}, err
	}
	made := Written{}
	if w.others != nil {
		made.Others = slices.Sorted(maps.Keys(w.others.found))
	}
	made.Files, err = out.close()
	return made, err
}

// total is the number of rows to look at, for the progress.
func (e *Exporter) total(ctx context.Context, p plan, at storage.Snapshot) (int64, error) {
	var total int64
	for _, sel := range []*storage.Selection{p.living, p.deleted} {
		if sel == nil {
			continue
		}
		n, err := e.store.Count(ctx, at, *sel)
		if err != nil {
			return 0, fmt.Errorf("count resources: %w", err)
		}
		total += n
	}
	return total, nil
}
