package handover

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// Stored is how much of one resource type the store holds in scope.
type Stored struct {
	Current int64 // resources that are not deleted
	Earlier int64 // earlier versions with content, those of deleted resources included
	Deleted int64 // deletions, those of what was made again included
}

// Ledger says what the store holds in the scope of a package. It must come by its numbers on another way than the one by
// which the resources came, such as counting rows.
type Ledger interface {
	// Stored returns the numbers of every type of which there is anything in scope, as of the package's transaction time.
	Stored(ctx context.Context) (map[string]Stored, error)
}

// Reconciliation is data/report/reconciliation.json: what the package holds, read back from the disk, beside what the
// store says.
type Reconciliation struct {
	Verdict     Verdict            `json:"verdict" enum:"COMPLETE,COMPLETE WITH STATED EXCLUSIONS,INCOMPLETE" doc:"COMPLETE: everything in scope is in the package."`
	Problems    []string           `json:"problems" doc:"Why the package is INCOMPLETE, in words."`
	Counts      map[string]Count   `json:"counts" doc:"Per resource type, as in ehi-manifest.json."`
	Attachments AttachmentSummary  `json:"attachments" doc:"As in ehi-manifest.json."`
	References  ReferenceSummary   `json:"references" doc:"As in ehi-manifest.json."`
	Exclusions  []ExclusionSummary `json:"exclusions" doc:"As in ehi-manifest.json."`
	Patients    *PatientIndex      `json:"patientIndex,omitempty" doc:"As in ehi-manifest.json."`
	Files       int64              `json:"files" doc:"NDJSON files that were read back."`
	Lines       int64              `json:"lines" doc:"Their lines."`
	Bytes       int64              `json:"bytes" doc:"Their size."`
}

// Reconcile ends the writing of FHIR content, reads all of it back, and compares it with the ledger. Its verdict is on
// the first page of the package; the error is only about reading. What needs memory: 8 bytes for each resource,
// version and different target of references.
func (w *Writer) Reconcile(ctx context.Context, ledger Ledger) (*Reconciliation, error) {
	if err := w.check(writing); err != nil {
		return nil, err
	}
	if err := w.endStreams(); err != nil {
		return nil, err
	}
	stored, err := ledger.Stored(ctx)
	if err != nil {
		return nil, fmt.Errorf("count what the store holds: %w", err)
	}
	found, err := w.recount(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the package back: %w", err)
	}
	w.stateFilters(stored, found)
	r := &Reconciliation{
		Verdict: Complete, Problems: found.problems, Counts: map[string]Count{}, Attachments: found.attachments,
		References: found.references, Exclusions: summarize(w.exclusions), Files: found.files, Lines: found.lines, Bytes: found.bytes,
	}
	if found.index.Patients > 0 {
		r.Patients = &found.index
	}
	r.Attachments.Files, r.Attachments.Deduplicated = int64(len(w.attached.kept)), w.attached.copies
	r.balance(stored, found.counts, w.exclusions)
	if n := r.Attachments.MissingCount; n > 0 {
		r.problem("%d attachments are not in the package", n)
	}
	if len(r.Problems) > 0 {
		r.Verdict = Incomplete
	} else if len(r.Exclusions) > 0 || len(w.head.Scope.Filters) > 0 {
		r.Verdict = CompleteWithExclusions
	}
	w.recon, w.stage = r, reconciled
	return r, nil
}

// maxProblems limits how many problems are told one by one.
const maxProblems = 100

func (r *Reconciliation) problem(format string, args ...any) {
	if len(r.Problems) < maxProblems {
		r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
	}
}

// stateFilters states as exclusions what the policy leaves out as a whole.
func (w *Writer) stateFilters(stored map[string]Stored, found *recount) {
	left := map[string]map[Part]int64{}
	for _, e := range w.exclusions {
		if left[e.Type] == nil {
			left[e.Type] = map[Part]int64{}
		}
		left[e.Type][e.Part] += e.Count
	}
	for _, typ := range slices.Sorted(maps.Keys(stored)) {
		s, f := stored[typ], found.counts[typ]
		state := func(part Part, n int64, reason string) {
			if n > 0 {
				w.exclusions = append(w.exclusions, Exclusion{Type: typ, Part: part, Count: n, Reason: reason, At: w.head.TransactionTime})
			}
		}
		if !w.head.Policy.History {
			state(PartEarlier, s.Earlier-f.Earlier-left[typ][PartEarlier], "history-not-included")
		}
		if !w.head.Policy.Deleted {
			state(PartDeleted, s.Deleted-f.Deleted-left[typ][PartDeleted], "deletions-not-included")
		}
	}
}

// balance compares the three numbers of each type.
func (r *Reconciliation) balance(stored, found map[string]Stored, exclusions []Exclusion) {
	excluded := map[string]map[Part]map[string]int64{}
	types := map[string]bool{}
	for _, e := range exclusions {
		types[e.Type] = true
		if excluded[e.Type] == nil {
			excluded[e.Type] = map[Part]map[string]int64{PartCurrent: {}, PartEarlier: {}, PartDeleted: {}}
		}
		excluded[e.Type][e.Part][e.Reason] += e.Count
	}
	for _, m := range []map[string]Stored{stored, found} {
		for typ := range m {
			types[typ] = true
		}
	}
	for _, typ := range slices.Sorted(maps.Keys(types)) {
		s, f, x := stored[typ], found[typ], excluded[typ]
		r.compare(typ, "current resources", s.Current, f.Current, x[PartCurrent])
		r.compare(typ, "earlier versions", s.Earlier, f.Earlier, x[PartEarlier])
		r.compare(typ, "deletions", s.Deleted, f.Deleted, x[PartDeleted])
		r.Counts[typ] = Count{
			StoredCurrent: s.Current, ExportedCurrent: f.Current, Excluded: x[PartCurrent],
			StoredVersions: s.Current + s.Earlier, ExportedVersions: f.Current + f.Earlier,
			ExcludedVersions: together(x[PartCurrent], x[PartEarlier]),
			StoredDeleted:    s.Deleted, ExportedDeleted: f.Deleted, ExcludedDeleted: x[PartDeleted],
		}
	}
}

func (r *Reconciliation) compare(typ, what string, stored, found int64, excluded map[string]int64) {
	if left := total(excluded); stored != found+left {
		r.problem("%s: the store has %d %s, the package has %d and %d are excluded", typ, stored, what, found, left)
	}
}

func total(m map[string]int64) (n int64) {
	for _, v := range m {
		n += v
	}
	return n
}

func together(a, b map[string]int64) map[string]int64 {
	sum := maps.Clone(a)
	for reason, n := range b {
		sum[reason] += n
	}
	return sum
}
