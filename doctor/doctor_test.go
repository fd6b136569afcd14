package doctor_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"satchel/app"
	"satchel/audit"
	"satchel/config"
	"satchel/doctor"
	"satchel/engine/pack"
	"satchel/internal/audittest"
	"satchel/internal/testsatchel"
	"satchel/storage"
)

// examined is what the doctor says, by state.
func examined(t *testing.T, cfg *config.Config, quick bool) (d *doctor.Examination, problems string) {
	t.Helper()
	d = &doctor.Examination{Config: cfg, Now: time.Now()}
	d.Examine(t.Context(), quick)
	var text strings.Builder
	for _, f := range d.Findings {
		if f.State == doctor.StateProblem {
			fmt.Fprintln(&text, f.Check+":", f.Text, "→", f.Do)
		}
	}
	if (text.Len() > 0) != d.Sick() {
		t.Error("sick is", d.Sick())
	}
	return d, text.String()
}

// troubles are what the doctor is to find, each in a data directory of its own.
var troubles = []struct {
	name, want string // want is a pattern
	hurt       func(t *testing.T, cfg *config.Config)
}{
	{"disk", "disk: .* → make room", func(t *testing.T, c *config.Config) { c.Disk.MinFree = 1 << 49 }},
	{"permissions", "others on this machine may read 1 files", hurtPermissions},
	{"content", "1 of 1 versions are not what was stored", hurtContent},
	{"file", "it cannot be read", func(t *testing.T, c *config.Config) {
		testsatchel.Must(t, os.WriteFile(c.Database(), []byte(strings.Repeat("no database ", 1000)), 0o600))
	}},
	{"gone", "there is no database", func(t *testing.T, c *config.Config) { testsatchel.Must(t, os.Remove(c.Database())) }},
	{"clock", "ahead of this machine's clock → set the clock", hurtClock},
	{"administrator", "no account that can sign in is an administrator", hurtAdministrator},
	{"audit end", "audit anchors: the log does not have the event 50 as it was on 2026-01-02", func(t *testing.T, c *config.Config) {
		testsatchel.Must(t, storage.AppendAuditAnchor(c.Anchors(), audit.Anchor{Seq: 50, Time: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)}))
	}},
	{"audit rewritten", "(?s)audit log: it has 1 faults.*audit anchors: the log does not have the event 1 as it was", func(t *testing.T, c *config.Config) {
		testsatchel.Must(t, storage.AppendAuditAnchor(c.Anchors(), audit.Anchor{Seq: 1, Hash: [32]byte{1}}))
	}},
	{"audit anchors", "audit-anchors.txt has lines that are no anchors", func(t *testing.T, c *config.Config) {
		testsatchel.Must(t, os.WriteFile(c.Anchors(), []byte("nonsense\n"), 0o600))
	}},
	{"audit anchors gone", "audit-anchors.txt is gone, or empty, although the server has run", func(t *testing.T, c *config.Config) {
		t.Run("server", func(t *testing.T) { testsatchel.Start(t, c, app.Run) })
		testsatchel.Must(t, os.Remove(c.Anchors()))
	}},
	{"second factor", "second factors: those of 1 accounts cannot be checked with the key in account_key → restore account_key", hurtSecondFactor},
	{"backup", "there is no backup in", func(t *testing.T, c *config.Config) { c.Backup.Folder = t.TempDir() }},
	{"old backup", "the newest backup is of 2020-01-01", func(t *testing.T, c *config.Config) {
		c.Backup.Folder = t.TempDir()
		testsatchel.Must(t, os.WriteFile(filepath.Join(c.Backup.Folder, "satchel-20200101T000000Z.zip"), nil, 0o600))
	}},
	{"interrupted backup", "unfinished backup: 1 files of an interrupted backup lie in", func(t *testing.T, c *config.Config) {
		target := filepath.Join(t.TempDir(), "b.zip")
		testsatchel.Must(t, os.WriteFile(filepath.Join(c.Data, "satchel.lock.backup-target"), []byte("["+strconv.Quote(target)+"]"), 0o600))
		testsatchel.Must(t, os.WriteFile(target+".db.tmp", nil, 0o600))
	}},
	{"certificate", "the certificate cannot be read", func(t *testing.T, c *config.Config) { c.TLS.Mode, c.TLS.CertFile = config.TLSFiles, "nowhere" }},
}

// hurtPermissions lets others read the database.
func hurtPermissions(t *testing.T, c *config.Config) {
	if runtime.GOOS == "windows" {
		t.Skip("no such bits")
	}
	testsatchel.Must(t, os.Chmod(c.Database(), 0o644))
}

// hurtContent changes a resource behind the server's back.
func hurtContent(t *testing.T, c *config.Config) {
	t.Run("server", func(t *testing.T) {
		testsatchel.Ask(t, "PUT", "http://"+testsatchel.Start(t, c, app.Run)+"/fhir/Patient/p1", `{"resourceType":"Patient","id":"p1","name":[{"family":"Quagga"}]}`)
	})
	text, err := os.ReadFile(c.Database())
	testsatchel.Must(t, err)
	i := bytes.LastIndex(text, []byte(`"Quagga"`))
	if i < 0 {
		t.Fatal("the name is not in the file")
	}
	text[i+1] = 'q'
	testsatchel.Must(t, os.WriteFile(c.Database(), text, 0o600))
}

// hurtClock writes with a clock that is days ahead.
func hurtClock(t *testing.T, c *config.Config) {
	s, err := storage.Open(t.Context(), c.Database(), storage.Options{})
	testsatchel.Must(t, err)
	s.Now = func() time.Time { return time.Now().Add(48 * time.Hour) }
	testsatchel.Must(t, s.AddAccount(t.Context(), audittest.Event(audit.AccountCreate), storage.Account{Name: "x", Password: "x"}))
	_, err = s.AddJob(t.Context(), audittest.Event(audit.ExportStart), storage.Job{Kind: "bulk"}, 0)
	testsatchel.Must(t, err)
	testsatchel.Must(t, s.Close())
}

// hurtAdministrator locks the only administrator out.
func hurtAdministrator(t *testing.T, c *config.Config) {
	s, err := storage.Open(t.Context(), c.Database(), storage.Options{})
	testsatchel.Must(t, err)
	testsatchel.Must(t, s.UpdateAccount(t.Context(), audittest.Event(audit.AccountChange), "anna", func(a *storage.Account, _ []storage.Account) error { a.Locked = true; return nil }))
	testsatchel.Must(t, s.Close())
}

// hurtSecondFactor loses the key of the second factors.
func hurtSecondFactor(t *testing.T, c *config.Config) {
	s, err := storage.Open(t.Context(), c.Database(), storage.Options{})
	testsatchel.Must(t, err)
	sealed, err := s.Seal("anna", make([]byte, 20))
	testsatchel.Must(t, err)
	testsatchel.Must(t, s.UpdateAccount(t.Context(), audittest.Event(audit.AccountChange), "anna", func(a *storage.Account, _ []storage.Account) error { a.TOTP = sealed; return nil }))
	testsatchel.Must(t, s.Close())
	testsatchel.Must(t, os.Remove(filepath.Join(c.Data, storage.AccountKeyFile)))
}

// A fresh installation is well, running or not; each kind of trouble is found, with what to do.
func TestDoctor(t *testing.T) {
	t.Parallel()
	cfg := testsatchel.New(t)
	if d, problems := examined(t, cfg, false); problems != "" || len(d.Findings) < 10 {
		t.Errorf("%s\n%+v", problems, d.Findings)
	}
	t.Run("running", func(t *testing.T) {
		base := "http://" + testsatchel.Start(t, cfg, app.Run)
		testsatchel.Ask(t, "PUT", base+"/fhir/Patient/p1", `{"resourceType":"Patient","id":"p1"}`)
		testsatchel.Ask(t, "GET", base+"/fhir/$export", "")
		d, problems := examined(t, cfg, false)
		if problems != "" || !strings.Contains(fmt.Sprint(d.Findings), "a server runs") {
			t.Errorf("%s\n%+v", problems, d.Findings)
		}
	})
	for _, tt := range troubles {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := testsatchel.New(t)
			tt.hurt(t, cfg)
			_, problems := examined(t, cfg, false)
			if !matches(tt.want, problems) {
				t.Errorf("got %q, want %q", problems, tt.want)
			}
		})
	}
}

// The files of a job are looked for where they lie in its folder, which may be below it.
func TestDoctorFindsFilesBelow(t *testing.T) {
	t.Parallel()
	cfg := testsatchel.New(t)
	s, err := storage.Open(t.Context(), cfg.Database(), storage.Options{})
	testsatchel.Must(t, err)
	job, err := s.AddJob(t.Context(), audittest.Event(audit.ExportStart), storage.Job{Kind: pack.Kind, Account: "ann", Request: []byte("{}")}, 0)
	testsatchel.Must(t, err)
	_, _, err = s.ClaimJob(t.Context())
	testsatchel.Must(t, err)
	place := filepath.Join(cfg.BulkExport.Folder, job.ID, "bag", "README.txt")
	testsatchel.Must(t, os.MkdirAll(filepath.Dir(place), 0o700))
	testsatchel.Must(t, os.WriteFile(place, []byte("x"), 0o600))
	files := []storage.JobFile{{Name: "README.txt", Path: "bag/README.txt", List: "other", Bytes: 1, SHA256: make([]byte, 32)}}
	_, err = s.FinishJob(t.Context(), audittest.Event(audit.ExportComplete), job.ID, files, []byte("{}"), time.Now().Add(time.Hour))
	testsatchel.Must(t, errors.Join(err, s.Close()))
	if _, problems := examined(t, cfg, false); problems != "" {
		t.Error(problems)
	}
	testsatchel.Must(t, os.Remove(place))
	if _, problems := examined(t, cfg, false); !matches("1 files of complete exports are missing", problems) {
		t.Errorf("without the file: %q", problems)
	}
}

// A support bundle holds nothing that names a person, and no secret: a canary in every place is not found.
func TestBundleCanary(t *testing.T) {
	t.Parallel()
	const canary = "zebra77"
	cfg := testsatchel.New(t)
	cfg.TLS.ACMEEmail, cfg.HTTP.PublicURL, cfg.TLS.Names = canary+"@example.org", "https://"+canary+".example.org", []string{canary + ".lan"}
	t.Run("server", func(t *testing.T) {
		base := "http://" + testsatchel.Start(t, cfg, app.Run)
		for _, id := range []string{canary, canary + "-2"} {
			if code, _ := testsatchel.Ask(t, "PUT", base+"/fhir/Patient/"+id, `{"resourceType":"Patient","id":"`+id+`","name":[{"family":"`+canary+`"}]}`); code != 201 {
				t.Fatal(code)
			}
		}
		if code, _ := testsatchel.Ask(t, "GET", base+"/fhir/Patient/"+canary+"/$export", ""); code != 202 {
			t.Fatal(code)
		}
	})
	s, err := storage.Open(t.Context(), cfg.Database(), storage.Options{})
	testsatchel.Must(t, err)
	testsatchel.Must(t, s.AddAccount(t.Context(), audittest.Event(audit.AccountCreate), storage.Account{Name: canary, Password: canary}))
	testsatchel.Must(t, s.Close())
	text, err := os.ReadFile(cfg.Database()) // damage, so that there are places to tell
	testsatchel.Must(t, err)
	i := bytes.LastIndex(text, []byte(`"family":"`+canary))
	text[i+2] = 'F'
	testsatchel.Must(t, os.WriteFile(cfg.Database(), text, 0o600))

	d, problems := examined(t, cfg, false)
	if !strings.Contains(problems, "not what was stored") || !strings.Contains(fmt.Sprint(d.Findings), "Patient/"+canary) {
		t.Errorf("the damage was not found: %s", problems)
	}
	path := filepath.Join(t.TempDir(), "support.zip")
	testsatchel.Must(t, doctor.WriteBundle(t.Context(), d, path))
	z, err := zip.OpenReader(path)
	testsatchel.Must(t, err)
	defer z.Close()
	for _, f := range z.File {
		r, err := f.Open()
		testsatchel.Must(t, err)
		text, err := io.ReadAll(r)
		testsatchel.Must(t, err)
		if bytes.Contains(bytes.ToLower(text), []byte(canary)) || bytes.Contains(text, []byte("anna")) || bytes.Contains(text, []byte("PRIVATE")) {
			t.Errorf("%s tells too much:\n%s", f.Name, text)
		}
	}
	if len(z.File) < 6 {
		t.Errorf("%d files", len(z.File))
	}
	if err := doctor.WriteBundle(t.Context(), d, path); err == nil {
		t.Error("a file was written over")
	}
}

func matches(pattern, text string) bool { return regexp.MustCompile(pattern).MatchString(text) }
