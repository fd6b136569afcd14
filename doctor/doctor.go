// Package doctor examines an installation and says what to do about what it finds.
package doctor

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

	"satchel/backup"
	"satchel/certs"
	"satchel/config"
	"satchel/datadir"
	"satchel/storage"
)

// The states of a finding.
const (
	StateGood    = "good"
	StateNote    = "note"    // worth knowing
	StateProblem = "problem" // to be put right
)

// Finding is what one check of the doctor has to say. Text and Do hold no ids; Details may.
type Finding struct {
	Check   string   `json:"check"`
	State   string   `json:"state"`
	Text    string   `json:"text"`
	Do      string   `json:"do,omitempty"`      // what to do about it
	Details []string `json:"details,omitempty"` // the places, at most maxDetails; left out of a support bundle
}

const maxDetails = 20

// Examination examines one data directory. It changes nothing.
type Examination struct {
	Config   *config.Config
	Now      time.Time
	Findings []Finding
}

func (d *Examination) good(check, format string, args ...any) {
	d.Findings = append(d.Findings, Finding{Check: check, State: StateGood, Text: fmt.Sprintf(format, args...)})
}

func (d *Examination) note(check, do, format string, args ...any) {
	d.Findings = append(d.Findings, Finding{Check: check, State: StateNote, Text: fmt.Sprintf(format, args...), Do: do})
}

func (d *Examination) Problem(check, do string, details []string, format string, args ...any) {
	if len(details) > maxDetails {
		details = append(details[:maxDetails:maxDetails], fmt.Sprintf("and %d more", len(details)-maxDetails))
	}
	d.Findings = append(d.Findings, Finding{Check: check, State: StateProblem, Text: fmt.Sprintf(format, args...), Do: do, Details: details})
}

// Sick reports whether a check found a problem.
func (d *Examination) Sick() bool {
	for _, f := range d.Findings {
		if f.State == StateProblem {
			return true
		}
	}
	return false
}

// Examine runs all checks. quick leaves out those that read the whole database.
func (d *Examination) Examine(ctx context.Context, quick bool) {
	d.good("settings", "%s can be used", d.Config.File)
	d.Look(ctx)
	if free := d.Running(); free {
		d.good("server", "no server runs on this data directory")
	}
	if c, ok := d.schema(ctx); ok {
		d.clock(c)
		d.store(ctx, quick)
	}
}

// Look runs the checks that need no look into the database.
func (d *Examination) Look(ctx context.Context) {
	d.permissions()
	d.disk()
	d.certificate(ctx)
	d.backups()
}

// permissions looks for files that others than the owner may read. Windows has no such bits; there the rights of the
// data directory count.
func (d *Examination) permissions() {
	if runtime.GOOS == "windows" {
		return
	}
	var open []string
	err := filepath.WalkDir(d.Config.Data, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil && info.Mode()&os.ModeSymlink == 0 && info.Mode().Perm()&0o077 != 0 {
			open = append(open, fmt.Sprintf("%s has mode %o", path, info.Mode().Perm()))
		}
		return err
	})
	if key, e := os.Stat(d.Config.TLS.KeyFile); e == nil && key.Mode().Perm()&0o077 != 0 {
		open = append(open, fmt.Sprintf("%s has mode %o", d.Config.TLS.KeyFile, key.Mode().Perm()))
	}
	switch {
	case err != nil:
		d.Problem("permissions", "run this as the account that the server runs as, or as root", nil, "the data directory cannot be read: %v", err)
	case len(open) > 0:
		d.Problem("permissions", "chmod -R go-rwx "+d.Config.Data, open, "others on this machine may read %d files or folders", len(open))
	default:
		d.good("permissions", "only the owner may read the data directory")
	}
}

func (d *Examination) disk() {
	free, floor := datadir.FreeDisk(d.Config)
	switch {
	case floor == 0:
		d.note("disk", "", "the disk does not tell how much is free")
	case free < floor:
		d.Problem("disk", "make room, or lower disk.min_free", nil, "%d MB are free; below %d MB no export begins", free/1e6, floor/1e6)
	default:
		d.good("disk", "%d MB are free; exports begin down to %d MB", free/1e6, floor/1e6)
	}
	if text := datadir.WarnOfWAL(d.Config); text != "" {
		d.note("disk", "restart the server when convenient", "%s", text)
	}
	root, err := os.OpenRoot(d.Config.BulkExport.Folder)
	if err == nil {
		err = datadir.WritableFolder(root)(context.Background())
		root.Close()
	}
	if errors.Is(err, fs.ErrNotExist) {
		d.note("export folder", "", "it is not there; the server makes it at its start")
	} else if err != nil {
		d.Problem("export folder", "give the account of the server the right to write there", nil, "%v", err)
	} else {
		d.good("export folder", "files can be made in it")
	}
}

func (d *Examination) certificate(ctx context.Context) {
	leaf, err := certs.Leaf(ctx, d.Config)
	switch {
	case d.Config.TLS.Mode == config.TLSOff && d.Config.HTTP.InsecureHTTP:
		d.note("certificate", "set tls.mode", "plain HTTP is allowed on every address (http.insecure_http)")
	case d.Config.TLS.Mode == config.TLSOff:
		d.good("certificate", "the server speaks plain HTTP, on this machine only")
	case err != nil:
		d.Problem("certificate", "see [tls] in config.toml", nil, "the certificate cannot be read: %v", err)
	case leaf == nil:
		d.note("certificate", "", "there is none yet; the server gets it at its first use")
	case certs.WarnOfExpiry(leaf, d.Now) != "":
		d.Problem("certificate", map[string]string{
			config.TLSFiles:   "put a new one into tls.cert_file and tls.key_file; no restart is needed",
			config.TLSLocalCA: "the server renews it while it runs; if the authority itself ends, see: satchel tls status",
			config.TLSACME:    "the server must be reachable from the internet on port 443; its log says why it could not renew",
		}[d.Config.TLS.Mode], nil, "%s (%s)", certs.WarnOfExpiry(leaf, d.Now), leaf.NotAfter.Format(time.DateOnly))
	default:
		d.good("certificate", "good until %s", leaf.NotAfter.Format(time.DateOnly))
	}
}

func (d *Examination) backups() {
	last := backup.Last(d.Config)
	every := time.Duration(d.Config.Backup.Every)
	switch {
	case d.Config.Backup.Folder == "":
		d.note("backup", "set backup.folder, best on another disk, or run `satchel backup` regularly", "no backups are made by themselves")
	case last.IsZero():
		d.Problem("backup", "start the server and see its log", nil, "there is no backup in %q", d.Config.Backup.Folder)
	case d.Now.Sub(last) > 2*every:
		d.Problem("backup", "see the server's log", nil, "the newest backup is of %s and one is due every %s", last.Format(time.RFC3339), d.Config.Backup.Every)
	default:
		d.good("backup", "the newest is of %s", last.Format(time.RFC3339))
	}
	left, away := backup.Leftovers(d.Config)
	if len(left) > 0 {
		d.Problem("unfinished backup", "start the server or make a backup: either removes them; what cannot be removed, delete by hand", nil, "%d files of an interrupted backup lie in %q; they hold health data", len(left), filepath.Dir(left[0]))
	}
	if len(away) > 0 {
		d.note("unfinished backup", "connect its disk, and start the server or make a backup", "a backup to %q was interrupted and its folder cannot be read now; files with health data may lie there", away[0])
	}
}

// Running reports that no server holds the data directory.
func (d *Examination) Running() (free bool) {
	lock := filepath.Join(d.Config.Data, "satchel.lock")
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
func (d *Examination) schema(ctx context.Context) (c storage.Contents, ok bool) {
	c, err := storage.Inspect(ctx, d.Config.Database())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.Problem("database", "satchel init, or satchel restore FILE", nil, "there is no database in %q", d.Config.Data)
	case err != nil:
		d.Problem("database", "restore the newest backup: satchel restore FILE --replace", nil, "it cannot be read: %v", err)
	case c.Schema > storage.Schema():
		d.Problem("database", datadir.UseInstead(d.Config, c.Schema), nil, "it has schema %d, newer than schema %d of this program", c.Schema, storage.Schema())
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
func (d *Examination) clock(c storage.Contents) {
	if ahead := c.Time.Sub(d.Now); ahead > time.Minute {
		d.Problem("clock", "set the clock of this machine by NTP", nil, "the last write is stamped %s ahead of this machine's clock", ahead.Round(time.Second))
		return
	}
	d.good("clock", "it is not behind the last write")
}

// store looks into the database.
func (d *Examination) store(ctx context.Context, quick bool) {
	s, err := datadir.Open(ctx, d.Config, storage.Options{})
	if err != nil {
		d.Problem("database", "run this as the account that the server runs as", nil, "%v", err)
		return
	}
	defer s.Close()
	d.accounts(ctx, s)
	d.files(ctx, s)
	if quick {
		d.note("content", "", "the content of the database was not examined (--quick)")
		anchors, unread := storage.ReadAuditAnchors(d.Config.Anchors())
		d.anchors(ctx, s, anchors, unread)
		return
	}
	for _, check := range []func(context.Context, *storage.Store) error{d.integrity, d.hashes, d.derived, d.unassigned, d.audit} {
		if err := check(ctx, s); err != nil {
			d.Problem("database", "run this again; if it stays, restore the newest backup", nil, "a check could not be ended: %s", firstWords(err))
		}
	}
}

// firstWords is an error without what may follow as an id.
func firstWords(err error) string {
	text, _, _ := strings.Cut(err.Error(), ": rid")
	return text
}
