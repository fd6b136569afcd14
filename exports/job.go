package exports

import (
	"context"
	"slices"

	"satchel/audit"
	"satchel/auth"
	"satchel/engine"
	"satchel/engine/bulk"
	"satchel/engine/pack"
	"satchel/storage"
)

// Kinds are the kinds of jobs that a face knows: a job of another kind is not there for it.
type Kinds []string

// The kinds that faces know.
var (
	Bulk     = Kinds{bulk.Kind}
	Packages = Kinds{pack.Kind}
	Both     = Kinds(engine.ExportKinds)
)

// Job returns a job with its files, decided with the actor's permissions as they are now, on all that the job holds.
// Errors: not-found if there is none of these kinds, or none for this actor; forbidden.
func (s *Service) Job(ctx context.Context, by auth.Actor, id string, kinds Kinds) (storage.Job, audit.Note, error) {
	note := by.Note(audit.ExportStatus)
	job, err := s.visible(ctx, by, id, kinds, &note)
	return job, note, err
}

// visible reads a job and decides. The note gets the job for its target, and its patients.
func (s *Service) visible(ctx context.Context, by auth.Actor, id string, kinds Kinds, note *audit.Note) (storage.Job, error) {
	job, err := s.Store.Job(ctx, id)
	if err != nil {
		return storage.Job{}, hidden(err)
	}
	if !slices.Contains(kinds, job.Kind) {
		return storage.Job{}, gone()
	}
	note.Target = job.ID
	do, err := s.jobAction(job)
	if err != nil {
		return storage.Job{}, hidden(err)
	}
	note.About(do.Job.Export.Patients...)
	if err := by.Decide(do); err != nil {
		return storage.Job{}, hidden(err)
	}
	return job, nil
}

// Listed is a job of a list, without its files.
type Listed struct {
	storage.Job
	Own bool // the actor has started it
	May bool // the actor may have all that it holds; only then a list tells whose record that is
}

// List is the jobs that an actor may know of.
type List struct {
	Jobs []Listed // newest first
	All  bool     // it has those of all accounts
}

// Jobs lists the actor's own jobs of some kinds, and those of all accounts to who may see all jobs.
func (s *Service) Jobs(ctx context.Context, by auth.Actor, kinds Kinds) (List, audit.Note, error) {
	note := by.Note(audit.JobList)
	list := List{All: by.Decide(auth.Action{Verb: auth.VerbJobs}) == nil}
	jobs, err := s.Store.Jobs(ctx, kinds...)
	if err != nil {
		return List{}, note, err
	}
	for _, job := range jobs {
		own := owns(by, job)
		if !own && !list.All {
			continue
		}
		do, err := s.jobAction(job)
		if err != nil {
			return List{}, note, err
		}
		list.Jobs = append(list.Jobs, Listed{Job: job, Own: own, May: by.Decide(do) == nil})
	}
	return list, note, nil
}

// MayEnd reports whether the principal may end jobs of others.
func (s *Service) MayEnd(p auth.Principal) bool {
	return p.Decide(auth.Action{Verb: auth.VerbJobCancel}) == nil
}

// Ending returns a job that the actor may end: one that the actor may have, and any to who may cancel jobs. Of a job that the
// actor may not have, nothing is returned but how far it is.
func (s *Service) Ending(ctx context.Context, by auth.Actor, id string, kinds Kinds) (storage.Job, audit.Note, error) {
	note := by.Note(audit.ExportDelete)
	job, err := s.visible(ctx, by, id, kinds, &note)
	if err == nil || note.Target == "" || by.Decide(auth.Action{Verb: auth.VerbJobCancel}) != nil {
		return job, note, err
	}
	if job, err = s.Store.Job(ctx, id); err != nil {
		return storage.Job{}, note, hidden(err)
	}
	job.Files, job.Outcome = nil, nil
	return job, note, nil
}

// End cancels a job, or removes it with its files; from the return on, it does not exist. Errors are those of [Service.Ending].
func (s *Service) End(ctx context.Context, by auth.Actor, id string, kinds Kinds) (audit.Note, error) {
	job, note, err := s.Ending(ctx, by, id, kinds)
	if err != nil {
		return note, err
	}
	if err := s.Engine.Cancel(ctx, note.Event, job.ID); err != nil {
		return note, hidden(err)
	}
	return note.Done(job.ID), nil
}

// RemoveAccount removes an account, as [auth.Service.RemoveAccount] decides, and ends its jobs.
func (s *Service) RemoveAccount(ctx context.Context, by auth.Actor, accounts *auth.Service, name string) (audit.Note, error) {
	return s.endFor(ctx, by, name, accounts.RemoveAccount)
}

// RemoveClient removes a client, as [auth.Service.RemoveClient] decides, and ends its jobs.
func (s *Service) RemoveClient(ctx context.Context, by auth.Actor, accounts *auth.Service, name string) (audit.Note, error) {
	return s.endFor(ctx, by, name, accounts.RemoveClient)
}

// endFor removes an account or client, and ends its jobs.
func (s *Service) endFor(ctx context.Context, by auth.Actor, name string, remove func(context.Context, auth.Actor, string) (audit.Note, error)) (note audit.Note, err error) {
	err = s.Engine.CancelFor(ctx, name, func() (err error) {
		note, err = remove(ctx, by, name)
		return err
	})
	return note, err
}

// Open opens a file of a complete job. The caller closes it. Errors: not-found, forbidden.
func (s *Service) Open(ctx context.Context, by auth.Actor, id, name string, kinds Kinds) (*engine.File, audit.Note, error) {
	note := by.Note(audit.ExportFile)
	if _, err := s.visible(ctx, by, id, kinds, &note); err != nil {
		return nil, note, err
	}
	f, err := s.Engine.Open(ctx, id, name)
	if err != nil {
		return nil, note, hidden(err)
	}
	note.Target = f.Job.ID + "/" + f.Info.Name
	note.Words("%d bytes, sha256 %x", f.Info.Bytes, f.Info.SHA256)
	return f, note, nil
}
