package audit

import (
	"slices"
	"time"

	"satchel/fhir"
)

// Filter selects events: those that meet every field that is set. Texts must be equal, unless it says otherwise.
type Filter struct {
	Since     time.Time // at or after it
	Until     time.Time // before it
	Who       string    // name of the actor; upper and lower case are alike
	Kind      Kind
	From      string   // remote address
	Actions   []Action // any of them
	Seqs      []int64  // any of them; nil: all
	Target    string   // with a slash at its end, everything below it: "Patient/"
	Patient   string   // logical id of a patient that is listed; events about Everybody are about this one, too
	Outcome   Outcome
	Status    int
	Detail    string // a part of the detail; upper and lower case of ASCII are alike
	RequestID string
}

// Check returns a fhir.Error value for a word that is on no list.
func (f Filter) Check() error {
	for _, a := range f.Actions {
		if !a.Valid() {
			return fhir.Errorf(fhir.CodeValue, "%q is no action of the audit log; use one of %v", a, Actions())
		}
	}
	if f.Kind != "" && !slices.Contains(Kinds(), f.Kind) {
		return fhir.Errorf(fhir.CodeValue, "%q is no kind of actor; use one of %v", f.Kind, Kinds())
	}
	if f.Outcome != "" && !slices.Contains(Outcomes(), f.Outcome) {
		return fhir.Errorf(fhir.CodeValue, "%q is no outcome; use one of %v", f.Outcome, Outcomes())
	}
	if f.Patient != "" && f.Patient != Everybody && !fhir.IsID(f.Patient) {
		return fhir.Errorf(fhir.CodeValue, "%.80q is no id of a patient; use the id alone, without \"Patient/\"", f.Patient)
	}
	return nil
}

// Field names a column of the report.
type Field string

// The fields, in the order of the columns.
const (
	FieldTime     Field = "time" // and seq: their order is the same
	FieldWho      Field = "who"
	FieldKind     Field = "kind"
	FieldFrom     Field = "from"
	FieldAction   Field = "action"
	FieldTarget   Field = "target"
	FieldPatients Field = "patients"
	FieldOutcome  Field = "outcome"
	FieldStatus   Field = "status"
	FieldDetail   Field = "detail"
	FieldRequest  Field = "request"
)

// Fields lists the fields that a report may be sorted by.
func Fields() []Field {
	return []Field{FieldTime, FieldWho, FieldKind, FieldFrom, FieldAction, FieldTarget, FieldPatients, FieldOutcome, FieldStatus, FieldDetail, FieldRequest}
}

// Sort orders events by a field, and by time among equals. The zero Sort is by time, oldest first.
type Sort struct {
	By   Field
	Down bool // greatest or newest first
}

// Page is one page of a report.
type Page struct {
	Sort   Sort
	Count  int    // most events on the page; 0: 100
	Cursor string // opaque, from an earlier page with the same filter and sort; "": the first page
}
