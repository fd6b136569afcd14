package exports

import (
	"context"

	"satchel/audit"
	"satchel/auth"
	"satchel/fhir"
	"satchel/handover"
	"satchel/handover/view"
	"satchel/storage"
)

// Linked is a patient who is linked with another one by Patient.link, as the actor may know of it. Of one whom the actor may not
// read there is no more than the reference and the links.
type Linked struct {
	ID        string   `json:"-"`
	Patient   string   `json:"patient"`           // the reference
	With      string   `json:"with"`              // reference of the Patient that it is linked with: who was asked for, or another linked one
	Links     []string `json:"links,omitempty"`   // types of the links from With to it
	Back      []string `json:"back,omitempty"`    // from it to With
	Steps     int      `json:"steps"`             // 1; more for links of links
	Deleted   bool     `json:"deleted,omitempty"` // what it was counts
	May       bool     `json:"mayRead"`           // the actor may read the Patient
	Include   bool     `json:"mayInclude"`        // the actor may have a package that holds this record, too
	Name      string   `json:"name,omitempty"`
	BirthDate string   `json:"birthDate,omitempty"`
	Differs   []string `json:"differs,omitempty"` // in what it contradicts the patient: to include it takes a confirmation
	JSON      []byte   `json:"-"`
}

// Linked lists who is linked with a patient, from either side and over several links, before somebody orders a package: each is
// to be included by name or is left out. named are those that are included, linked or not. The note
// is about those whose data it tells. Errors: forbidden for who may not read the Patient, not-found.
func (s *Service) Linked(ctx context.Context, by auth.Actor, patient string, named ...string) ([]Linked, audit.Note, error) {
	note := by.Note(audit.Read)
	note.Target = "Patient/" + patient
	note.About(patient)
	if err := by.Decide(readingPatient(patient)); err != nil {
		return nil, note, err
	}
	linked, err := s.Store.LinkedPatients(ctx, storage.Latest, patient, named...)
	if err != nil {
		return nil, note, err
	}
	var all []Linked
	var d fhir.Document
	for _, p := range linked {
		l := Linked{ID: p.ID, Patient: "Patient/" + p.ID, With: "Patient/" + p.Near, Links: p.Links, Back: p.Back, Steps: p.Steps, Deleted: p.Deleted}
		if l.May = by.Decide(readingPatient(p.ID)) == nil; l.May {
			if err := d.Reset(p.JSON); err != nil {
				return nil, note, err
			}
			note.About(p.ID)
			l.Name, l.BirthDate = view.HumanName(view.MainName(d.Look())), d.Look().Child("birthDate").Text()
			l.Include = by.Decide(packageAction(handover.Order{Patient: p.ID})) == nil
			l.Differs, l.JSON = p.Differs, p.JSON
		}
		all = append(all, l)
	}
	return all, note, nil
}

// readingPatient is what auth has to know of somebody who reads a Patient.
func readingPatient(id string) auth.Action {
	return auth.Action{Verb: auth.VerbRead, Type: "Patient", ID: id, Owners: []string{id}}
}

// MayInclude returns nil if the principal may let the records of these patients into a package of another one that people
// approve, and otherwise the refusal: each is a record of its own.
func (s *Service) MayInclude(p auth.Principal, patients ...string) error {
	for _, id := range patients {
		if err := p.Decide(readingPatient(id)); err != nil {
			return err
		}
	}
	return nil
}
