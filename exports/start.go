package exports

import (
	"context"
	"slices"
	"strings"

	"satchel/audit"
	"satchel/auth"
	"satchel/engine/bulk"
	"satchel/engine/pack"
	"satchel/handover"
	"satchel/storage"
)

// StartExport starts a Bulk Data export and returns its job within milliseconds. url is the kick-off as the client sent it;
// r.Base is the FHIR base under which attachments are found. Errors: forbidden while exports are switched off, or without
// permission; and those of [engine.Engine.Start].
func (s *Service) StartExport(ctx context.Context, by auth.Actor, r bulk.Request, url string) (storage.Job, audit.Note, error) {
	note := s.exportNote(ctx, by, r)
	r, err := s.allowExport(by, r)
	if err != nil {
		return storage.Job{}, note, err
	}
	event := note.Event
	event.Target = "" // the job
	job, err := s.Engine.Start(ctx, event, by.Who.Name, url, r)
	if err != nil {
		return storage.Job{}, note, err
	}
	return job, note.Done(job.ID), nil
}

// allowExport decides on an export, and returns it narrowed and with the settings.
func (s *Service) allowExport(by auth.Actor, r bulk.Request) (bulk.Request, error) {
	if err := s.on(); err != nil {
		return r, err
	}
	r.InlineMost = s.InlineMost
	named := r.Types
	if err := narrow(by, &r); err != nil {
		return r, err
	}
	s.support(by, &r, named)
	return r, nil
}

// exportNote is the event of the start of an export: of whom, and by which parameters. Until there is a job, its target is
// the Group or Patient that the export is of.
func (s *Service) exportNote(ctx context.Context, by auth.Actor, r bulk.Request) audit.Note {
	note := by.Note(audit.ExportStart)
	note.Words("level %s", r.Level)
	switch {
	case r.Group != "":
		note.Target = "Group/" + r.Group
		note.Words("Group/%s", r.Group)
	case len(r.Patients) == 1:
		note.Target = "Patient/" + r.Patients[0]
	}
	if names := r.ParamNames(); len(names) > 0 {
		note.Words("parameters: %s", strings.Join(names, " "))
	}
	switch {
	case r.Patients != nil:
		note.About(r.Patients...)
	case r.Group == "":
		note.About(audit.Everybody)
	default:
		if members, err := s.Engine.Bulk.Members(ctx, r.Group); err == nil { // else the start says what is wrong with the group
			note.About(members...)
		}
	}
	return note
}

// StartPackage starts the making of a package and returns its job within milliseconds. url is the kick-off as the client sent
// it. Errors: forbidden while packages of everybody are switched off and r is one, or without permission; those of
// [pack.CheckLinked] and of [engine.Engine.StartPackage].
func (s *Service) StartPackage(ctx context.Context, by auth.Actor, r handover.Order, url string) (storage.Job, audit.Note, error) {
	note := packageNote(by, r)
	if err := s.allowPackage(ctx, by, &r); err != nil {
		return storage.Job{}, note, err
	}
	event := note.Event
	event.Target = "" // the job
	job, err := s.Engine.StartPackage(ctx, event, by.Who.Name, url, r)
	if err != nil {
		return storage.Job{}, note, err
	}
	return job, note.Done(job.ID), nil
}

// allowPackage decides on a package. Of linked patients those are in it that the order names, each with the right to the record.
func (s *Service) allowPackage(ctx context.Context, by auth.Actor, r *handover.Order) error {
	if err := r.Check(); err != nil {
		return err
	}
	if r.Population {
		if err := s.on(); err != nil {
			return err
		}
	}
	if err := by.Decide(packageAction(*r)); err != nil {
		return err
	}
	_, err := pack.CheckLinked(ctx, s.Store, storage.Latest, *r)
	return err
}

// packageNote is the event of the start of a package.
func packageNote(by auth.Actor, r handover.Order) audit.Note {
	note := by.Note(audit.ExportStart)
	if r.Patient != "" {
		note.Target = "Patient/" + r.Patient
		note.Words("package of a patient, %d linked, %d withheld", len(r.Linked), len(r.Withhold))
		note.About(slices.Concat([]string{r.Patient}, r.Linked)...)
	} else {
		note.Words("package of everything")
		note.About(audit.Everybody)
	}
	if r.RequestID != "" {
		note.Words("for %s", r.RequestID)
	}
	return note
}
