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
	"satchel/requests"
	"satchel/storage"
)

// A request goes its whole way with the real maker of packages: the package verifies, the link's file opens with the
// passphrase that was shown, and the same bytes can be given again until they are gone.
func TestRequestWithEngine(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	s, err := storage.Open(ctx, filepath.Join(dir, "satchel.db"), storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	d, err := fhir.Parse([]byte(`{"resourceType":"Patient","id":"p1","name":[{"family":"Kanarienvogel"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := storagetest.Write(ctx, s, func(tx *storage.Tx) error { _, _, err := tx.Put(d, "p1"); return err }); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	jobs := engine.New(s, root, engine.Options{Log: slog.New(slog.DiscardHandler)})
	l := Ledger(config.Defaults(), s, PracticeOf(config.Defaults()), ExportsOf(config.Defaults(), s, jobs).Packager(), slog.New(slog.DiscardHandler))
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- jobs.Run(running) }()
	defer func() { stop(); <-ended }()

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
	for deadline := time.Now().Add(time.Minute); r.State == requests.Producing; time.Sleep(20 * time.Millisecond) {
		if err := l.Tend(ctx); err != nil || time.Now().After(deadline) {
			t.Fatal("not made", err)
		}
		must(l.Request(ctx, r.ID))
	}
	if r.State != requests.Ready || r.Package.Verdict != string(handover.Complete) {
		t.Fatalf("%s: %s", r.State, r.Failure)
	}
	r, link, err := l.MakeLink(ctx, front, seen(), requests.LinkWish{Form: requests.FormAge})
	must(r, err)
	o, err := l.Unlock(ctx, link.Token, link.Passphrase, "10.0.0.9")
	if err != nil {
		t.Fatal(err)
	}
	f, err := jobs.Open(ctx, o.Job, o.File)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(f)
	f.Close()
	sum := sha256.Sum256(content)
	if err != nil || !bytes.Equal(sum[:], o.SHA256) {
		t.Fatal("not the bytes of the link", err)
	}
	wrapped, opened := filepath.Join(dir, "got.age"), filepath.Join(dir, "got.zip")
	if err := os.WriteFile(wrapped, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := handover.DecryptAge(wrapped, opened, link.Passphrase); err != nil {
		t.Fatal(err)
	}
	if v, err := handover.Verify(ctx, opened, handover.VerifyOptions{}); err != nil || v.Outcome != handover.Good {
		t.Fatal(v.Sentence, err)
	}
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
