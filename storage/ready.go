package storage

import (
	"context"
	"errors"

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
