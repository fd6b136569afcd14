package exports

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"satchel/audit"
	"satchel/auth"
	"satchel/engine/pack"
	"satchel/fhir"
	"satchel/handover"
	"satchel/requests"
	"satchel/storage"
)

// Packager makes the packages of the ledger of requests. The ledger has decided: people have approved the request. What it
// is refused all the same, such as by the switch, is noted here, as nobody else would.
func (s *Service) Packager() requests.Packager { return packager{s} }

type packager struct{ s *Service }

var _ requests.Packager = packager{}

// actor is who does a step in the ledger.
func actor(by requests.By) auth.Actor { return auth.Granted(by.Who, by.From, by.RequestID) }

// settle stores the event of a deed that the ledger was refused.
func (p packager) settle(ctx context.Context, n audit.Note, err error) error {
	if err == nil || n.Stored {
		return err
	}
	n.Outcome = audit.Refused
	if _, known := errors.AsType[*fhir.Error](err); !known {
		n.Outcome = audit.Failed
	}
	if noted := p.s.Store.Audit(context.WithoutCancel(ctx), n.Event); noted != nil {
		return noted
	}
	return err
}

// StartPackage starts the package that a request asks for.
func (p packager) StartPackage(ctx context.Context, by requests.By, url string, order handover.Order) (storage.Job, error) {
	job, note, err := p.s.StartPackage(ctx, actor(by), order, url)
	return job, p.settle(ctx, note, err)
}

// Check refuses a package that could not be started.
func (p packager) Check(ctx context.Context, order handover.Order) error {
	if err := order.Check(); err != nil {
		return err
	}
	_, err := pack.CheckLinked(ctx, p.s.Store, storage.Latest, order)
	return err
}

// Made returns the files of a complete package, without copies under a passphrase, and its verdict.
func (p packager) Made(job storage.Job) ([]storage.JobFile, string, error) {
	o, err := pack.OutcomeOf(job)
	if err != nil {
		return nil, "", err
	}
	var files []storage.JobFile
	for _, f := range job.Files {
		if f.List != pack.ListProtected {
			files = append(files, f)
		}
	}
	return files, string(o.Verdict), nil
}

// Protect makes a copy of each ZIP file of a package that opens with the passphrase.
func (p packager) Protect(ctx context.Context, by requests.By, job string, form requests.Form, passphrase string) ([]storage.JobFile, error) {
	made, note, err := p.s.Protect(ctx, actor(by), job, string(form), passphrase)
	return made.Files, p.settle(ctx, note, err)
}

// Keep keeps the job's files until then at least.
func (p packager) Keep(ctx context.Context, job string, until time.Time) error {
	return p.s.Engine.Keep(ctx, job, until)
}

// Open opens a file of a job, to compare what was given with what is there. Nobody gets it.
func (p packager) Open(ctx context.Context, job, file string) (io.ReadCloser, error) {
	f, err := p.s.Engine.Open(ctx, job, file)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// ledgerBy is the actor as the ledger knows who does something.
func ledgerBy(a auth.Actor) requests.By {
	return requests.By{Who: a.Who, From: a.From, RequestID: a.RequestID}
}

// forApp returns the app or account that asked for a patient's record by $ehi-export as an actor for the job that makes it,
// which people have approved. Errors: not-found for everybody else; forbidden for who may no longer ask.
func forApp(by auth.Actor, e storage.EHIExport) (auth.Actor, error) {
	if !ownsApp(by, e) {
		return auth.Actor{}, gone()
	}
	if err := by.Decide(auth.Action{Verb: auth.VerbEHIExport, ID: e.Patient}); err != nil {
		return auth.Actor{}, err
	}
	app := auth.Granted(by.Who, by.From, by.RequestID)
	app.Status = by.Status
	return app, nil
}

// ownsApp reports whether the actor began the export of an app.
func ownsApp(by auth.Actor, e storage.EHIExport) bool {
	return strings.EqualFold(e.Owner, by.Who.Name) && e.Client == (by.Who.Kind == audit.Client)
}
