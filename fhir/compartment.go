package fhir

import (
	"cmp"
	"slices"
	"strings"
)

// Why says how a document came to belong to a patient.
type Why int

// The reasons, from strongest to weakest.
const (
	WhySubject Why = 1 // a subject-like element (subject, patient, beneficiary, individual …) names the patient, or it is the Patient itself
	WhyRole    Why = 2 // another element (performer, actor, member …) names the patient and nobody else is its subject
	WhyTied    Why = 3 // it names no patient and hangs on something of this one ([Belonging.Ties]), and of no other
	// WhyAssigned: it says of nobody whose it is, and staff said that it is this one's. No document says so: the store keeps it.
	WhyAssigned Why = 4

	// Of the following nothing is handed out as it is.
	WhyTiedShared Why = 5 // as WhyTied, but of several patients
	WhyShared     Why = 6 // one of several that it lists: handed out as an excerpt
	WhyOther      Why = 7 // it names the patient and is about somebody else, or is directory: searchable, never exported with this patient
)

// Named reports whether a document itself names the patient, and is handed out as it is.
func (w Why) Named() bool { return w != 0 && w <= WhyRole }

// Whole reports whether a resource that belongs to a patient for this reason is handed out as it is.
func (w Why) Whole() bool { return w != 0 && w <= WhyAssigned }

// Concerns reports whether the document holds data of the patient: all of it, or as one of several. Not if the patient is only
// named in what is about somebody else.
func (w Why) Concerns() bool { return w != 0 && w < WhyOther }

// Owner is one patient to whom a document belongs.
type Owner struct {
	Patient string // logical id
	Why     Why
}

// subjectLike are the compartment parameters that say whom a document is about.
var subjectLike = []string{"subject", "patient", "beneficiary", "individual"}

// The tiers in which the elements of a document name patients, from strongest to weakest. They stand in for Why until it is
// settled.
const (
	tierSubject Why = iota + 1 // a subject-like element of R4's compartment
	tierAbout                  // an element of [Disposition.Links] that says whom it is about
	tierRole                   // a role, of the compartment or of the links
	tierItem                   // an item of a list
	tierInner                  // what contained resources are about
	tierMention                // any other reference
)

// Owners lists the patients to whom the document belongs by what it says itself, each once, with the strongest reason, in
// order of id. References count that name a Patient of this server, whose bases are own. What hangs on others besides is
// in [Document.Belonging].
func (d *Document) Owners(own Bases) []Owner { return d.Belonging(own).Owners }

// InPatientCompartment reports whether resources of the type can be in R4's patient compartment (Patient included).
func InPatientCompartment(typ string) bool { return typ == "Patient" || compartmentParams(typ) != nil }

// CanBelong reports whether resources of the type can belong to a patient, by R4's compartment or by [Disposition].
func CanBelong(typ string) bool {
	d := dispositions()[typ]
	return d.Kind.belongs() || InPatientCompartment(typ)
}

// fewOwners is how many are looked through for each reference; a Group of thousands is put in order once instead.
const fewOwners = 32

// strongest keeps each patient once, with the strongest reason.
func strongest(owners []Owner) []Owner {
	slices.SortFunc(owners, func(a, b Owner) int { return cmp.Or(strings.Compare(a.Patient, b.Patient), cmp.Compare(a.Why, b.Why)) })
	return slices.CompactFunc(owners, func(a, b Owner) bool { return a.Patient == b.Patient })
}

// addOwner adds a patient, or strengthens the reason if it is there already.
func addOwner(owners []Owner, id string, why Why) []Owner {
	if len(owners) < fewOwners && strengthen(owners, id, why) {
		return owners
	}
	return append(owners, Owner{strings.Clone(id), why})
}

// strengthen strengthens the reason of a patient who is there already; false if none is.
func strengthen(owners []Owner, id string, why Why) bool {
	for i := range owners {
		if owners[i].Patient == id {
			owners[i].Why = min(owners[i].Why, why)
			return true
		}
	}
	return false
}
