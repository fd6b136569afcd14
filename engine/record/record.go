// Package record finds what belongs to one patient, with reasons: every version in the record, and every one that touches it and
// is left out. It also reads everything that a practice holds, type by type.
package record

import (
	"context"
	"fmt"
	"slices"
	"time"

	"satchel/fhir"
	"satchel/handover"
	"satchel/storage"
)

// Item is one version of one resource.
type Item struct {
	Section handover.Section // the part of a package that it goes to
	Why     string           // how it came in, such as "direct", "reverse Task.focus", "forward from Encounter/1"
	Type    string
	ID      string
	Version int64
	Updated time.Time
	JSON    []byte // nil for a tombstone. Valid until the next item
	Excerpt bool   // not as stored: what belongs to other patients is left out, and meta.tag says so
	RID     int64  // row number in the store
}

// Options tune what belongs to a record.
type Options struct {
	Linked   []string // further patients that staff include as the same person; see [Record.Linked]
	Withhold []handover.Withhold
}

// PsychotherapyNotes is the rule for psychotherapy notes, by HL7's v3 ActCode PSYTHPN. (PSY and ETH of the same system label
// ordinary psychiatric and substance abuse information, which a patient's copy holds.)
var PsychotherapyNotes = handover.Withhold{
	System: "http://terminology.hl7.org/CodeSystem/v3-ActCode", Code: "PSYTHPN",
	Reason: "psychotherapy-notes", Authority: "45 CFR 164.524(a)(1)(i)",
}

// Reasons of exclusions. A policy adds its own ([handover.Withhold.Reason]).
const (
	ReasonOtherIndividual = "other-individual"    // another patient is the subject
	ReasonMoved           = "moved"               // an earlier version named the patient; the resource is another patient's now, or nobody's after it was of several. Staff decide
	ReasonUnassigned      = "unassigned"          // the record points to it, and it says of nobody whose it is. Staff assign it
	ReasonOperational     = "operational"         // logs of the software
	ReasonNotApproved     = "linked-not-approved" // another Patient that is linked, and that staff did not include
	ReasonSystem          = "system"              // configuration of the software
)

// Exclusion is one version that touches the patient and is not handed out.
type Exclusion struct {
	Type, ID  string
	Version   int64
	Reason    string
	Authority string
}

// TypeCounts are the numbers of one type. Always
// StoredCurrent + StoredVersions = ExportedCurrent + ExportedVersions + the sum of Excluded,
// where stored is everything that touches the patient by any rule.
type TypeCounts struct {
	StoredCurrent    int // living as of the snapshot
	ExportedCurrent  int
	StoredVersions   int // earlier versions, and tombstones
	ExportedVersions int
	Deleted          int            // tombstones among ExportedVersions
	Excluded         map[string]int // versions by reason
}

// AttachmentSource says where the bytes of an attachment come from.
type AttachmentSource string

// The sources.
const (
	SourceInline   AttachmentSource = "inline"   // data in the attachment
	SourceInside   AttachmentSource = "inside"   // a Binary contained in the resource or in the same Bundle: URL names it
	SourceBinary   AttachmentSource = "binary"   // a Binary of the record: Source names it
	SourceExternal AttachmentSource = "external" // another server: link only
	SourceWithheld AttachmentSource = "withheld" // a Binary that is stored but not part of what is handed out
	SourceMissing  AttachmentSource = "missing"  // nothing is stored at the address
	SourceNone     AttachmentSource = "none"     // neither data nor address
)

// Attachment is one attachment in the record.
type Attachment struct {
	Type, ID    string
	Version     int64
	Path        string // element path of the Attachment; "Binary" for a Binary that nothing in the record shows
	ContentType string
	URL         string // as written
	From        AttachmentSource
	Source      string // of SourceBinary: "Binary/1" or "Binary/1/_history/2"
}

// ReferenceCounts say where references of the record lead, each target counted once.
type ReferenceCounts struct {
	Resolved   int      // to something in the record
	Stubs      int      // to what is stored and not in the record: other patients, configuration
	External   int      // to other servers
	Unresolved []string // to what is not stored, sorted
}

// Record is what belongs to one patient as of a snapshot: the gathered keys, not the bodies.
type Record struct {
	Snapshot    storage.Snapshot
	Patient     string
	Patients    []string                // the patient and those that staff include, sorted
	Linked      []storage.LinkedPatient // who is linked with the patient; nothing is in the record of whom nobody named
	Exclusions  []Exclusion             // in order of type, id and version
	Attachments []Attachment            // in order of type, id and version
	References  ReferenceCounts         //
	Counts      map[string]*TypeCounts  // by type; what is exported is counted by [Record.Items]
	Excerpts    []string                // "Type/id/_history/version", listed by Record.Items

	store *storage.Store
	rows  []*recordRow // of which something is handed out, in order of type and id
	give  *finisher
}

// Gather gathers the record of a patient as of a snapshot. What it costs grows with the record and not with the store, but
// for what was deleted of the types with links: a tombstone has no entries in the index, so the last versions of these are
// read.
//
// It fails, naming the resource, for a type without a disposition and for a resource whose references cannot be read.
// Not-found if no such Patient was ever stored before the snapshot; a deleted Patient has a record.
//
// What it does not find:
//   - a version that is neither the current one nor the last before a deletion, of a type that the owner index does not know
//     (Device, Contract, Linkage and the other types of kind reverse), and that pointed to the record while the later ones do not;
//   - definitions named by url alone, if they were deleted, or got another url, before the record was gathered;
//   - resources about nobody that name only a visit or an order of the patient and that nothing in the record points to.
func Gather(ctx context.Context, s *storage.Store, at storage.Snapshot, patient string, o Options) (*Record, error) {
	g := newGatherer(ctx, s, at, o)
	linked, err := g.seed(patient)
	if err != nil {
		return nil, fmt.Errorf("record of Patient/%s: %w", patient, err)
	}
	if err := g.close(); err != nil {
		return nil, fmt.Errorf("record of Patient/%s: %w", patient, err)
	}
	r := &Record{Snapshot: at, Patient: patient, Linked: linked, Counts: map[string]*TypeCounts{}, store: s}
	for id := range g.patients {
		r.Patients = append(r.Patients, id)
	}
	slices.Sort(r.Patients)
	if err := g.finish(r); err != nil {
		return nil, fmt.Errorf("record of Patient/%s: %w", patient, err)
	}
	return r, nil
}

// Tombstones counts, by type, the deletions that the record hands out.
func (r *Record) Tombstones() map[string]int64 {
	n := map[string]int64{}
	for _, row := range r.rows {
		for _, v := range row.versions {
			if v.deleted && v.verdict == 0 {
				n[row.typ]++
			}
		}
	}
	return n
}

// key names a resource.
type key struct{ typ, id string }

func (k key) String() string { return k.typ + "/" + k.id }

// dispositionOf is [fhir.DispositionOf]; tests replace it.
var dispositionOf = fhir.DispositionOf

// disposition returns a type's disposition or an error that names the type.
func disposition(typ string) (fhir.Disposition, error) {
	d, ok := dispositionOf(typ)
	if !ok {
		return d, fmt.Errorf("resource type %q has no disposition, so nobody can tell whose record it belongs to; use a newer version of this program", typ)
	}
	return d, nil
}
