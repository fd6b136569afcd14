package exports

import (
	"context"
	"errors"

	"satchel/audit"
	"satchel/auth"
	"satchel/engine"
	"satchel/engine/imports"
	"satchel/storage"
)

// importAction is what auth has to know of whatever is done with imports.
var importAction = auth.Action{Verb: auth.VerbWrite}

// MayImport returns nil if the principal may import files, and otherwise the refusal: it must be allowed to write everything,
// since files may hold everything. The same holds for looking at imports and stopping them, whoever began them.
func MayImport(p auth.Principal) error {
	return p.Decide(importAction)
}

// importing decides on a deed with imports and begins its event. id is the import's; "" for none.
func (s *Service) importing(by auth.Actor, id string) (audit.Note, error) {
	note := by.Note(audit.Import)
	note.Target = id
	return note, by.Decide(importAction)
}

// NewUpload makes an empty upload, before anything of it is read. most is how many bytes it may have; 0: what the disk has
// room for. The caller ends it by [Service.StartImport] or its Discard. Errors: forbidden, and those of
// [engine.Engine.NewUpload].
func (s *Service) NewUpload(by auth.Actor, most int64) (*engine.Upload, audit.Note, error) {
	note, err := s.importing(by, "")
	if err != nil {
		return nil, note, err
	}
	u, err := s.Engine.NewUpload(most)
	return u, note, err
}

// StartImport starts the import of an upload, which belongs to the job from here on, or is gone if there is an error: forbidden,
// value for choices that make no sense, and those of [engine.Engine.StartImport].
func (s *Service) StartImport(ctx context.Context, by auth.Actor, u *engine.Upload, c imports.Choices) (storage.Job, audit.Note, error) {
	note, err := s.importing(by, "")
	if err = errors.Join(err, c.Check()); err != nil {
		u.Discard()
		return storage.Job{}, note, err
	}
	n, bytes := u.Files()
	note.Words("upload, %d files, %d bytes", n, bytes)
	job, err := s.Engine.StartImport(ctx, note.Event, u, c)
	if err != nil {
		return storage.Job{}, note, err
	}
	return job, note.Done(job.ID), nil
}

// RunImport reads files into the store at once, without a job: for the command line. It is [imports.Import.Run], which leaves
// the events of its begin and end in the audit log. Errors: forbidden, and those of that.
func (s *Service) RunImport(ctx context.Context, by auth.Actor, m imports.Import, paths ...string) (map[string]imports.Counts, error) {
	note, err := s.importing(by, "")
	if err != nil {
		return nil, s.refused(ctx, note, err)
	}
	if err := m.Choices.Check(); err != nil {
		return nil, err
	}
	m.Store, m.Who = s.Store, by.Who
	return m.Run(ctx, paths...)
}

// Imports lists the imports of all accounts, the newest first.
func (s *Service) Imports(ctx context.Context, by auth.Actor) ([]storage.Job, audit.Note, error) {
	note, err := s.importing(by, "")
	if err != nil {
		return nil, note, err
	}
	jobs, err := s.Store.Jobs(ctx, imports.Kind)
	return jobs, note, err
}

// Import returns an import with the findings that its row holds. Errors: not-found, forbidden.
func (s *Service) Import(ctx context.Context, by auth.Actor, id string) (storage.Job, []storage.JobFinding, audit.Note, error) {
	note, err := s.importing(by, id)
	if err != nil {
		return storage.Job{}, nil, note, err
	}
	job, err := s.Engine.ImportJob(ctx, id)
	if err != nil {
		return storage.Job{}, nil, note, err
	}
	found, err := s.Store.JobFindings(ctx, id)
	return job, found, note, err
}

// ImportFindings opens the CSV with all findings of an import that has ended. The caller closes it. Errors: not-found,
// forbidden.
func (s *Service) ImportFindings(ctx context.Context, by auth.Actor, id string) (*engine.File, audit.Note, error) {
	note, err := s.importing(by, id)
	if err != nil {
		return nil, note, err
	}
	note.Words("findings")
	f, err := s.Engine.ImportFindings(ctx, id)
	return f, note, err
}

// StopImport ends an import; what it has stored stays, and one that has ended already stays as it is. Errors: not-found,
// forbidden.
func (s *Service) StopImport(ctx context.Context, by auth.Actor, id string) (audit.Note, error) {
	note, err := s.importing(by, id)
	if err != nil {
		return note, err
	}
	note.Words("stop")
	if err := s.Engine.StopImport(ctx, note.Event, id); err != nil {
		return note, err
	}
	return note.Done(id), nil
}
