package cli

import (
	"bytes"
	"context"
	"database/sql"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"satchel/app"
	"satchel/audit"
	"satchel/config"
	"satchel/datadir"
	"satchel/storage"
)

// startedOnce is a data directory whose server was started and stopped.
func startedOnce(t *testing.T) *config.Config {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "d")
	cfg, err := config.Load(dir, "", nil, map[string]string{"http.listen": "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	if err := datadir.Make(cfg, nil); err != nil {
		t.Fatal(err)
	}
	s, err := storage.Open(t.Context(), cfg.Database(), storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	serveOnce(t, cfg)
	return cfg
}

// serveOnce starts and stops the server.
func serveOnce(t *testing.T, cfg *config.Config) string {
	t.Helper()
	var log bytes.Buffer
	ctx, stop := context.WithCancel(t.Context())
	if err := app.Run(ctx, cfg, slog.New(slog.NewTextHandler(&log, nil)), func(string) { stop() }); err != nil {
		t.Fatal(err)
	}
	return log.String()
}

// verdict is what `satchel audit verify` says.
func verdict(t *testing.T, cfg *config.Config) (string, error) {
	t.Helper()
	s, err := storage.Open(t.Context(), cfg.Database(), storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var out strings.Builder
	err = verifyAudit(t.Context(), cfg, s, false, &out)
	return out.String(), err
}

// TestStartAndStopAreNoted looks for the events, the head in the log, and the anchors.
func TestStartAndStopAreNoted(t *testing.T) {
	t.Parallel()
	cfg := startedOnce(t)
	cfg.BulkExport.MaxJobs = 2
	log := serveOnce(t, cfg)
	anchors, err := storage.ReadAuditAnchors(cfg.Anchors())
	if err != nil || len(anchors) != 4 {
		t.Fatal(anchors, err)
	}
	if !strings.Contains(log, anchors[3].String()) {
		t.Errorf("the head is not in the log:\n%s", log)
	}
	s, err := storage.Open(t.Context(), cfg.Database(), storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var b bytes.Buffer
	if err := audit.WriteCSV(&b, s.AuditStream(t.Context(), audit.Filter{}, audit.Sort{})); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{",start,", ",stop,", ",setting-change,", "bulk_export.max_jobs=2", ": bulk_export.max_jobs"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	if n := strings.Count(b.String(), ",setting-change,"); n != 1 {
		t.Errorf("%d changes of settings", n)
	}
}

// TestTamperingIsFound changes the log behind the server's back in several ways; each is found by the command.
func TestTamperingIsFound(t *testing.T) {
	t.Parallel()
	const open = `DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete; DROP TRIGGER audit_head_follows;`
	shut := func(db *sql.DB) string { // the triggers as they were
		var all []string
		rows, err := db.Query(`SELECT sql FROM sqlite_schema WHERE name IN ('audit_no_update', 'audit_no_delete', 'audit_head_follows')`)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var text string
			if err := rows.Scan(&text); err != nil {
				t.Fatal(err)
			}
			all = append(all, text)
		}
		return strings.Join(all, ";\n")
	}
	for name, change := range map[string]string{
		"edited":    `UPDATE audit SET who = 'somebody' WHERE seq = 1`,
		"removed":   `DELETE FROM audit WHERE seq = 1`,
		"cut off":   `DELETE FROM audit WHERE seq = 2; UPDATE clock SET audit_seq = 1, audit_hash = (SELECT hash FROM audit WHERE seq = 1)`,
		"all gone":  `DELETE FROM audit; UPDATE clock SET audit_seq = 0, audit_hash = zeroblob(32)`,
		"unguarded": `DROP TRIGGER audit_next`,
	} {
		t.Run(name, func(t *testing.T) {
			cfg := startedOnce(t)
			if said, err := verdict(t, cfg); err != nil || !strings.Contains(said, "whole") {
				t.Fatal(said, err)
			}
			db, err := sql.Open("sqlite", cfg.Database())
			if err != nil {
				t.Fatal(err)
			}
			again := shut(db)
			for _, q := range []string{open, change, again} {
				if _, err := db.Exec(q); err != nil {
					t.Fatal(q, err)
				}
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			said, err := verdict(t, cfg)
			if err == nil || exitCode(err) != 1 || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v\n%s", err, said)
			}
		})
	}
}
