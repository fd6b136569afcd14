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
	WhyRole    Why = 2 // another compartment element (performer, actor, member …) names the patient and no other patient is its subject
	WhyOther   Why = 3 // as WhyRole, but another patient is the subject: searchable, never exported with this patient
)

// Owner is one patient in whose R4 compartment a document is.
type Owner struct {
	Patient string // logical id
	Why     Why
}

// subjectLike are the compartment parameters that say whom a document is about.
var subjectLike = []string{"subject", "patient", "beneficiary", "individual"}

// Owners lists the patients in whose compartment (CompartmentDefinition/patient, R4) the document is, each once,
// with the strongest reason, in order of id. References count that name a Patient of this server, whose bases are own.
func (d *Document) Owners(own Bases) []Owner {
	t := searchOf(d.Type())
	if t == nil {
		return nil
	}
	var owners []Owner
	if id := d.ID(); d.Type() == "Patient" && id != "" {
		owners = append(owners, Owner{id, WhySubject})
	}
	t.owners.walk(d.root(), func(e *end, v node) bool {
		if r := referenceOf(v, "Reference"); r.Type == "Patient" && own.Owns(r) {
			if len(owners) < fewOwners {
				owners = addOwner(owners, r.ID, e.param.names())
			} else {
				owners = append(owners, Owner{strings.Clone(r.ID), e.param.names()})
			}
		}
		return true
	})
	if len(owners) >= fewOwners {
		owners = strongest(owners)
	}
	settle(owners, d.Type() == "Patient")
	return owners
}

// fewOwners is how many are looked through for each reference; a Group of thousands is put in order once instead.
const fewOwners = 32

// strongest keeps each patient once, with the strongest reason.
func strongest(owners []Owner) []Owner {
	slices.SortFunc(owners, func(a, b Owner) int { return cmp.Or(strings.Compare(a.Patient, b.Patient), cmp.Compare(a.Why, b.Why)) })
	return slices.CompactFunc(owners, func(a, b Owner) bool { return a.Patient == b.Patient })
}

// names is why a patient named by the parameter owns the document, as far as the parameter alone tells.
func (p *param) names() Why {
	if slices.Contains(subjectLike, p.Code) {
		return WhySubject
	}
	return WhyRole
}

// addOwner adds a patient, or strengthens the reason if it is there already.
func addOwner(owners []Owner, id string, why Why) []Owner {
	if strengthen(owners, id, why) {
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

// settle weakens roles beside a subject to WhyOther, and sorts by id. about says that there is a subject which is
// not among the owners, as with a Patient that has no id yet.
func settle(owners []Owner, about bool) {
	if about || slices.ContainsFunc(owners, func(o Owner) bool { return o.Why == WhySubject }) {
		for i := range owners {
			if owners[i].Why == WhyRole {
				owners[i].Why = WhyOther
			}
		}
	}
	slices.SortFunc(owners, func(a, b Owner) int { return strings.Compare(a.Patient, b.Patient) })
}

// InPatientCompartment reports whether resources of the type can be in a patient's compartment (Patient included).
func InPatientCompartment(typ string) bool { return typ == "Patient" || compartmentParams(typ) != nil }
