package engine

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"satchel/audit"
	"satchel/engine/bulk"
	"satchel/engine/imports"
	"satchel/fhir"
	"satchel/internal/fault"
	"satchel/storage"
)

var ann = audit.Event{Who: audit.Who{Name: "ann", Kind: audit.User}, Action: audit.Import}

// starts starts an import of one file.
func starts(t *testing.T, e *Engine, name, text string) storage.Job {
	t.Helper()
	job, err := e.StartImport(t.Context(), ann, filled(t, e, name, text), imports.Choices{})
	if err != nil {
		t.Fatal(err)
	}
	return job
}

// patients are n lines, from p0 on.
func patients(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"resourceType":"Patient","id":"p%d"}`+"\n", i)
	}
	return b.String()
}

// outcome is what came of an import that has ended.
func outcome(t *testing.T, s *storage.Store, id string) (storage.Job, imports.Outcome) {
	t.Helper()
	job, err := s.Job(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	o, err := imports.OutcomeOf(job)
	if err != nil {
		t.Fatal(err)
	}
	return job, o
}

// stored waits until a patient is in the store.
func stored(ctx context.Context, s *storage.Store, id string) error {
	tick := time.NewTicker(time.Millisecond) // another process may be at work
	defer tick.Stop()
	for {
		if _, err := s.Resource(ctx, "Patient", id); !fault.Missing(err) {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// imported are the words of the audit log about how imports begin and end.
func imported(t *testing.T, s *storage.Store) (all []string) {
	t.Helper()
	for e, err := range s.AuditStream(t.Context(), audit.Filter{Actions: []audit.Action{audit.Import}}, audit.Sort{}) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Detail == "" {
			continue // that of whoever asked
		}
		all = append(all, fmt.Sprintf("%s %s %s %s", e.Who.Name, e.Target, e.Outcome, e.Detail))
	}
	return all
}

// An import is a job: what it says of lines, how many it stored, and its list survive a restart, and its files do not.
func TestImportJob(t *testing.T) {
	t.Parallel()
	e := engineOn(t, open(t), Options{})
	job := starts(t, e, "a.ndjson", patients(2)+"x\n")
	finish(t, e, job.ID)
	starts(t, e, "b.ndjson", "") // it runs after the first one, so that of that nothing is left to do
	if err := waitIdle(t, e); err != nil {
		t.Fatal(err)
	}
	next := New(e.store, e.folder, Options{})
	start(t, next)
	job, o := outcome(t, next.store, job.ID)
	if job.State != storage.Complete || job.Account != "ann" || job.Runs != 1 || o.Counts["Patient"].Created != 2 || o.Refused != 1 || o.Remarks != 0 || job.Done != job.Total {
		t.Errorf("%+v %+v", job, o)
	}
	found, err := next.store.JobFindings(t.Context(), job.ID)
	if err != nil || len(found) != 1 || found[0].File != "a.ndjson" || found[0].Line != 3 || !found[0].Refused || found[0].Reason == "" {
		t.Errorf("%+v (%v)", found, err)
	}
	f, err := next.ImportFindings(t.Context(), job.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if rows, err := csv.NewReader(f).ReadAll(); err != nil || len(rows) != 2 || rows[1][0] != "a.ndjson" || rows[1][1] != "3" {
		t.Errorf("%q (%v)", rows, err)
	}
	if left := entries(t, e.path(job.ID)); !slices.Equal(left, []string{imports.FindingsFile}) {
		t.Errorf("left %q", left)
	}
	want := []string{"ann " + job.ID + " success begins, 1 paths", "ann " + job.ID + " success ends, 2 created, 0 updated, 0 unchanged, 0 deleted, 0 older, 1 refused"}
	if got := imported(t, e.store); !slices.Equal(got[:2], want) {
		t.Errorf("noted %q", got)
	}
}

// waitIdle waits until no worker has an import.
func waitIdle(t *testing.T, e *Engine) error {
	jobs, err := e.store.Jobs(t.Context(), imports.Kind)
	for _, j := range jobs {
		finish(t, e, j.ID)
		e.mu.Lock()
		r := e.running[j.ID]
		e.mu.Unlock()
		if r != nil {
			<-r.ended
		}
	}
	return err
}

// What is killed in the middle of an import is imported by the next start, and nothing of it is lost or there twice. The
// killed one is a process of its own, which ends itself as soon as a part is stored.
func TestImportKilled(t *testing.T) {
	const many = 30_000
	if dir := os.Getenv("SATCHEL_TEST_KILL"); dir != "" {
		importAndDie(t, dir, many)
	}
	t.Parallel()
	dir := t.TempDir()
	child := exec.Command(os.Args[0], "-test.run=^TestImportKilled$")
	child.Env = append(os.Environ(), "SATCHEL_TEST_KILL="+dir)
	var exit *exec.ExitError
	if out, err := child.CombinedOutput(); !errors.As(err, &exit) || strings.Contains(string(out), "FAIL") {
		t.Fatalf("%v\n%s", err, out)
	}
	s, root := reopened(t, dir)
	jobs, err := s.Jobs(t.Context())
	if err != nil || len(jobs) != 1 || jobs[0].State != storage.Running {
		t.Fatalf("%+v (%v)", jobs, err)
	}
	if _, err := s.Resource(t.Context(), "Patient", fmt.Sprint("p", many-1)); !isNotFound(err) {
		t.Fatalf("it was not killed in the middle: %v", err)
	}
	e := New(s, root, Options{})
	start(t, e)
	finish(t, e, jobs[0].ID)
	if err := waitIdle(t, e); err != nil {
		t.Fatal(err)
	}
	job, o := outcome(t, s, jobs[0].ID)
	n := o.Counts["Patient"]
	if job.State != storage.Complete || job.Runs != 2 || n.Created == 0 || n.Unchanged == 0 || n.Created+n.Unchanged != many || n.Updated != 0 || o.Refused != 1 {
		t.Errorf("%s, run %d times, %+v", job.State, job.Runs, o)
	}
	if left := entries(t, e.path(job.ID)); !slices.Equal(left, []string{imports.FindingsFile}) {
		t.Errorf("left %q", left)
	}
	if v, err := s.VerifyAudit(t.Context()); err != nil || !v.OK() {
		t.Error(v, err)
	}
}

// reopened is the store and the folder of a directory.
func reopened(t *testing.T, dir string) (*storage.Store, *os.Root) {
	t.Helper()
	s, err := storage.Open(t.Context(), dir+"/satchel.db", storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := os.MkdirAll(dir+"/exports", 0o700); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir + "/exports")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return s, root
}

// importAndDie imports and kills its own process in the middle.
func importAndDie(t *testing.T, dir string, many int) {
	s, root := reopened(t, dir)
	e := New(s, root, Options{})
	starts(t, e, "a.ndjson", "x\n"+patients(many))
	start(t, e)
	if err := stored(t.Context(), s, "p0"); err != nil {
		t.Fatal(err)
	}
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Kill()
	}
	t.Fatal(err)
	select {}
}

// A server that is stopped in good order in the middle of an import says so in the audit log, and its next start imports.
func TestImportStopAndStartAgain(t *testing.T) {
	t.Parallel()
	const many = 30_000
	e, _ := uploading(t, Options{})
	job := starts(t, e, "a.ndjson", patients(many))
	stop := start(t, e)
	if err := stored(t.Context(), e.store, "p0"); err != nil {
		t.Fatal(err)
	}
	stop()
	if cut, _ := outcome(t, e.store, job.ID); cut.State != storage.Running {
		t.Fatalf("it was not stopped in the middle: %s", cut.State)
	}
	if got := imported(t, e.store); len(got) != 2 || !strings.Contains(got[1], " ends, ") || strings.Contains(got[1], "success") {
		t.Errorf("noted %q", got)
	}
	next := New(e.store, e.folder, Options{})
	start(t, next)
	finish(t, next, job.ID)
	job, o := outcome(t, e.store, job.ID)
	if n := o.Counts["Patient"]; job.State != storage.Complete || job.Runs != 2 || n.Unchanged == 0 || n.Created+n.Unchanged != many {
		t.Errorf("%+v %+v", job.State, o)
	}
}

// Who stops an import that runs sees at once what it has stored, and its files are gone; one that waits never begins.
func TestStopImport(t *testing.T) {
	t.Parallel()
	const many = 30_000
	e, _ := uploading(t, Options{})
	first, second := starts(t, e, "a.ndjson", patients(many)), starts(t, e, "b.ndjson", `{"resourceType":"Patient","id":"b"}`)
	start(t, e)
	if err := stored(t.Context(), e.store, "p0"); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{second.ID, first.ID, first.ID} {
		if err := e.StopImport(t.Context(), ann, id); err != nil {
			t.Fatal(err)
		}
	}
	job, o := outcome(t, e.store, first.ID)
	if n := o.Counts["Patient"]; job.State != storage.Stopped || n.Created == 0 || n.Created >= many || len(o.Problems) > 0 || job.Expires.IsZero() {
		t.Errorf("%+v %+v", job, o)
	}
	waiting, _ := outcome(t, e.store, second.ID)
	if _, err := e.store.Resource(t.Context(), "Patient", "b"); waiting.State != storage.Stopped || !isNotFound(err) {
		t.Errorf("%+v (%v)", waiting, err)
	}
	for _, j := range []storage.Job{job, waiting} {
		if kept := j.Expires.Sub(j.Ended); kept < DefaultRetention-time.Hour || kept > DefaultRetention+time.Hour {
			t.Errorf("%s expires %v after it was stopped", j.ID, kept)
		}
	}
	if err := waitIdle(t, e); err != nil {
		t.Fatal(err)
	}
	if got := entries(t, e.path(first.ID)); len(got) != 0 {
		t.Errorf("left %q", got)
	}
	if got := entries(t, e.folder.Name()); slices.Contains(got, second.ID) {
		t.Errorf("left %q", got)
	}
	for _, err := range []error{e.StopImport(t.Context(), ann, "nope"), e.Cancel(t.Context(), ann, first.ID)} {
		if !isNotFound(err) {
			t.Errorf("got %v", err)
		}
	}
}

// Imports run in the order in which they came, so that of two files with one resource the later one is the newer version; and
// neither they nor exports stand in each other's way.
func TestImportsInOrder(t *testing.T) {
	t.Parallel()
	e, _ := uploading(t, Options{MaxJobs: 1})
	var jobs []storage.Job
	for i := range importsAtOnce {
		jobs = append(jobs, starts(t, e, "a.ndjson", patients(5000*(1-min(i, 1)))+fmt.Sprintf(`{"resourceType":"Patient","id":"p","multipleBirthInteger":%d}`, i)))
	}
	_, err := e.StartImport(t.Context(), ann, filled(t, e, "a.ndjson", "x"), imports.Choices{})
	if known := new(fhir.Error); !errors.As(err, &known) || known.Code != fhir.CodeThrottled {
		t.Errorf("one too many: %v", err)
	}
	if got := entries(t, e.folder.Name()); len(got) != len(jobs) {
		t.Errorf("of what was refused something is left: %q", got)
	}
	if _, err := e.Start(t.Context(), ann, "ann", "", bulk.Request{Level: bulk.LevelSystem}); err != nil {
		t.Errorf("imports stand in the way of an export: %v", err)
	}
	start(t, e)
	for _, j := range jobs {
		finish(t, e, j.ID)
	}
	r, err := e.store.Resource(t.Context(), "Patient", "p")
	if err != nil || r.Version != importsAtOnce || !strings.Contains(string(r.JSON), fmt.Sprintf(`"multipleBirthInteger":%d`, importsAtOnce-1)) {
		t.Errorf("version %d, %s (%v)", r.Version, r.JSON, err)
	}
}

// The row keeps a bounded part of the findings, and the list all of them.
func TestImportFindingsBounded(t *testing.T) {
	t.Parallel()
	e := engineOn(t, open(t), Options{})
	long := strings.Repeat("ä", 60) + ".ndjson"
	lines := strings.Repeat("x\n", 1000) + strings.Repeat(`{"resourceType":"Patient","birthDate":"x","`+strings.Repeat("y", 2000)+`":1}`+"\n", 300)
	job := finish(t, e, starts(t, e, long, lines).ID)
	_, o := outcome(t, e.store, job.ID)
	found, err := e.store.JobFindings(t.Context(), job.ID)
	if err != nil || o.Refused != 1000 || o.Remarks < 300 || len(found) != 2*200 {
		t.Errorf("%+v, %d kept (%v)", o, len(found), err)
	}
	for _, f := range found {
		if len(f.File) > 504 || len(f.Entry) > 504 || len(f.Reason) > 504 {
			t.Errorf("%+v", f)
		}
	}
	f, err := e.ImportFindings(t.Context(), job.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if n := int64(strings.Count(string(text), "\r\n")); err != nil || n != 1+o.Refused+o.Remarks || f.Info.Bytes != int64(len(text)) {
		t.Errorf("%d lines (%v)", n, err)
	}
}

// An import whose account is removed stops, and what it did until then is noted all the same.
func TestImportOfRemovedAccount(t *testing.T) {
	t.Parallel()
	e, _ := uploading(t, Options{})
	job := starts(t, e, "a.ndjson", patients(30_000))
	start(t, e)
	if err := stored(t.Context(), e.store, "p0"); err != nil {
		t.Fatal(err)
	}
	e.mu.Lock()
	r := e.running[job.ID]
	e.mu.Unlock()
	remove := func() error {
		_, err := e.store.DeleteJob(t.Context(), ann, job.ID)
		return err
	}
	if err := e.CancelFor(t.Context(), "ann", remove); err != nil {
		t.Fatal(err)
	}
	<-r.ended
	if got := imported(t, e.store); len(got) != 2 || !strings.Contains(got[1], " ends, ") {
		t.Errorf("noted %q", got)
	}
	if got := entries(t, e.folder.Name()); len(got) != 0 {
		t.Errorf("left %q", got)
	}
}

// While an upload becomes a job, no sweep takes it for a folder that has lost its job.
func TestUploadSweep(t *testing.T) {
	t.Parallel()
	e, _ := uploading(t, Options{})
	ctx, stop := context.WithCancel(t.Context())
	var sweeping sync.WaitGroup
	sweeping.Go(func() {
		for ctx.Err() == nil {
			if err := e.sweep(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
	for range 30 {
		job := starts(t, e, "a.ndjson", patients(1))
		if _, err := e.folder.Stat(job.ID); err != nil {
			t.Error(err)
		}
		if err := e.StopImport(t.Context(), ann, job.ID); err != nil {
			t.Error(err)
		}
	}
	stop()
	sweeping.Wait()
}

// Whatever an export writes can be imported, and is what it was.
func TestImportOfExport(t *testing.T) {
	t.Parallel()
	s, root := practice(t), rootDir(t)
	if _, err := New(s, root, Options{}).Bulk.Export(t.Context(), bulk.Request{Level: bulk.LevelSystem}, root, nil); err != nil {
		t.Fatal(err)
	}
	for to, want := range map[*storage.Store]imports.Counts{s: {Unchanged: 14}, open(t): {Created: 14}} {
		counts, err := (&imports.Import{Store: to}).Run(t.Context(), root.Name())
		var got imports.Counts
		for _, n := range counts {
			got.Created, got.Unchanged = got.Created+n.Created, got.Unchanged+n.Unchanged
			got.Updated, got.Refused = got.Updated+n.Updated, got.Refused+n.Refused
		}
		if err != nil || got != want {
			t.Errorf("%+v %v", got, err)
		}
	}
}
