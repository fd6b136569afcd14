package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"satchel/audit"
	"satchel/internal/audittest"
	"satchel/storage"
)

// examined is what the doctor says, by state.
func examined(t *testing.T, cfg *Config, quick bool) (d *doctor, problems string) {
	t.Helper()
	d = &doctor{cfg: cfg, now: time.Now()}
	d.examine(t.Context(), quick)
	var text strings.Builder
	for _, f := range d.findings {
		if f.State == stateProblem {
			fmt.Fprintln(&text, f.Check+":", f.Text, "→", f.Do)
		}
	}
	if (text.Len() > 0) != d.sick() {
		t.Error("sick is", d.sick())
	}
	return d, text.String()
}

// A fresh installation is well, running or not; each kind of trouble is found, with what to do.
func TestDoctor(t *testing.T) {
	cfg := initialised(t)
	if d, problems := examined(t, cfg, false); problems != "" || len(d.findings) < 10 {
		t.Errorf("%s\n%+v", problems, d.findings)
	}
	t.Run("running", func(t *testing.T) {
		base := "http://" + started(t, cfg)
		ask(t, "PUT", base+"/fhir/Patient/p1", `{"resourceType":"Patient","id":"p1"}`)
		ask(t, "GET", base+"/fhir/$export", "")
		time.Sleep(500 * time.Millisecond)
		d, problems := examined(t, cfg, false)
		if problems != "" || !strings.Contains(fmt.Sprint(d.findings), "a server runs") {
			t.Errorf("%s\n%+v", problems, d.findings)
		}
	})
	tests := []struct {
		name, want string
		hurt       func(t *testing.T, cfg *Config)
	}{
		{"disk", "disk: .* → make room", func(t *testing.T, c *Config) { c.Disk.MinFree = 1 << 49 }},
		{"permissions", "others on this machine may read 1 files", func(t *testing.T, c *Config) {
			if runtime.GOOS == "windows" {
				t.Skip("no such bits")
			}
			must(t, os.Chmod(c.database(), 0o644))
		}},
		{"content", "1 of 1 versions are not what was stored", func(t *testing.T, c *Config) {
			text, err := os.ReadFile(c.database())
			must(t, err)
			i := bytes.LastIndex(text, []byte(`"Quagga"`))
			if i < 0 {
				t.Fatal("the name is not in the file")
			}
			text[i+1] = 'q'
			must(t, os.WriteFile(c.database(), text, 0o600))
		}},
		{"file", "it cannot be read", func(t *testing.T, c *Config) {
			must(t, os.WriteFile(c.database(), []byte(strings.Repeat("no database ", 1000)), 0o600))
		}},
		{"gone", "there is no database", func(t *testing.T, c *Config) { must(t, os.Remove(c.database())) }},
		{"clock", "ahead of this machine's clock → set the clock", func(t *testing.T, c *Config) {
			s, err := storage.Open(t.Context(), c.database(), storage.Options{})
			must(t, err)
			s.Now = func() time.Time { return time.Now().Add(48 * time.Hour) }
			must(t, s.AddAccount(t.Context(), audittest.Event(audit.AccountCreate), storage.Account{Name: "x", Password: "x"}))
			_, err = s.AddJob(t.Context(), audittest.Event(audit.ExportStart), storage.Job{Kind: "bulk"}, 0)
			must(t, err)
			must(t, s.Close())
		}},
		{"administrator", "no account that can sign in is an administrator", func(t *testing.T, c *Config) {
			s, err := storage.Open(t.Context(), c.database(), storage.Options{})
			must(t, err)
			must(t, s.UpdateAccount(t.Context(), audittest.Event(audit.AccountChange), "anna", func(a *storage.Account, _ []storage.Account) error { a.Locked = true; return nil }))
			must(t, s.Close())
		}},
		{"audit end", "audit anchors: the log does not have the event 50 as it was on 2026-01-02", func(t *testing.T, c *Config) {
			must(t, storage.AppendAuditAnchor(c.anchors(), audit.Anchor{Seq: 50, Time: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)}))
		}},
		{"audit rewritten", "(?s)audit log: it has 1 faults.*audit anchors: the log does not have the event 1 as it was", func(t *testing.T, c *Config) {
			must(t, storage.AppendAuditAnchor(c.anchors(), audit.Anchor{Seq: 1, Hash: [32]byte{1}}))
		}},
		{"audit anchors", "audit-anchors.txt has lines that are no anchors", func(t *testing.T, c *Config) {
			must(t, os.WriteFile(c.anchors(), []byte("nonsense\n"), 0o600))
		}},
		{"audit anchors gone", "audit-anchors.txt is gone, or empty, although the server has run", func(t *testing.T, c *Config) {
			t.Run("server", func(t *testing.T) { started(t, c) })
			must(t, os.Remove(c.anchors()))
		}},
		{"second factor", "second factors: those of 1 accounts cannot be checked with the key in account_key → restore account_key", func(t *testing.T, c *Config) {
			s, err := storage.Open(t.Context(), c.database(), storage.Options{})
			must(t, err)
			sealed, err := s.Seal("anna", make([]byte, 20))
			must(t, err)
			must(t, s.UpdateAccount(t.Context(), audittest.Event(audit.AccountChange), "anna", func(a *storage.Account, _ []storage.Account) error { a.TOTP = sealed; return nil }))
			must(t, s.Close())
			must(t, os.Remove(filepath.Join(c.Data, storage.AccountKeyFile)))
		}},
		{"backup", "there is no backup in", func(t *testing.T, c *Config) { c.Backup.Folder = t.TempDir() }},
		{"old backup", "the newest backup is of 2020-01-01", func(t *testing.T, c *Config) {
			c.Backup.Folder = t.TempDir()
			must(t, os.WriteFile(filepath.Join(c.Backup.Folder, "satchel-20200101T000000Z.zip"), nil, 0o600))
		}},
		{"certificate", "the certificate cannot be read", func(t *testing.T, c *Config) { c.TLS.Mode, c.TLS.CertFile = tlsFiles, "nowhere" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := initialised(t)
			base := tt.name == "content"
			if base {
				t.Run("server", func(t *testing.T) {
					ask(t, "PUT", "http://"+started(t, cfg)+"/fhir/Patient/p1", `{"resourceType":"Patient","id":"p1","name":[{"family":"Quagga"}]}`)
				})
			}
			tt.hurt(t, cfg)
			_, problems := examined(t, cfg, false)
			if !matches(tt.want, problems) {
				t.Errorf("got %q, want %q", problems, tt.want)
			}
		})
	}
}

// A support bundle holds nothing that names a person, and no secret: a canary in every place is not found.
func TestBundleCanary(t *testing.T) {
	const canary = "zebra77"
	cfg := initialised(t)
	cfg.TLS.ACMEEmail, cfg.HTTP.PublicURL, cfg.TLS.Names = canary+"@example.org", "https://"+canary+".example.org", []string{canary + ".lan"}
	t.Run("server", func(t *testing.T) {
		base := "http://" + started(t, cfg)
		for _, id := range []string{canary, canary + "-2"} {
			if code, _ := ask(t, "PUT", base+"/fhir/Patient/"+id, `{"resourceType":"Patient","id":"`+id+`","name":[{"family":"`+canary+`"}]}`); code != 201 {
				t.Fatal(code)
			}
		}
		if code, _ := ask(t, "GET", base+"/fhir/Patient/"+canary+"/$export", ""); code != 202 {
			t.Fatal(code)
		}
	})
	s, err := storage.Open(t.Context(), cfg.database(), storage.Options{})
	must(t, err)
	must(t, s.AddAccount(t.Context(), audittest.Event(audit.AccountCreate), storage.Account{Name: canary, Password: canary}))
	must(t, s.Close())
	text, err := os.ReadFile(cfg.database()) // damage, so that there are places to tell
	must(t, err)
	i := bytes.LastIndex(text, []byte(`"family":"`+canary))
	text[i+2] = 'F'
	must(t, os.WriteFile(cfg.database(), text, 0o600))

	d, problems := examined(t, cfg, false)
	if !strings.Contains(problems, "not what was stored") || !strings.Contains(fmt.Sprint(d.findings), "Patient/"+canary) {
		t.Errorf("the damage was not found: %s", problems)
	}
	path := filepath.Join(t.TempDir(), "support.zip")
	must(t, writeBundle(t.Context(), d, path))
	z, err := zip.OpenReader(path)
	must(t, err)
	defer z.Close()
	for _, f := range z.File {
		r, err := f.Open()
		must(t, err)
		text, err := io.ReadAll(r)
		must(t, err)
		if bytes.Contains(bytes.ToLower(text), []byte(canary)) || bytes.Contains(text, []byte("anna")) || bytes.Contains(text, []byte("PRIVATE")) {
			t.Errorf("%s tells too much:\n%s", f.Name, text)
		}
	}
	if len(z.File) < 6 {
		t.Errorf("%d files", len(z.File))
	}
	if err := writeBundle(t.Context(), d, path); err == nil {
		t.Error("a file was written over")
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func matches(pattern, text string) bool { return regexp.MustCompile(pattern).MatchString(text) }
