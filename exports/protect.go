package exports

import (
	"context"

	"satchel/audit"
	"satchel/auth"
	"satchel/handover"
	"satchel/storage"
)

// Protected is a copy of a package that only opens with a passphrase.
type Protected struct {
	Files []storage.JobFile // one for each ZIP file of the package
	Made  string            // a passphrase that was made, if none was given; it is kept nowhere
}

// Protect makes a copy of a complete package that only opens with the passphrase; with "" one is made. form is age or html.
// Errors: not-found, forbidden, and those of [engine.Engine.Protect].
func (s *Service) Protect(ctx context.Context, by auth.Actor, id, form, passphrase string) (p Protected, note audit.Note, err error) {
	note = by.Note(audit.Package)
	job, err := s.visible(ctx, by, id, Packages, &note)
	if err != nil {
		return p, note, err
	}
	if passphrase == "" {
		if p.Made, err = handover.NewPassphrase(); err != nil {
			return p, note, err
		}
		passphrase = p.Made
	}
	note.Words("protected by a passphrase")
	if p.Files, err = s.Engine.Protect(ctx, note.Event, job.ID, form, passphrase); err != nil {
		return Protected{}, note, hidden(err)
	}
	return p, note.Done(job.ID), nil
}
