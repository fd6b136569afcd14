package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"satchel/storage"
)

const restoreHint = "stop the server and restore the newest backup: satchel restore FILE --replace"

func (d *doctor) integrity(ctx context.Context, s *storage.Store) error {
	found, err := s.Integrity(ctx)
	if len(found) > 0 {
		d.problem("integrity", restoreHint, found, "SQLite finds %d faults in the database", len(found))
	} else if err == nil {
		d.good("integrity", "SQLite finds no fault in the database")
	}
	return err
}

func (d *doctor) hashes(ctx context.Context, s *storage.Store) error {
	checked, damaged, err := s.VerifyHashes(ctx)
	if len(damaged) > 0 {
		d.problem("content", restoreHint+"; or write the named resources again", damaged, "%d of %d versions are not what was stored", len(damaged), checked)
	} else if err == nil {
		d.good("content", "all %d versions are what was stored", checked)
	}
	return err
}

func (d *doctor) derived(ctx context.Context, s *storage.Store) error {
	found, err := s.CheckOwners(ctx)
	if len(found) > 0 {
		d.problem("index", "satchel doctor --rebuild", found, "the tables that are derived from the resources differ from them")
	} else if err == nil {
		d.good("index", "owners and search index are what the resources say")
	}
	return err
}

func (d *doctor) audit(ctx context.Context, s *storage.Store) error {
	v, err := s.VerifyAudit(ctx)
	if n := len(v.Faults) + v.More; n > 0 {
		var details []string
		for _, f := range v.Faults {
			details = append(details, fmt.Sprintf("events %d to %d: %s: %s", f.From, f.To, f.Kind, f.Text))
		}
		d.problem("audit log", "keep this data directory as it is and find out who wrote to it; satchel audit verify shows all places", details, "it has %d faults", n)
	} else if err == nil {
		d.good("audit log", "its %d events are a whole chain", v.Rows)
	}
	return err
}

// accounts looks whether somebody can administer the server.
func (d *doctor) accounts(ctx context.Context, s *storage.Store) {
	accounts, err := s.Accounts(ctx)
	if err != nil {
		d.problem("accounts", restoreHint, nil, "they cannot be read")
		return
	}
	for _, a := range accounts {
		for _, p := range a.Authorities {
			if p.Permission == "ROLE_SUPERUSER" && !a.Locked && !a.Disabled {
				d.good("accounts", "there is an administrator")
				return
			}
		}
	}
	d.problem("accounts", "satchel user add NAME --role SUPERUSER", nil, "no account that can sign in is an administrator (ROLE_SUPERUSER)")
}

// files looks whether the files of complete exports are there, with their sizes.
func (d *doctor) files(ctx context.Context, s *storage.Store) {
	jobs, err := s.Jobs(ctx)
	if err != nil {
		d.problem("exports", restoreHint, nil, "they cannot be read")
		return
	}
	var missing []string
	for _, j := range jobs {
		if j.State != storage.Complete {
			continue
		}
		if j, err = s.Job(ctx, j.ID); err != nil {
			continue // deleted meanwhile
		}
		for _, f := range j.Files {
			info, err := os.Stat(filepath.Join(d.cfg.BulkExport.Folder, j.ID, f.Name))
			if err != nil || info.Size() != f.Bytes {
				missing = append(missing, filepath.Join(j.ID, f.Name))
			}
		}
	}
	if len(missing) > 0 {
		d.problem("exports", "delete those exports and start them again", missing, "%d files of complete exports are missing or have another size", len(missing))
		return
	}
	d.good("exports", "the files of all complete exports are there")
}
