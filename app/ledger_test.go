package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"satchel/audit"
	"satchel/config"
	"satchel/engine"
	"satchel/fhir"
	"satchel/handover"
	"satchel/internal/audittest"
	"satchel/internal/storagetest"
	"satchel/internal/testsatchel"
	"satchel/requests"
	"satchel/storage"
)

// A request goes its whole way with the real maker of packages: the package verifies, the link's file opens with the
// passphrase that was shown, and the same bytes can be given again until they are gone.
func TestRequestWithEngine(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	l, jobs, made := startedLedger(t)
	front := requests.By{Who: audit.Who{Name: "front", Kind: audit.User}}
	in := requests.Intake{Patient: "p1", Details: requests.Details{Channel: "visit", Scope: "record", Wish: "link", Requester: requests.Requester{Name: "Mina Ong", Role: "patient"}}}
	r, err := l.Record(ctx, front, in)
	seen := func() requests.Seen { return requests.Seen{ID: r.ID, Version: r.Version} }
	must := func(next requests.Request, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		r = next
	}
	must(r, err)
	must(l.Check(ctx, front, seen(), "id", ""))
	must(l.Approve(ctx, front, seen(), requests.Approval{}))
	must(l.Produce(ctx, front, seen(), ""))
	<-made
	testsatchel.Must(t, l.Advance(ctx))
	must(l.Request(ctx, r.ID))
	if r.State != requests.Ready || r.Package.Verdict != string(handover.Complete) {
		t.Fatalf("%s: %s", r.State, r.Failure)
	}
	r, link, err := l.MakeLink(ctx, front, seen(), requests.LinkWish{Form: requests.FormAge})
	must(r, err)
	o, err := l.Unlock(ctx, link.Token, link.Passphrase, "10.0.0.9")
	if err != nil {
		t.Fatal(err)
	}
	opensAndVerifies(t, jobs, o, link.Passphrase)
	must(l.Request(ctx, r.ID))
	given, err := l.Disclosures(ctx, r.ID)
	if err != nil || r.State != requests.Delivered || len(given) != 1 {
		t.Fatal(r.State, given, err)
	}
	must(l.Reissue(ctx, front, seen(), given[0].ID, requests.Delivery{Way: "stick"}))
	if err := jobs.Cancel(ctx, audittest.Event(audit.ExportDelete), r.Job); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Reissue(ctx, front, seen(), given[0].ID, requests.Delivery{Way: "stick"}); err == nil {
		t.Error("given again though it is gone")
	}
}

// startedLedger is a ledger with an engine that runs, in a store with the patient p1. made gets a word when a job has ended.
func startedLedger(t *testing.T) (l *requests.Ledger, jobs *engine.Engine, made <-chan bool) {
	t.Helper()
	dir := t.TempDir()
	s, err := storage.Open(t.Context(), filepath.Join(dir, "satchel.db"), storage.Options{})
	testsatchel.Must(t, err)
	t.Cleanup(func() { s.Close() })
	d, err := fhir.Parse([]byte(`{"resourceType":"Patient","id":"p1","name":[{"family":"Kanarienvogel"}]}`))
	testsatchel.Must(t, err)
	testsatchel.Must(t, storagetest.Write(t.Context(), s, func(tx *storage.Tx) error { _, _, err := tx.Put(d, "p1"); return err }))
	root, err := os.OpenRoot(dir)
	testsatchel.Must(t, err)
	t.Cleanup(func() { root.Close() })
	told := make(chan bool, 9)
	log := slog.New(slog.DiscardHandler)
	jobs = engine.New(s, root, engine.Options{Log: log, Ended: func(storage.State, time.Duration, []storage.JobFile) { told <- true }})
	l = Ledger(config.Defaults(), s, func() handover.Practice { return PracticeOf(config.Defaults()) }, ExportsOf(config.Defaults(), s, jobs).Packager(), log)
	running, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- jobs.Run(running) }()
	t.Cleanup(func() { stop(); <-ended })
	return l, jobs, told
}

// opensAndVerifies loads the file of a link, holds it to its hash, opens it with the passphrase and verifies the package.
func opensAndVerifies(t *testing.T, jobs *engine.Engine, o requests.Opened, passphrase string) {
	t.Helper()
	f, err := jobs.Open(t.Context(), o.Job, o.File)
	testsatchel.Must(t, err)
	defer f.Close()
	content, err := io.ReadAll(f)
	sum := sha256.Sum256(content)
	if err != nil || !bytes.Equal(sum[:], o.SHA256) {
		t.Fatal("not the bytes of the link", err)
	}
	dir := t.TempDir()
	wrapped, opened := filepath.Join(dir, "got.age"), filepath.Join(dir, "got.zip")
	testsatchel.Must(t, os.WriteFile(wrapped, content, 0o600))
	testsatchel.Must(t, handover.DecryptAge(wrapped, opened, passphrase))
	if v, err := handover.Verify(t.Context(), opened, handover.VerifyOptions{}); err != nil || v.Outcome != handover.Good {
		t.Fatal(v.Sentence, err)
	}
}
