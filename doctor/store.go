package doctor

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"satchel/audit"
	"satchel/engine"
	"satchel/storage"
)

const restoreHint = "stop the server and restore the newest backup: satchel restore FILE --replace"

func (d *Examination) integrity(ctx context.Context, s *storage.Store) error {
	found, err := s.Integrity(ctx)
	if len(found) > 0 {
		d.Problem("integrity", restoreHint, found, "SQLite finds %d faults in the database", len(found))
	} else if err == nil {
		d.good("integrity", "SQLite finds no fault in the database")
	}
	return err
}

func (d *Examination) hashes(ctx context.Context, s *storage.Store) error {
	checked, damaged, err := s.VerifyHashes(ctx)
	if len(damaged) > 0 {
		d.Problem("content", restoreHint+"; or write the named resources again", damaged, "%d of %d versions are not what was stored", len(damaged), checked)
	} else if err == nil {
		d.good("content", "all %d versions are what was stored", checked)
	}
	return err
}

func (d *Examination) derived(ctx context.Context, s *storage.Store) error {
	found, err := s.CheckOwners(ctx)
	if len(found) > 0 {
		d.Problem("index", "satchel doctor --rebuild", found, "the tables that are derived from the resources differ from them")
	} else if err == nil {
		d.good("index", "owners and search index are what the resources say")
	}
	return err
}

// unassigned counts what ought to be some patient's and is nobody's.
func (d *Examination) unassigned(ctx context.Context, s *storage.Store) error {
	all, err := s.Unassigned(ctx)
	if err != nil {
		return err
	}
	var n int64
	var types []string
	for _, c := range all {
		n += c.N
		types = append(types, fmt.Sprintf("%d %s", c.N, c.Type))
	}
	if n > 0 {
		d.note("unassigned", "satchel unassigned list, or Unassigned on the pages: say whose they are, or that they are nobody's", "%d resources belong to no patient, so that no patient's copy holds them: %s", n, strings.Join(types, ", "))
	} else {
		d.good("unassigned", "whatever ought to be some patient's is")
	}
	return nil
}

const auditHint = "keep this data directory as it is and find out who wrote to it; satchel audit verify shows all places"

// audit walks along the whole chain, and compares it with the anchors that were kept beside it.
func (d *Examination) audit(ctx context.Context, s *storage.Store) error {
	anchors, unread := storage.ReadAuditAnchors(d.Config.Anchors())
	v, err := s.VerifyAudit(ctx, anchors...)
	if n := len(v.Faults) + v.More; n > 0 {
		var details []string
		for _, f := range v.Faults {
			details = append(details, fmt.Sprintf("events %d to %d: %s: %s", f.From, f.To, f.Kind, f.Text))
		}
		d.Problem("audit log", auditHint, details, "it has %d faults", n)
	} else if err == nil {
		d.good("audit log", "its %d events are a whole chain, as %d anchors knew it", v.Rows, v.Anchors)
	}
	d.anchors(ctx, s, anchors, unread)
	return err
}

// anchors looks whether the log still has the event of the last anchor, which takes one look, and whether there are any.
func (d *Examination) anchors(ctx context.Context, s *storage.Store, anchors []audit.Anchor, unread error) {
	const check = "audit anchors"
	if unread != nil {
		d.Problem(check, auditHint, strings.Split(unread.Error(), "\n"), "%s has lines that are no anchors", filepath.Base(d.Config.Anchors()))
		return
	}
	if len(anchors) == 0 {
		starts, _, err := s.AuditEvents(ctx, audit.Filter{Actions: []audit.Action{audit.Start}}, audit.Page{Count: 1})
		if err != nil || len(starts) > 0 {
			d.Problem(check, auditHint, nil, "%s is gone, or empty, although the server has run", filepath.Base(d.Config.Anchors()))
			return
		}
		d.note(check, "", "there are none before the server's first start")
		return
	}
	last := slices.MaxFunc(anchors, func(a, b audit.Anchor) int { return cmp.Compare(a.Seq, b.Seq) })
	found, _, err := s.AuditEvents(ctx, audit.Filter{Seqs: []int64{last.Seq}}, audit.Page{Count: 1})
	if err != nil || last.Seq > 0 && (len(found) == 0 || found[0].Hash != hex.EncodeToString(last.Hash[:])) {
		d.Problem(check, auditHint, nil, "the log does not have the event %d as it was on %s: its end was cut off, or it was written anew", last.Seq, last.Time.Format(time.DateOnly))
		return
	}
	d.good(check, "the log has the event of the last of %d anchors, of %s; keep a copy of %s elsewhere", len(anchors), last.Time.Format(time.DateOnly), filepath.Base(d.Config.Anchors()))
}

// accounts looks whether somebody can administer the server.
func (d *Examination) accounts(ctx context.Context, s *storage.Store) {
	accounts, err := s.Accounts(ctx)
	if err != nil {
		d.Problem("accounts", restoreHint, nil, "they cannot be read")
		return
	}
	d.secondFactors(s, accounts)
	for _, a := range accounts {
		for _, p := range a.Authorities {
			if p.Permission == "ROLE_SUPERUSER" && !a.Locked && !a.Disabled {
				d.good("accounts", "there is an administrator")
				return
			}
		}
	}
	d.Problem("accounts", "satchel user add NAME --role SUPERUSER", nil, "no account that can sign in is an administrator (ROLE_SUPERUSER)")
}

// secondFactors looks whether the key is there that opens the secrets of second factors.
func (d *Examination) secondFactors(s *storage.Store, accounts []storage.Account) {
	var on, lost []string
	for _, a := range accounts {
		if a.TOTP == nil {
			continue
		}
		on = append(on, a.Name)
		if _, err := s.Unseal(a.Name, a.TOTP); err != nil {
			lost = append(lost, a.Name)
		}
	}
	switch {
	case len(lost) > 0:
		d.Problem("second factors", "restore "+storage.AccountKeyFile+" from a backup, or: satchel user reset-two-factor NAME", lost,
			"those of %d accounts cannot be checked with the key in %s", len(lost), storage.AccountKeyFile)
	case len(on) > 0:
		d.good("second factors", "%d accounts have one, and their key is there", len(on))
	}
}

// files looks whether the files of complete exports are there, with their sizes.
func (d *Examination) files(ctx context.Context, s *storage.Store) {
	jobs, err := s.Jobs(ctx, engine.ExportKinds...)
	if err != nil {
		d.Problem("exports", restoreHint, nil, "they cannot be read")
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
			place := filepath.Join(j.ID, filepath.FromSlash(f.InFolder()))
			info, err := os.Stat(filepath.Join(d.Config.BulkExport.Folder, place))
			if err != nil || info.Size() != f.Bytes {
				missing = append(missing, place)
			}
		}
	}
	if len(missing) > 0 {
		d.Problem("exports", "delete those exports and start them again", missing, "%d files of complete exports are missing or have another size", len(missing))
		return
	}
	d.good("exports", "the files of all complete exports are there")
}
