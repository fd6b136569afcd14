package storage

import (
	"context"
	"fmt"

	"satchel/fhir"
)

// renewIndex makes owners and entries anew if they were made by an older rule. With a new file that is nothing; with a
// million resources it takes about a minute, once.
func (s *Store) renewIndex(ctx context.Context) error {
	version, err := indexVersion(ctx, s.reads)
	if err != nil {
		return err
	}
	switch {
	case version == fhir.IndexVersion:
		return nil
	case version > fhir.IndexVersion:
		return fmt.Errorf("its index is of version %d, newer than version %d of this program; use the program version that wrote it", version, fhir.IndexVersion)
	}
	return s.write(ctx, func(tx *Tx) error {
		if version, err := indexVersion(ctx, tx); err != nil || version == fhir.IndexVersion {
			return err // another process was faster
		}
		if err := tx.rebuildOwners(ctx); err != nil {
			return err
		}
		return tx.setIndexVersion(fhir.IndexVersion)
	})
}
