package storage

import (
	"context"
	"errors"
	"fmt"

	"satchel/fhir"
)

// errProbe rolls back a transaction that was only to begin.
var errProbe = errors.New("probe")

// Writable is nil if a write transaction can begin. It writes nothing. That another writer is busy is well, too.
func (s *Store) Writable(ctx context.Context) error {
	err := s.write(ctx, func(*Tx) error { return errProbe })
	var known *fhir.Error
	if errors.Is(err, errProbe) || errors.As(err, &known) && known.Code == fhir.CodeTransient {
		return nil
	}
	if ctx.Err() != nil {
		return s.Healthy()
	}
	return err
}

// Healthy is nil as long as the store accepts writes. After a failed commit it is not known what of it is on the disk, so
// nothing more is written until the store is opened again.
func (s *Store) Healthy() error {
	if err := s.latched.Load(); err != nil {
		return *err
	}
	return nil
}

// Checkpoint makes everything committed durable, also what a Bulk store wrote, and tidies up what writing has left beside the
// data, as far as readers allow. For idle moments.
func (s *Store) Checkpoint(ctx context.Context) error {
	if err := s.Healthy(); err != nil {
		return err
	}
	if err := s.w.lock(ctx); err != nil {
		return err
	}
	defer s.w.unlock()
	if err := s.flush(); err != nil {
		return s.refuse(fmt.Errorf("checkpoint: %w", err))
	}
	return nil
}
