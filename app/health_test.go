package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"satchel/datadir"
	"satchel/doctor"
	"satchel/internal/await"
	"satchel/internal/testsatchel"
)

// Readiness is told to anybody, by GET and HEAD, and says nothing but yes or no.
func TestReady(t *testing.T) {
	t.Parallel()
	cfg := testsatchel.New(t)
	base := "http://" + testsatchel.Start(t, cfg, Run)
	for _, method := range []string{"GET", "HEAD"} {
		for _, path := range []string{"/healthz", "/readyz"} {
			if code, body := testsatchel.Ask(t, method, base+path, ""); code != 200 || method == "HEAD" && body != "" {
				t.Errorf("%s %s: %d %q", method, path, code, body)
			}
		}
	}
	if err := os.RemoveAll(cfg.BulkExport.Folder); err != nil {
		t.Skip("the system keeps a folder that is open:", err)
	}
	var code int
	var body string
	await.Until(t, "the server is no longer ready", func() bool { // an answer holds for two seconds
		code, body = testsatchel.Ask(t, "GET", base+"/readyz", "")
		return code != 200
	})
	if code != 503 || strings.Contains(body, cfg.Data) || body != "not ready; the server's log says why\n" {
		t.Errorf("without the export folder: %d %q", code, body)
	}
	if code, _ := testsatchel.Ask(t, "GET", base+"/healthz", ""); code != 200 {
		t.Errorf("healthz: %d", code)
	}
}

// With the disk below its floor the server is not ready and no export begins, while everything else goes on.
func TestLowDisk(t *testing.T) {
	t.Parallel()
	cfg := testsatchel.New(t)
	cfg.Disk.MinFree = 1 << 49 // half a petabyte
	base := "http://" + testsatchel.Start(t, cfg, Run)
	if code, body := testsatchel.Ask(t, "GET", base+"/fhir/$export", ""); code != 507 || !strings.Contains(body, `"no-store"`) || !strings.Contains(body, "make room") {
		t.Errorf("%d %s", code, body)
	}
	if code, _ := testsatchel.Ask(t, "PUT", base+"/fhir/Patient/p", `{"resourceType":"Patient","id":"p"}`); code != 201 {
		t.Errorf("a write: %d", code)
	}
	if code, _ := testsatchel.Ask(t, "GET", base+"/readyz", ""); code != 503 {
		t.Errorf("ready: %d", code)
	}
}

// A full disk and a write-ahead log that grows are said once in the log, and again when they come back.
func TestWarnings(t *testing.T) {
	t.Parallel()
	cfg := testsatchel.New(t)
	var out strings.Builder
	log := slog.New(slog.NewTextHandler(&out, nil))
	w := warnings{said: map[string]time.Time{}}
	now := time.Now()
	expect := func(want string) {
		t.Helper()
		out.Reset()
		w.look(t.Context(), cfg, log, now)
		if got := out.String(); want == "" && got != "" || strings.Count(got, "\n") > 1 || !strings.Contains(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
	expect("")
	wal := cfg.Database() + "-wal"
	testsatchel.Must(t, os.WriteFile(wal, nil, 0o600))
	testsatchel.Must(t, os.Truncate(wal, datadir.WALTooLarge+1))
	expect("the write-ahead log has 536 MB")
	expect("")
	d := &doctor.Examination{Config: cfg, Now: now}
	d.Look(t.Context())
	if !strings.Contains(fmt.Sprint(d.Findings), "write-ahead log has") {
		t.Error("the doctor says nothing of the write-ahead log")
	}
	now = now.Add(25 * time.Hour)
	testsatchel.Must(t, os.WriteFile(wal, nil, 0o600))
	testsatchel.Must(t, os.Truncate(wal, datadir.WALTooLarge+1))
	expect("the write-ahead log")
	testsatchel.Must(t, os.Remove(wal))
	cfg.Disk.MinFree = 1 << 49
	expect("make room")
	expect("")
	cfg.Disk.MinFree = 0
	expect("")
	cfg.Disk.MinFree = 1 << 49
	expect("make room")
}

// Metrics count what happened, name no patient, and are not there unless switched on.
func TestMetrics(t *testing.T) {
	t.Parallel()
	cfg := testsatchel.New(t)
	if code, _ := testsatchel.Ask(t, "GET", "http://"+testsatchel.Start(t, cfg, Run)+"/metrics", ""); code != 404 {
		t.Errorf("switched off: %d", code)
	}
	cfg = testsatchel.New(t)
	cfg.Metrics.Enabled = true
	base := "http://" + testsatchel.Start(t, cfg, Run)
	testsatchel.Ask(t, "PUT", base+"/fhir/Patient/zebra1234", `{"resourceType":"Patient","id":"zebra1234","name":[{"family":"Quagga"}]}`)
	testsatchel.Ask(t, "GET", base+"/fhir/Patient/zebra1234?family=Quagga", "")
	testsatchel.Ask(t, "BREW", base+"/fhir/Patient/zebra1234", "")
	testsatchel.Get(t, base+"/fhir/Patient", "wrong")
	if resp, err := http.Post(base+"/api/session", "application/json", strings.NewReader(`{"username":"anna","password":"wrong"}`)); err != nil || resp.StatusCode < 400 {
		t.Error("a wrong password signs in", resp, err)
	}
	if code, body := testsatchel.Ask(t, "GET", base+"/fhir/$export", ""); code != 202 {
		t.Fatal(code, body)
	}
	var text string
	await.Until(t, "the metrics count the export", func() bool {
		var code int
		if code, text = testsatchel.Ask(t, "GET", base+"/metrics", ""); code != 200 {
			t.Fatal(code, text)
		}
		return strings.Contains(text, `satchel_exports_total{state="complete"} 1`)
	})
	for _, want := range []string{
		`satchel_exports_total\{state="complete"\} 1`, `satchel_export_resources_total 1`, `satchel_export_bytes_total \d\d`,
		`satchel_jobs\{state="complete"\} 1`, `satchel_jobs\{state="queued"\} 0`, `satchel_sign_in_failures_total 2`,
		`satchel_http_requests_total\{code="201",method="PUT",route="[^"]*"\} 1`, `satchel_http_requests_total\{code="\d+",method="other",`,
		`satchel_database_bytes \d`, `satchel_wal_bytes \d`, `satchel_disk_free_bytes [1-9]`, `satchel_disk_floor_bytes [1-9]`,
		`satchel_certificate_expiry_timestamp_seconds NaN`, `satchel_build_info\{version="dev"\} 1`, `go_goroutines`, `satchel_job_queue_seconds 0`,
	} {
		if !regexp.MustCompile(`(?m)^` + want).MatchString(text) {
			t.Errorf("%s is missing", want)
		}
	}
	if regexp.MustCompile(`(?i)zebra|quagga|anna|BREW`).MatchString(text) {
		t.Error("data in the metrics")
	}
	if t.Failed() {
		t.Log(text)
	}
}

// Behind a proxy, or elsewhere, who asks for metrics must be on the list.
func TestMetricsAllowed(t *testing.T) {
	t.Parallel()
	cfg := testsatchel.New(t)
	cfg.Metrics.Enabled = true
	base := "http://" + testsatchel.Start(t, cfg, Run)
	r, _ := http.NewRequestWithContext(context.Background(), "GET", base+"/metrics", nil)
	r.Header.Set("X-Forwarded-For", "192.0.2.9")
	resp, err := http.DefaultClient.Do(r)
	if err != nil || resp.StatusCode != 403 {
		t.Error(resp, err)
	}
	cfg = testsatchel.New(t)
	cfg.Metrics.Enabled, cfg.Metrics.Allow = true, []string{"127.0.0.0/8"}
	r, _ = http.NewRequestWithContext(context.Background(), "GET", "http://"+testsatchel.Start(t, cfg, Run)+"/metrics", nil)
	r.Header.Set("X-Forwarded-For", "192.0.2.9")
	if resp, err := http.DefaultClient.Do(r); err != nil || resp.StatusCode != 200 {
		t.Error(resp, err)
	}
}
