package main

import (
	"context"
	"fmt"
	"os/user"

	"satchel/audit"
	"satchel/storage"
)

// whoRuns is the user of the operating system who runs a command, for the audit log.
func whoRuns() audit.Who {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return audit.Who{Name: name, Kind: audit.CLI}
}

// auditBackup notes a backup in the audit log: who has it has all data. A database of an older schema, which is copied
// before an upgrade, is left as it is.
func auditBackup(ctx context.Context, cfg *Config, who audit.Who, n note) error {
	if n.Contents.Schema != storage.Schema() {
		return nil
	}
	s, err := openStore(ctx, cfg, storage.Options{})
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
func auditRestore(ctx context.Context, s *storage.Store, n note) error {
	return s.Audit(ctx, audit.Event{Who: whoRuns(), Action: audit.Restore,
		Detail: fmt.Sprintf("from the backup of %s, write %d", n.Made.Format("2006-01-02T15:04:05Z07:00"), n.Contents.Seq)})
}
