package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"satchel/storage"
)

// The states of a finding.
const (
	stateGood    = "good"
	stateNote    = "note"    // worth knowing
	stateProblem = "problem" // to be put right
)

// finding is what one check of the doctor has to say. Text and Do hold no ids; Details may.
type finding struct {
	Check   string   `json:"check"`
	State   string   `json:"state"`
	Text    string   `json:"text"`
	Do      string   `json:"do,omitempty"`      // what to do about it
	Details []string `json:"details,omitempty"` // the places, at most maxDetails; left out of a support bundle
}

const maxDetails = 20

// doctor examines one data directory. It changes nothing.
type doctor struct {
	cfg      *Config
	now      time.Time
	findings []finding
}

func (d *doctor) good(check, format string, args ...any) {
	d.findings = append(d.findings, finding{Check: check, State: stateGood, Text: fmt.Sprintf(format, args...)})
}

func (d *doctor) note(check, do, format string, args ...any) {
	d.findings = append(d.findings, finding{Check: check, State: stateNote, Text: fmt.Sprintf(format, args...), Do: do})
}

func (d *doctor) problem(check, do string, details []string, format string, args ...any) {
	if len(details) > maxDetails {
		details = append(details[:maxDetails:maxDetails], fmt.Sprintf("and %d more", len(details)-maxDetails))
	}
	d.findings = append(d.findings, finding{Check: check, State: stateProblem, Text: fmt.Sprintf(format, args...), Do: do, Details: details})
}

// sick reports whether a check found a problem.
func (d *doctor) sick() bool {
	for _, f := range d.findings {
		if f.State == stateProblem {
			return true
		}
	}
	return false
}

// examine runs all checks. quick leaves out those that read the whole database.
func (d *doctor) examine(ctx context.Context, quick bool) {
	d.good("settings", "%s can be used", d.cfg.File)
	d.permissions()
	d.disk()
	d.certificate(ctx)
	d.backups()
	if free := d.running(); free {
		d.good("server", "no server runs on this data directory")
	}
	if c, ok := d.schema(ctx); ok {
		d.clock(c)
		d.store(ctx, quick)
	}
}

// permissions looks for files that others than the owner may read. Windows has no such bits; there the rights of the
// data directory count.
func (d *doctor) permissions() {
	if runtime.GOOS == "windows" {
		return
	}
	var open []string
	err := filepath.WalkDir(d.cfg.Data, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil && info.Mode()&os.ModeSymlink == 0 && info.Mode().Perm()&0o077 != 0 {
			open = append(open, fmt.Sprintf("%s has mode %o", path, info.Mode().Perm()))
		}
		return err
	})
	if key, e := os.Stat(d.cfg.TLS.KeyFile); e == nil && key.Mode().Perm()&0o077 != 0 {
		open = append(open, fmt.Sprintf("%s has mode %o", d.cfg.TLS.KeyFile, key.Mode().Perm()))
	}
	switch {
	case err != nil:
		d.problem("permissions", "run this as the account that the server runs as, or as root", nil, "the data directory cannot be read: %v", err)
	case len(open) > 0:
		d.problem("permissions", "chmod -R go-rwx "+d.cfg.Data, open, "others on this machine may read %d files or folders", len(open))
	default:
		d.good("permissions", "only the owner may read the data directory")
	}
}

func (d *doctor) disk() {
	free, floor := d.cfg.freeDisk()
	switch {
	case floor == 0:
		d.note("disk", "", "the disk does not tell how much is free")
	case free < floor:
		d.problem("disk", "make room, or lower disk.min_free", nil, "%d MB are free; below %d MB no export begins", free/1e6, floor/1e6)
	default:
		d.good("disk", "%d MB are free; exports begin down to %d MB", free/1e6, floor/1e6)
	}
	if text := d.cfg.warnOfWAL(); text != "" {
		d.note("disk", "restart the server when convenient", "%s", text)
	}
	root, err := os.OpenRoot(d.cfg.BulkExport.Folder)
	if err == nil {
		err = writableFolder(root)(context.Background())
		root.Close()
	}
	if errors.Is(err, fs.ErrNotExist) {
		d.note("export folder", "", "it is not there; the server makes it at its start")
	} else if err != nil {
		d.problem("export folder", "give the account of the server the right to write there", nil, "%v", err)
	} else {
		d.good("export folder", "files can be made in it")
	}
}

func (d *doctor) certificate(ctx context.Context) {
	leaf, err := leafOnDisk(ctx, d.cfg)
	switch {
	case d.cfg.TLS.Mode == tlsOff && d.cfg.HTTP.InsecureHTTP:
		d.note("certificate", "set tls.mode", "plain HTTP is allowed on every address (http.insecure_http)")
	case d.cfg.TLS.Mode == tlsOff:
		d.good("certificate", "the server speaks plain HTTP, on this machine only")
	case err != nil:
		d.problem("certificate", "see [tls] in config.toml", nil, "the certificate cannot be read: %v", err)
	case leaf == nil:
		d.note("certificate", "", "there is none yet; the server gets it at its first use")
	case warnOfExpiry(leaf, d.now) != "":
		d.problem("certificate", map[string]string{
			tlsFiles:   "put a new one into tls.cert_file and tls.key_file; no restart is needed",
			tlsLocalCA: "the server renews it while it runs; if the authority itself ends, see: satchel tls status",
			tlsACME:    "the server must be reachable from the internet on port 443; its log says why it could not renew",
		}[d.cfg.TLS.Mode], nil, "%s (%s)", warnOfExpiry(leaf, d.now), leaf.NotAfter.Format(time.DateOnly))
	default:
		d.good("certificate", "good until %s", leaf.NotAfter.Format(time.DateOnly))
	}
}

func (d *doctor) backups() {
	last := lastBackup(d.cfg)
	every := time.Duration(d.cfg.Backup.Every)
	switch {
	case d.cfg.Backup.Folder == "":
		d.note("backup", "set backup.folder, best on another disk, or run `satchel backup` regularly", "no backups are made by themselves")
	case last.IsZero():
		d.problem("backup", "start the server and see its log", nil, "there is no backup in %q", d.cfg.Backup.Folder)
	case d.now.Sub(last) > 2*every:
		d.problem("backup", "see the server's log", nil, "the newest backup is of %s and one is due every %s", last.Format(time.RFC3339), d.cfg.Backup.Every)
	default:
		d.good("backup", "the newest is of %s", last.Format(time.RFC3339))
	}
}

// running reports that no server holds the data directory.
func (d *doctor) running() (free bool) {
	lock := filepath.Join(d.cfg.Data, "satchel.lock")
	if _, err := os.Stat(lock); err != nil {
		return true
	}
	unlock, err := storage.LockFile(lock)
	if errors.Is(err, storage.ErrLocked) {
		d.good("server", "a server runs on this data directory")
		return false
	}
	if err == nil {
		unlock()
	}
	return true
}

// schema looks at the database from outside; ok if this program can open it without migrating it.
func (d *doctor) schema(ctx context.Context) (c storage.Contents, ok bool) {
	c, err := storage.Inspect(ctx, d.cfg.database())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.problem("database", "satchel init, or satchel restore FILE", nil, "there is no database in %q", d.cfg.Data)
	case err != nil:
		d.problem("database", "restore the newest backup: satchel restore FILE --replace", nil, "it cannot be read: %v", err)
	case c.Schema > storage.Schema():
		d.problem("database", useInstead(d.cfg, c.Schema), nil, "it has schema %d, newer than schema %d of this program", c.Schema, storage.Schema())
	case c.Schema < storage.Schema():
		d.note("database", "start the server; it copies the database first", "it has schema %d and will be migrated to %d; its content was not examined", c.Schema, storage.Schema())
	default:
		d.good("database", "schema %d, %d versions of resources", c.Schema, c.Versions)
		return c, true
	}
	return c, false
}

// clock compares the wall clock with the last write: the server never stamps backwards, so a clock that is behind makes
// all new stamps wrong.
func (d *doctor) clock(c storage.Contents) {
	if ahead := c.Time.Sub(d.now); ahead > time.Minute {
		d.problem("clock", "set the clock of this machine by NTP", nil, "the last write is stamped %s ahead of this machine's clock", ahead.Round(time.Second))
		return
	}
	d.good("clock", "it is not behind the last write")
}

// store looks into the database.
func (d *doctor) store(ctx context.Context, quick bool) {
	s, err := openStore(ctx, d.cfg, storage.Options{})
	if err != nil {
		d.problem("database", "run this as the account that the server runs as", nil, "%v", err)
		return
	}
	defer s.Close()
	d.accounts(ctx, s)
	d.files(ctx, s)
	if quick {
		d.note("content", "", "the content of the database was not examined (--quick)")
		anchors, unread := storage.ReadAuditAnchors(d.cfg.anchors())
		d.anchors(ctx, s, anchors, unread)
		return
	}
	for _, check := range []func(context.Context, *storage.Store) error{d.integrity, d.hashes, d.derived, d.audit} {
		if err := check(ctx, s); err != nil {
			d.problem("database", "run this again; if it stays, restore the newest backup", nil, "a check could not be ended: %s", firstWords(err))
		}
	}
}

// firstWords is an error without what may follow as an id.
func firstWords(err error) string {
	text, _, _ := strings.Cut(err.Error(), ": rid")
	return text
}
