package exports

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"strings"
	"time"

	"satchel/audit"
	"satchel/auth"
	"satchel/engine"
	"satchel/engine/bulk"
	"satchel/engine/pack"
)

// RunExport runs an export at once into a folder, without a job: for the command line. progress may be nil. r.Base is where
// attachments that are too large are served, if the server has an address that is known. It leaves the
// events of a job in the audit log, with a target of its own. Errors are those of [Service.StartExport] and
// [bulk.Exporter.Export].
func (s *Service) RunExport(ctx context.Context, by auth.Actor, r bulk.Request, folder *os.Root, progress func(done, total int64)) (bulk.Manifest, error) {
	note := s.exportNote(ctx, by, r)
	r, err := s.allowExport(by, r)
	if err != nil {
		return bulk.Manifest{}, s.refused(ctx, note, err)
	}
	if r.InlineMost == 0 {
		r.Base = "" // nothing needs an address, and in a folder all stays as it is stored
	}
	note = note.Done(runID())
	if err := s.Store.Audit(ctx, note.Event); err != nil {
		return bulk.Manifest{}, err
	}
	m, err := s.Engine.Bulk.Export(ctx, r, folder, progress)
	return m, s.ended(ctx, note, audit.Event{Action: audit.ExportComplete, Patients: m.Others, Detail: engine.FilesText(m.Files)}, err)
}

// RunPackage makes a package at once, without a job: for the command line. progress may be nil. after, which may be nil too,
// is called with the package before the audit log hears that it is made, such as to encrypt it. It leaves the events of a job
// in the audit log, with the package's name for the job as their target.
func (s *Service) RunPackage(ctx context.Context, by auth.Actor, q pack.Run, progress func(done, total int64), after func(*pack.Made) error) (pack.Made, error) {
	note := packageNote(by, q.Order)
	if err := s.allowPackage(ctx, by, &q.Order); err != nil {
		return pack.Made{}, s.refused(ctx, note, err)
	}
	if q.Job == "" {
		q.Job = strings.ToLower(rand.Text()[:8])
	}
	note = note.Done(q.Job)
	if err := s.Store.Audit(ctx, note.Event); err != nil {
		return pack.Made{}, err
	}
	h, err := pack.Make(ctx, s.Store, q, progress)
	if err == nil && after != nil {
		err = after(&h)
	}
	end := audit.Event{Action: audit.Package, Patients: h.Patients, Detail: pack.Text(q.RequestID, h)}
	return h, s.ended(ctx, note, end, err)
}

// runID names a run for the audit log.
func runID() string { return "run-" + strings.ToLower(rand.Text()[:12]) }

// refused stores the event of a command that was refused.
func (s *Service) refused(ctx context.Context, n audit.Note, err error) error {
	n.Outcome = audit.Refused
	if noted := s.Store.Audit(context.WithoutCancel(ctx), n.Event); noted != nil {
		return noted
	}
	return err
}

// ended stores how a run ended, also if ctx did.
func (s *Service) ended(ctx context.Context, start audit.Note, end audit.Event, failed error) error {
	if failed != nil {
		end = audit.Event{Action: audit.ExportFailed, Outcome: audit.Failed}
	}
	end.Who, end.Target = start.Who, start.Target
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	if err := s.Store.Audit(ctx, end); err != nil && failed == nil {
		return fmt.Errorf("it is made, but the audit log could not be written: %w", err)
	}
	return failed
}
