// Package worklist is the one way to what belongs to nobody and ought to be somebody's: whoever looks at it, says whose it is or
// takes that back, on a staff page or at the command line, asks here. Nothing is assigned by itself.
//
// Nouns:
//
//   - An entry is a resource that is unassigned, or that staff assigned, with the patients whom it may be about.
//   - A deed is one thing that can be done with an entry: list, look, assign, take back. Each is one method of [Service]; it
//     decides by package auth, and does it together with its event of the audit log.
//
// What an assignment is and when it ends is [storage.Assignment].
package worklist

import (
	"context"

	"satchel/audit"
	"satchel/auth"
	"satchel/fhir"
	"satchel/storage"
)

// Service does the deeds.
type Service struct {
	Store *storage.Store
}

// Entry is a resource of the worklist.
type Entry struct {
	Resource   fhir.Resource
	Assignment *storage.Assignment // what staff said of it; nil: nothing
	Likely     []storage.Likely    // patients whom it mentions, as far as the actor may read them
	Open       bool                // it is unassigned, so that it can be assigned
}

// mostLikely is how many likely patients an entry has.
const mostLikely = 5

// MaySee returns nil if the actor may see something of the worklist: all resources of some type, and otherwise the refusal.
func MaySee(by auth.Actor) error {
	if types(by) != nil {
		return nil
	}
	return by.Decide(auth.Action{Verb: auth.VerbSearch})
}

// types are those of which the actor may read every resource: what is nobody's is in no patient's record.
func types(by auth.Actor) (may []string) {
	for _, typ := range storage.AssignableTypes() {
		if by.Decide(auth.Action{Verb: auth.VerbSearch, Type: typ}) == nil {
			may = append(may, typ)
		}
	}
	return may
}

// Count is how many resources are unassigned, of those that the actor may see.
func (s *Service) Count(ctx context.Context, by auth.Actor) (n int64, err error) {
	may := types(by)
	if may == nil {
		return 0, nil
	}
	_, n, err = s.Store.UnassignedKeys(ctx, storage.UnassignedFilter{Types: may}, 0)
	return n, err
}

// List lists what is unassigned, by type and order of arrival: at most so many behind a cursor, which is "" at the beginning.
// next is "" at the end. typ "" stands for all types. Errors: forbidden.
func (s *Service) List(ctx context.Context, by auth.Actor, typ, cursor string, most int) (all []Entry, next string, note audit.Note, err error) {
	note = by.Note(audit.AssignmentList)
	may := types(by)
	if may == nil {
		return nil, "", note, MaySee(by)
	}
	if typ != "" {
		if err := by.Decide(auth.Action{Verb: auth.VerbSearch, Type: typ}); err != nil {
			return nil, "", note, err
		}
		may = []string{typ}
	}
	found, next, err := s.Store.UnassignedPage(ctx, storage.UnassignedFilter{Types: may}, cursor, most)
	for _, r := range found {
		e := Entry{Resource: r, Open: true}
		if err == nil {
			e.Likely, err = s.likely(ctx, by, &note, r)
		}
		all = append(all, e)
	}
	note.Words("%d resources", len(all))
	return all, next, note, err
}

// likely are the patients whom a resource may be about and whom the actor may read. The note names them.
func (s *Service) likely(ctx context.Context, by auth.Actor, note *audit.Note, r fhir.Resource) ([]storage.Likely, error) {
	d, err := fhir.Parse(r.JSON)
	if err != nil {
		return nil, err
	}
	found, err := s.Store.Likely(ctx, d, mostLikely)
	var all []storage.Likely
	for _, l := range found {
		if by.Decide(readPatient(l.Patient.ID)) == nil {
			all = append(all, l)
			note.About(l.Patient.ID)
		}
	}
	return all, err
}

func readPatient(id string) auth.Action {
	return auth.Action{Verb: auth.VerbRead, Type: "Patient", ID: id, Owners: []string{id}}
}

// Assignments lists what staff said, the newest first, by pages as [Service.List]. Of types, or of patients, that the actor may
// not read nothing is told. Errors: forbidden.
func (s *Service) Assignments(ctx context.Context, by auth.Actor, cursor string, most int) (all []storage.Assignment, next string, note audit.Note, err error) {
	note = by.Note(audit.AssignmentList)
	if err := MaySee(by); err != nil {
		return nil, "", note, err
	}
	found, next, err := s.Store.Assignments(ctx, cursor, most)
	for _, a := range found {
		if s.decideAssigned(by, a) == nil {
			all = append(all, a)
			note.About(patientsOf(a)...)
		}
	}
	note.Words("%d assignments", len(all))
	return all, next, note, err
}

// decideAssigned decides whether the actor may see an assignment.
func (s *Service) decideAssigned(by auth.Actor, a storage.Assignment) error {
	if err := by.Decide(auth.Action{Verb: auth.VerbSearch, Type: a.Type}); err != nil || a.Patient == "" {
		return err
	}
	return by.Decide(readPatient(a.Patient))
}

func patientsOf(a storage.Assignment) []string {
	if a.Patient == "" {
		return nil
	}
	return []string{a.Patient}
}

// Look is one entry. Errors: forbidden; not-found for a resource that is not there, or is neither unassigned nor assigned.
func (s *Service) Look(ctx context.Context, by auth.Actor, typ, id string) (e Entry, note audit.Note, err error) {
	note = by.Note(audit.Read)
	note.Target = typ + "/" + id
	if err := by.Decide(auth.Action{Verb: auth.VerbSearch, Type: typ}); err != nil {
		return e, note, err
	}
	if e.Resource, err = s.Store.Resource(ctx, typ, id); err != nil {
		return e, note, err
	}
	a, err := s.Store.Assignment(ctx, typ, id)
	switch {
	case err == nil:
		if err := s.decideAssigned(by, a); err != nil {
			return Entry{}, note, err
		}
		e.Assignment = &a
		note.About(patientsOf(a)...)
	case !fhir.IsCode(err, fhir.CodeNotFound):
		return e, note, err
	}
	if e.Open, err = s.Store.IsUnassigned(ctx, typ, id); err != nil {
		return e, note, err
	}
	if e.Resource.Deleted || !e.Open && e.Assignment == nil {
		return Entry{}, note, fhir.Errorf(fhir.CodeNotFound, "%s/%s is not on the worklist: it is a patient's, or may be nobody's, or is not there", typ, id)
	}
	e.Likely, err = s.likely(ctx, by, &note, e.Resource)
	return e, note, err
}

// Assign says whose a resource is, or with Patient "" that it is nobody's. Account and Time are set here. It needs the
// right to read and write every resource of the type, and to read the patient. Errors: forbidden, and those of
// [storage.Store.Assign].
func (s *Service) Assign(ctx context.Context, by auth.Actor, a storage.Assignment) (audit.Note, error) {
	note := by.Note(audit.AssignmentMake)
	note.Target = a.Key()
	note.About(patientsOf(a)...)
	if a.Patient == "" {
		note.Words("nobody's")
	}
	if err := decideAssign(by, a); err != nil {
		return note, err
	}
	a.Account = by.Who.Name
	if err := s.Store.Assign(ctx, note.Event, a); err != nil {
		return note, err
	}
	return note.Done(a.Key()), nil
}

// decideAssign decides on saying whose a resource is, and on taking that back.
func decideAssign(by auth.Actor, a storage.Assignment) error {
	for _, verb := range []auth.Verb{auth.VerbSearch, auth.VerbWrite} {
		if err := by.Decide(auth.Action{Verb: verb, Type: a.Type}); err != nil {
			return err
		}
	}
	if a.Patient == "" {
		return nil
	}
	return by.Decide(readPatient(a.Patient))
}

// TakeBack takes back what staff said of a resource: it is unassigned again. It needs the same rights as saying it. Errors:
// forbidden; not-found, if nothing was said.
func (s *Service) TakeBack(ctx context.Context, by auth.Actor, typ, id string) (audit.Note, error) {
	note := by.Note(audit.AssignmentEnd)
	note.Target = typ + "/" + id
	if err := decideAssign(by, storage.Assignment{Type: typ}); err != nil {
		return note, err
	}
	a, err := s.Store.Assignment(ctx, typ, id)
	if err != nil {
		return note, err
	}
	note.About(patientsOf(a)...)
	if err := decideAssign(by, a); err != nil {
		return note, err
	}
	if err := s.Store.Unassign(ctx, note.Event, typ, id); err != nil {
		return note, err
	}
	return note.Done(a.Key()), nil
}
