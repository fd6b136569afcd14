package requests_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"satchel/audit"
	"satchel/fhir"
	"satchel/handover"
	"satchel/internal/audittest"
	"satchel/internal/storagetest"
	"satchel/internal/testpractice"
	"satchel/requests"
	"satchel/storage"
)

var background = context.Background()

// office is a practice in a test: a real store with a clock that the test moves, and a packager that writes to memory.
type office struct {
	*requests.Ledger
	t     testing.TB
	store *storage.Store
	packs *packager
	o     requests.Options

	mu  sync.Mutex
	now time.Time
}

var eastern = time.FixedZone("eastern", -5*3600)

// newOffice opens a practice with one patient, p1, on the 1st of March 2026.
func newOffice(t testing.TB, change func(o *requests.Options)) *office {
	t.Helper()
	s := testpractice.Empty.Bulk(t)
	f := &office{t: t, store: s, now: time.Date(2026, 3, 1, 15, 0, 0, 0, time.UTC)}
	s.Now = f.clock
	f.packs = &packager{store: s, files: map[string][]byte{}}
	f.o = requests.Options{Packager: f.packs, Hash: cheapHash, Check: cheapCheck, Practice: func() handover.Practice {
		return handover.Practice{Zone: eastern, Name: "Practice by the Sea", Address: "1 Harbor Road\nSeatown", Phone: "555-0100", Contact: "the privacy officer"}
	}}
	if change != nil {
		change(&f.o)
	}
	f.Ledger = requests.New(s, f.o)
	d, err := fhir.Parse([]byte(`{"resourceType":"Patient","id":"p1"}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := storagetest.Write(background, s, func(tx *storage.Tx) error { _, _, err := tx.Put(d, "p1"); return err }); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *office) clock() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

// days moves the clock.
func (f *office) days(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(time.Duration(n) * 24 * time.Hour)
}

// cheapHash and cheapCheck stand for slow ones.
func cheapHash(_ context.Context, passphrase string) (string, error) {
	return fmt.Sprintf("%x", sha256.Sum256([]byte(passphrase))), nil
}

func cheapCheck(ctx context.Context, hash, passphrase string) (bool, error) {
	h, err := cheapHash(ctx, passphrase)
	return h == hash, err
}

// packager makes packages of a few bytes when the test says so.
type packager struct {
	store *storage.Store
	mu    sync.Mutex
	files map[string][]byte // job/name
	last  handover.Order
	fail  error
	kept  time.Time
	parts int // files of a package; 0: one
}

func (p *packager) StartPackage(ctx context.Context, by requests.By, url string, r handover.Order) (storage.Job, error) {
	if p.fail != nil {
		return storage.Job{}, p.fail
	}
	p.last = r
	return p.store.AddJob(ctx, audittest.Event(audit.ExportStart), storage.Job{Kind: "ehi", Account: by.Who.Name, URL: url, Request: []byte(`{}`)}, 0)
}

func (p *packager) Check(_ context.Context, r handover.Order) error { return r.Check() }

func (p *packager) Made(job storage.Job) ([]storage.JobFile, string, error) {
	var files []storage.JobFile
	for _, f := range job.Files {
		if f.List == "package" {
			files = append(files, f)
		}
	}
	return files, string(job.Outcome), nil
}

func (p *packager) put(job, name, list string, content []byte) storage.JobFile {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.files[job+"/"+name] = content
	sum := sha256.Sum256(content)
	return storage.JobFile{Name: name, List: list, Bytes: int64(len(content)), SHA256: sum[:]}
}

func (p *packager) Protect(ctx context.Context, _ requests.By, job string, form requests.Form, passphrase string) ([]storage.JobFile, error) {
	files := []storage.JobFile{p.put(job, "package.zip."+string(form), "protected", []byte("under "+passphrase))}
	_, _, err := p.store.AddJobFiles(ctx, audittest.Event(audit.Package), job, files)
	return files, err
}

func (p *packager) Keep(_ context.Context, _ string, until time.Time) error {
	p.kept = until
	return nil
}

func (p *packager) Open(_ context.Context, job, file string) (io.ReadCloser, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	content, ok := p.files[job+"/"+file]
	if !ok {
		return nil, fhir.Errorf(fhir.CodeNotFound, "there is no file")
	}
	return io.NopCloser(bytes.NewReader(content)), nil
}

// work ends the job that waits: complete, or failed with a reason.
func (p *packager) work(t testing.TB, reason string) {
	t.Helper()
	job, found, err := p.store.ClaimJob(background)
	if err != nil || !found {
		t.Fatalf("no job: %v", err)
	}
	if reason != "" {
		_, err = p.store.FailJob(background, audittest.Event(audit.ExportFailed), job.ID, reason, time.Now().Add(time.Hour))
	} else {
		var files []storage.JobFile
		for i := range max(1, p.parts) {
			files = append(files, p.put(job.ID, fmt.Sprintf("package%d.zip", i), "package", fmt.Appendf(nil, "content %d of %s", i, job.ID)))
		}
		_, err = p.store.FinishJob(background, audittest.Event(audit.ExportComplete), job.ID, files, []byte("COMPLETE"), time.Now().Add(time.Hour))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// by is an account at work.
func by(name string) requests.By {
	return requests.By{Who: audit.Who{Name: name, Kind: audit.User}, From: "10.0.0.7", RequestID: "r-1"}
}

func seen(r requests.Request) requests.Seen { return requests.Seen{ID: r.ID, Version: r.Version} }

// wanted is a request for the record of p1.
func wanted() requests.Intake {
	return requests.Intake{Patient: "p1", Details: requests.Details{
		Channel: "paper", Scope: requests.ScopeRecord, Wish: "stick",
		Requester: requests.Requester{Name: "Mina Ödegård", Role: requests.RolePatient, Phone: "555-0101"},
		Subject:   requests.Subject{Name: "Mina Ödegård", BirthDate: "1980-02-29"},
	}}
}

// must is the value of a step that cannot fail.
func must(t testing.TB) func(r requests.Request, err error) requests.Request {
	return func(r requests.Request, err error) requests.Request {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
}

// at brings a new request into a state.
func (f *office) at(s requests.State) requests.Request {
	f.t.Helper()
	must := must(f.t)
	r := must(f.Record(background, by("front"), wanted()))
	steps := map[requests.State]func(){
		requests.Verifying: func() { r = must(f.Check(background, by("front"), seen(r), "id", "")) },
		requests.Approved:  func() { r = must(f.Approve(background, by("doctor"), seen(r), requests.Approval{})) },
		requests.Denied:    func() { r = must(f.Deny(background, by("doctor"), seen(r), []requests.Ground{"danger"}, "text")) },
		requests.Producing: func() { r = must(f.Produce(background, by("front"), seen(r), "")) },
		requests.Ready:     func() { f.packs.work(f.t, ""); f.advance(); r = must(f.Request(background, r.ID)) },
		requests.Delivered: func() {
			r = must(f.Deliver(background, by("front"), seen(r), requests.Delivery{Way: "stick"}))
		},
		requests.Closed:    func() { r = must(f.Close(background, by("front"), seen(r), "")) },
		requests.Withdrawn: func() { r = must(f.Withdraw(background, by("front"), seen(r), "")) },
	}
	paths := map[requests.State][]requests.State{
		requests.Denied: {requests.Verifying, requests.Denied}, requests.Withdrawn: {requests.Withdrawn},
	}
	path, ok := paths[s]
	if !ok {
		for _, next := range []requests.State{requests.Received, requests.Verifying, requests.Approved, requests.Producing, requests.Ready, requests.Delivered, requests.Closed} {
			path = append(path, next)
			if next == s {
				break
			}
		}
	}
	for _, next := range path {
		if step := steps[next]; step != nil {
			step()
		}
		if next != r.State {
			f.t.Fatalf("on the way to %s: %s, want %s", s, r.State, next)
		}
	}
	return r
}

func (f *office) advance() {
	f.t.Helper()
	if err := f.Advance(background); err != nil {
		f.t.Fatal(err)
	}
}

// code is the code of a fhir.Error, "" of none.
func code(err error) fhir.Code {
	if known, ok := errors.AsType[*fhir.Error](err); ok {
		return known.Code
	}
	return ""
}

// events are the audit log's events of a request's steps.
func (f *office) events(number string) []audit.Event {
	f.t.Helper()
	all, _, err := f.store.AuditEvents(background, audit.Filter{}, audit.Page{Count: 10000})
	if err != nil {
		f.t.Fatal(err)
	}
	var some []audit.Event
	for _, e := range all {
		if e.Target == number {
			some = append(some, e)
		}
	}
	return some
}

// noWord fails if a text holds one of the words.
func noWord(t testing.TB, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if strings.Contains(text, w) {
			t.Errorf("%q holds %q", text, w)
		}
	}
}
