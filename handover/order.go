package handover

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"satchel/fhir"
)

// Form is how the files of a package lie in the folder of its job.
type Form string

// The forms of packages.
const (
	FormZip    Form = "zip"    // ZIP files
	FormFolder Form = "folder" // every file by itself
)

// Order is a package that was asked for, however it was asked for. The row of its job holds it as JSON, and the manifest
// repeats what concerns whoever gets the package ([Head]).
type Order struct {
	Patient    string `json:"patient,omitempty"`    // logical id of whose record it is, or
	Population bool   `json:"population,omitempty"` // everything the practice holds

	// Linked are further patients whose records staff include as the same person's. Nothing of any other patient is in the
	// package, whatever Patient.link says. Confirmed are those of them that staff have confirmed once more, as a Patient must be
	// that contradicts the first one ([fhir.DifferingDemographics]).
	Linked    []string   `json:"linked,omitempty"`
	Confirmed []string   `json:"confirmed,omitempty"`
	Withhold  []Withhold `json:"withhold,omitempty"` // of one patient's record; psychotherapy notes are always left out

	Form        Form   `json:"form,omitempty"`        // "": FormZip
	Purpose     string `json:"purpose,omitempty"`     // access, handover or backup; "": access for one patient, handover for everybody
	RequestID   string `json:"requestId,omitempty"`   // names the request that led to it
	RequestedBy string `json:"requestedBy,omitempty"` // account
	ApprovedBy  string `json:"approvedBy,omitempty"`  // account
}

// Withhold is a rule that one resource, or those with a security label, are left out. There is none unless a policy or a
// person says so: labels are set by people at entry, and a patient's own copy holds what is sensitive.
type Withhold struct {
	Resource  string `json:"resource,omitempty"` // such as "Observation/1"; "": by label
	System    string `json:"system,omitempty"`   // with Code, of meta.security, or of securityLabel in a DocumentReference
	Code      string `json:"code,omitempty"`
	Reason    string `json:"reason"`              // goes into the exclusions
	Authority string `json:"authority,omitempty"` // such as "45 CFR 164.501"
}

// Purposes are what a package can be for.
func Purposes() []string { return []string{"access", "handover", "backup"} }

// Bounds of an order: each rule of what is withheld has its reason, and the job's row holds them all.
const (
	withholdMost = 1000
	withholdText = 4000 // bytes
	labelMost    = 80   // characters
)

// Check refuses, as a fhir.Error required, value or too-long, what cannot make a package, and gives the form that was left
// open its default.
func (o *Order) Check() error {
	if o.Form == "" {
		o.Form = FormZip
	}
	switch {
	case o.Population == (o.Patient != ""):
		return fhir.Errorf(fhir.CodeRequired, "a package is of one patient or of the population; name exactly one of them")
	case o.Patient != "" && !fhir.IsID(o.Patient):
		return fhir.Errorf(fhir.CodeValue, "%.80q is no id of a patient", o.Patient)
	case o.Population && (len(o.Linked)+len(o.Confirmed) > 0 || len(o.Withhold) > 0):
		return fhir.Errorf(fhir.CodeValue, "linked patients and what is withheld are for one patient's record; leave them out for the population")
	case o.Purpose != "" && !slices.Contains(Purposes(), o.Purpose):
		return fhir.Errorf(fhir.CodeValue, "purpose is %.80q; use access, handover or backup", o.Purpose)
	case o.Form != FormZip && o.Form != FormFolder:
		return fhir.Errorf(fhir.CodeValue, "form is %.80q; use zip or folder", o.Form)
	case !IsLabel(o.RequestID):
		return fhir.Errorf(fhir.CodeValue, "requestId has at most %d characters and no control characters", labelMost)
	}
	for _, id := range o.Linked {
		if !fhir.IsID(id) {
			return fhir.Errorf(fhir.CodeValue, "%.80q is no id of a linked patient", id)
		}
	}
	for _, id := range o.Confirmed {
		if !slices.Contains(o.Linked, id) {
			return fhir.Errorf(fhir.CodeValue, "%.80q is confirmed and not included; name it as linked, too, or leave it out", id)
		}
	}
	if len(o.Withhold) > withholdMost {
		return fhir.Errorf(fhir.CodeTooLong, "%d rules say what is withheld; a package takes %d at most, so withhold by a security label instead", len(o.Withhold), withholdMost)
	}
	for _, w := range o.Withhold {
		if err := w.check(); err != nil {
			return err
		}
	}
	return nil
}

// IsLabel reports whether a text can name the request that led to a package: it is short, and one line.
func IsLabel(text string) bool {
	return utf8.RuneCountInString(text) <= labelMost && !strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || r == utf8.RuneError })
}

// check refuses a rule without a reason, or that meets nothing.
func (w Withhold) check() error {
	of := fhir.ParseReference(w.Resource)
	switch {
	case strings.TrimSpace(w.Reason) == "":
		return fhir.Errorf(fhir.CodeRequired, "what is withheld needs a reason, which the package states")
	case max(len(w.Reason), len(w.Authority), len(w.System), len(w.Code)) > withholdText:
		return fhir.Errorf(fhir.CodeTooLong, "a text about what is withheld has more than %d bytes; shorten it", withholdText)
	case w.Resource == "" && w.Code == "":
		return fhir.Errorf(fhir.CodeRequired, "what is withheld needs a resource such as Observation/123, or the system and code of a security label")
	case w.Resource != "" && (of.Form != fhir.FormRelative || of.Key() != w.Resource || w.Code != "" || w.System != ""):
		return fhir.Errorf(fhir.CodeValue, "%.80q cannot be withheld; name a resource such as Observation/123, without a label beside it", w.Resource)
	case of.Type == "Patient":
		return fhir.Errorf(fhir.CodeValue, "%.80q is a Patient and cannot be withheld from a record", w.Resource)
	}
	return nil
}
