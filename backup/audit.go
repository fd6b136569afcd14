package backup

import (
	"context"
	"fmt"

	"satchel/audit"
	"satchel/config"
	"satchel/datadir"
	"satchel/storage"
)

// Audit notes a backup in the audit log: who has it has all data. A database of an older schema, which is copied
// before an upgrade, is left as it is.
func Audit(ctx context.Context, cfg *config.Config, who audit.Who, n Note) error {
	if n.Contents.Schema != storage.Schema() {
		return nil
	}
	s, err := datadir.Open(ctx, cfg, storage.Options{})
	if err != nil {
		return err
	}
	defer s.Close()
	err = s.Audit(ctx, audit.Event{Who: who, Action: audit.Backup, Detail: fmt.Sprintf("as of write %d", n.Contents.Seq)})
	if err != nil {
		return fmt.Errorf("the backup is made but not noted in the audit log: %w", err)
	}
	return s.Close()
}

// auditRestore notes in a restored database what it was restored from.
func auditRestore(ctx context.Context, s *storage.Store, who audit.Who, n Note) error {
	return s.Audit(ctx, audit.Event{Who: who, Action: audit.Restore,
		Detail: fmt.Sprintf("from the backup of %s, write %d", n.Made.Format("2006-01-02T15:04:05Z07:00"), n.Contents.Seq)})
}
