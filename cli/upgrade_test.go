package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"satchel/app"
	"satchel/config"
	"satchel/datadir"
	"satchel/doctor"
	"satchel/internal/testsatchel"
	"satchel/migrations"
	"satchel/storage"
)

// exportSums is what `satchel export system` writes from a data directory, as sha256sum says it.
func exportSums(t *testing.T, data string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	if code := Execute(t.Context(), []string{"export", "system", "--data", data, "--out", out}); code != exitDone {
		t.Fatalf("export: exit code %d", code)
	}
	files, err := filepath.Glob(filepath.Join(out, "*.ndjson"))
	testsatchel.Must(t, err)
	var sums strings.Builder
	for _, f := range files {
		text, err := os.ReadFile(f)
		testsatchel.Must(t, err)
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(text), filepath.Base(f))
	}
	return sums.String()
}

// A database of every released schema is migrated by the first start, after a copy was laid beside it: resources are byte
// for byte what they were, accounts sign in, and the doctor is content.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	for _, fixture := range testsatchel.Fixtures(t) {
		t.Run(filepath.Base(fixture), func(t *testing.T) {
			want, err := os.ReadFile(strings.TrimSuffix(fixture, ".zip") + ".sum")
			testsatchel.Must(t, err)
			cfg := testsatchel.Unpack(t, fixture)
			before, err := storage.Inspect(t.Context(), cfg.Database())
			testsatchel.Must(t, err)
			t.Run("server", func(t *testing.T) {
				base := "http://" + testsatchel.Start(t, cfg, app.Run)
				if code := testsatchel.Get(t, base+"/fhir/Patient/p1", "a few words together"); code != 200 {
					t.Errorf("anna reads: %d", code)
				}
				if code := testsatchel.Get(t, base+"/readyz", ""); code != 200 {
					t.Errorf("ready: %d", code)
				}
			})
			copies, _ := filepath.Glob(cfg.Database() + ".before-schema-*")
			if (len(copies) == 1) != (before.Schema < storage.Schema()) {
				t.Errorf("schema %d of %d: copies %v", before.Schema, storage.Schema(), copies)
			}
			if got := exportSums(t, cfg.Data); got != string(want) {
				t.Errorf("exports\n%swant\n%s", got, want)
			}
			problems := problemsOf(t, cfg, false)
			for problem := range strings.Lines(problems) {
				if !strings.HasPrefix(problem, "exports:") { // their files are in no backup
					t.Error(problem)
				}
			}
			for _, command := range [][]string{{"user", "list"}, {"client", "list"}, {"audit", "verify"}} {
				if code := Execute(t.Context(), append(command, "--data", cfg.Data)); code != exitDone {
					t.Errorf("%v: exit code %d", command, code)
				}
			}
			if a, ok := datadir.NotedVersion(cfg); !ok || a.Schema != storage.Schema() {
				t.Errorf("noted %+v", a)
			}
			// The copy is the database as it was: the way back.
			for _, path := range copies {
				if c, err := storage.Inspect(context.Background(), path); err != nil || c.Schema != before.Schema || c.Versions != before.Versions {
					t.Errorf("the copy holds %+v (%v)", c, err)
				}
			}
		})
	}
}

// A backup that a released version made can be verified and restored by this one.
func TestRestoreOfOlder(t *testing.T) {
	t.Parallel()
	for _, fixture := range testsatchel.Fixtures(t) {
		want, err := os.ReadFile(strings.TrimSuffix(fixture, ".zip") + ".sum")
		testsatchel.Must(t, err)
		data := filepath.Join(t.TempDir(), "restored")
		for _, args := range [][]string{{"backup", "verify", fixture}, {"restore", fixture, "--data", data}} {
			if code := Execute(t.Context(), args); code != exitDone {
				t.Fatalf("%v: exit code %d", args, code)
			}
		}
		if got := exportSums(t, data); got != string(want) {
			t.Errorf("%s exports\n%swant\n%s", fixture, got, want)
		}
	}
}

// A program that is older than the database leaves it alone, and says which version is needed.
func TestDowngradeRefused(t *testing.T) {
	t.Parallel()
	cfg := testsatchel.New(t)
	db, err := sql.Open("sqlite", cfg.Database())
	testsatchel.Must(t, err)
	_, err = db.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (?, 1); PRAGMA wal_checkpoint(TRUNCATE)`, storage.Schema()+3)
	testsatchel.Must(t, err)
	testsatchel.Must(t, db.Close())
	before, err := os.ReadFile(cfg.Database())
	testsatchel.Must(t, err)
	schemas := fmt.Sprintf("schema %d, newer than schema %d of this program", storage.Schema()+3, storage.Schema())
	expect := func(want string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		err := app.Run(ctx, cfg, nil, func(string) { t.Error("it serves") })
		if err == nil || !strings.Contains(err.Error(), schemas) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "nothing was changed") {
			t.Errorf("got %v", err)
		}
		if problems := problemsOf(t, cfg, true); !strings.Contains(problems, schemas) || !strings.Contains(problems, want) {
			t.Errorf("the doctor says %s", problems)
		}
	}
	expect("use the program version that wrote it")
	testsatchel.Must(t, os.WriteFile(cfg.VersionFile(), fmt.Appendf(nil, `{"version":"7.8.9","schema":%d}`, storage.Schema()+3), 0o600))
	expect("use satchel 7.8.9 or newer")
	if after, err := os.ReadFile(cfg.Database()); err != nil || !bytes.Equal(after, before) {
		t.Error("the database was changed", err)
	}
}

// What a released program has done to databases is never changed afterwards: those that it has migrated would not get the
// change. Further changes go into a new file.
func TestReleasedMigrationsStay(t *testing.T) {
	path := filepath.Join("..", "testdata", "schema", "migrations.sum")
	released := testsatchel.Fixtures(t)
	newest := strings.TrimSuffix(filepath.Base(released[len(released)-1]), ".zip")
	entries, err := migrations.FS.ReadDir(".")
	testsatchel.Must(t, err)
	var sums strings.Builder
	for _, e := range entries {
		if number, _, _ := strings.Cut(e.Name(), "_"); number > newest {
			continue
		}
		text, err := migrations.FS.ReadFile(e.Name())
		testsatchel.Must(t, err)
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(text), e.Name())
	}
	if *update {
		testsatchel.Must(t, os.WriteFile(path, []byte(sums.String()), 0o644))
	}
	if want, _ := os.ReadFile(path); string(want) != sums.String() {
		t.Errorf("a released migration was changed; put the change into a new file of migrations instead\n got %s\nwant %s", sums.String(), want)
	}
}

// problemsOf is what the doctor finds wrong.
func problemsOf(t *testing.T, cfg *config.Config, quick bool) string {
	t.Helper()
	d := &doctor.Examination{Config: cfg, Now: time.Now()}
	d.Examine(t.Context(), quick)
	var text strings.Builder
	for _, f := range d.Findings {
		if f.State == doctor.StateProblem {
			fmt.Fprintln(&text, f.Check+":", f.Text, "→", f.Do)
		}
	}
	return text.String()
}
