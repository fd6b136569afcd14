package fhir

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

// Owners lists the patients in whose compartment (CompartmentDefinition/patient, R4) the document is, each once,
// with the strongest reason, in order of id. References count when relative ("Patient/1", "Patient/1/_history/2") or
// absolute with a trailing "Patient/1".
func (d *Document) Owners() []Owner { panic("todo") }

// InPatientCompartment reports whether resources of the type can be in a patient's compartment (Patient included).
func InPatientCompartment(typ string) bool { panic("todo") }
