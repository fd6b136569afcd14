package demo

import (
	"iter"
	"time"
)

// Well-known ids. The three patients around everything exist in full mode only, TypicalPatientID in lean mode only.
const (
	GroupID             = "recall"                 // a Group of several patients: in full mode the everything patient and every third patient, at most 200
	EmptyGroupID        = "recall-empty"           // a Group without members
	EverythingPatientID = "everything"             // a patient who has at least one resource of every disposition
	ChildPatientID      = "child-of-everything"    // in whose record the everything patient is performer, payor, sender …
	MergedPatientID     = "merged-with-everything" // a duplicate, replaced by the everything patient
	DeletedPatientID    = "deleted"                // put, then deleted at the end of the stream
	TypicalPatientID    = "typical"                // a lean patient with TypicalResources resources
)

// Sizes of lean records, in resources with the Patient itself.
const (
	LeanResources    = 100 // of each lean patient
	TypicalResources = 400 // of TypicalPatientID
)

// DefaultPatients is how many patients a practice has that does not say: three households.
const DefaultPatients = 12

// MaxPatients is the greatest number of patients: ids have seven digits, so that none is the beginning of another.
const MaxPatients = 9_999_999

// Options choose a practice. The zero value is a practice of [DefaultPatients].
type Options struct {
	Seed     int64
	Patients int       // numbered patients, besides the well-known ones; 0 means DefaultPatients, more than MaxPatients is cut
	Start    time.Time // first day of the practice's books, UTC; zero means 2021-01-04
	Lean     bool      // only directory, bulk clinical types and groups: LeanResources per patient of 1.2 to 1.3 kB on average
}

// Op is what an [Item] asks for.
type Op int

// The operations: Put creates or replaces, Delete removes.
const (
	Put Op = iota
	Delete
)

// Item is one step of the stream.
type Item struct {
	Op   Op
	Type string
	ID   string
	JSON []byte // the resource, compact, with id and without version; nil for Delete. Valid until the next item.
	Note string // why the item is worth a look, such as "correction"; empty for most
}

// Items streams the practice in an order that can be imported front to back: directory and library, patients with their
// records, groups, then (in full mode) later versions of resources that were put before, and deletions.
// A reference points to a resource somewhere in the stream, or is absolute on purpose.
func Items(o Options) iter.Seq[Item] {
	o = o.normal()
	return func(yield func(Item) bool) {
		w := &writer{yield: yield, options: o, context: make(map[string]string, 64)}
		w.directory()
		if o.Lean {
			w.leanRecords()
			w.groups()
			return
		}
		w.library()
		w.records()
		w.everything()
		w.groups()
		w.later()
	}
}

// normal fills in the defaults.
func (o Options) normal() Options {
	if o.Patients <= 0 {
		o.Patients = DefaultPatients
	}
	o.Patients = min(o.Patients, MaxPatients)
	if o.Start.IsZero() {
		o.Start = time.Date(2021, 1, 4, 0, 0, 0, 0, time.UTC)
	}
	o.Start = o.Start.UTC().Truncate(24 * time.Hour)
	return o
}

// PatientID is the id of numbered patient i, counted from 0.
func PatientID(i int) string { return string(appendPatientID(nil, i)) }

// appendPatientID writes "p" and seven digits.
func appendPatientID(dst []byte, i int) []byte {
	dst = append(dst, 'p')
	for unit := 1_000_000; unit > 0; unit /= 10 {
		dst = append(dst, byte('0'+i/unit%10))
	}
	return dst
}

// Canary is the text that occurs in the patient's own resources and nowhere else. See the package comment.
func Canary(patientID string) string { return "canary-" + patientID }
