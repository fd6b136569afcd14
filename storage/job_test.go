package storage

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"satchel/audit"
	"satchel/fhir"
	"satchel/internal/audittest"
)

// addJob adds a job of ann's, who may have so many at a time.
func addJob(t *testing.T, s *Store, url string, limit int) (Job, error) {
	return s.AddJob(t.Context(), audittest.Event(audit.ExportStart), Job{Kind: "bulk", Account: "ann", URL: url, Request: []byte(`{"level":"system"}`)}, limit)
}

// twoJobs adds two jobs, of which the first runs again after a restart.
func twoJobs(t *testing.T, s *Store) (first, second Job) {
	t.Helper()
	ctx := t.Context()
	put(t, s, parse(t, `{"resourceType":"Patient","id":"p"}`))
	first, err := addJob(t, s, "1", 2)
	if err != nil || first.ID == "" || first.State != Queued || first.Snapshot.Seq != 1 || !first.Created.Equal(first.Snapshot.Time) {
		t.Fatalf("%+v (%v)", first, err)
	}
	second, err = addJob(t, s, "2", 2)
	if err != nil || !second.Snapshot.Time.After(first.Snapshot.Time) {
		t.Fatalf("%+v (%v)", second, err)
	}
	if _, err := addJob(t, s, "3", 2); codeOf(err) != fhir.CodeThrottled {
		t.Errorf("a third job: %v", err)
	}
	if got, err := s.Job(ctx, first.ID); err != nil || cmp.Diff(first, got) != "" {
		t.Errorf("read back: %v %s", err, cmp.Diff(first, got))
	}
	claimed, ok, err := s.ClaimJob(ctx)
	if err != nil || !ok || claimed.ID != first.ID || claimed.State != Running || claimed.Started.IsZero() {
		t.Fatalf("%+v %v (%v)", claimed, ok, err)
	}
	if err := s.Progress(ctx, first.ID, 5, 10); err != nil {
		t.Error(err)
	}
	if n, err := s.RequeueJobs(ctx); err != nil || n != 1 {
		t.Errorf("requeued %d (%v)", n, err)
	}
	if again, _, _ := s.ClaimJob(ctx); again.ID != first.ID || again.Done != 0 {
		t.Errorf("claimed %+v", again)
	}
	return first, second
}

func TestJobLife(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), openNew(t)
	first, second := twoJobs(t, s)
	files := []JobFile{{Name: "Patient.0001.ndjson", List: "output", Type: "Patient", Count: 3, Bytes: 40, SHA256: []byte{1, 2}}, {Name: "e.ndjson", List: "error", Type: "OperationOutcome"}}
	expires := time.UnixMilli(time.Now().UnixMilli() + 1000).UTC()
	if ok, err := s.FinishJob(ctx, audittest.Event(audit.ExportComplete), first.ID, files, nil, expires); err != nil || !ok {
		t.Errorf("finish: %v %v", ok, err)
	}
	done, err := s.Job(ctx, first.ID)
	if diff := cmp.Diff(files, done.Files); err != nil || diff != "" || done.State != Complete || !done.Expires.Equal(expires) || done.Ended.IsZero() || done.Done != 10 {
		t.Errorf("%+v (%v) %s", done, err, diff)
	}
	if third, err := addJob(t, s, "3", 2); err != nil || third.State != Queued {
		t.Errorf("room again: %v", err)
	}
	if ok, err := s.FailJob(ctx, audittest.Event(audit.ExportFailed), second.ID, "no space", expires.Add(time.Hour)); err != nil || !ok {
		t.Errorf("fail: %v %v", ok, err)
	}
	if jobs, err := s.Jobs(ctx); err != nil || len(jobs) != 3 || jobs[0].URL != "3" || jobs[1].Error != "no space" || jobs[2].Files != nil {
		t.Errorf("%+v (%v)", jobs, err)
	}
	for at, want := range map[time.Time]int{expires.Add(-1): 0, expires: 1, expires.Add(time.Hour): 2} {
		if ids, err := s.ExpiredJobs(ctx, at); err != nil || len(ids) != want {
			t.Errorf("expired at %v: %v (%v)", at, ids, err)
		}
	}
	for i, want := range []bool{true, false} {
		if ok, err := s.DeleteJob(ctx, audittest.Event(audit.ExportDelete), first.ID); err != nil || ok != want {
			t.Errorf("delete %d: %v (%v)", i, ok, err)
		}
	}
	if ok, err := s.FinishJob(ctx, audittest.Event(audit.ExportComplete), first.ID, files, nil, expires); err != nil || ok {
		t.Errorf("finish a job that is gone: %v (%v)", ok, err)
	}
	if rows := dump(t, s, "job_file"); rows != nil {
		t.Errorf("files stayed: %v", rows)
	}
}

// A package's row has an outcome, files that lie deeper, files that are added later, and a time that is only ever longer.
func TestPackageRow(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), openNew(t)
	job, err := s.AddJob(ctx, audittest.Event(audit.ExportStart), Job{Kind: "ehi", Account: "ann", Request: []byte(`{}`)}, 0)
	if err != nil {
		t.Fatal(err)
	}
	zip := JobFile{Name: "p.zip", List: "package", Bytes: 3, SHA256: []byte{1}}
	if _, found, err := s.AddJobFiles(ctx, audittest.Event(audit.Package), job.ID, []JobFile{zip}); err != nil || found {
		t.Errorf("files of a job that is not complete: %v (%v)", found, err)
	}
	late := time.UnixMilli(time.Now().UnixMilli()).UTC().Add(100 * time.Hour)
	for at, want := range map[time.Time]bool{late: true, late.Add(-time.Hour): true} {
		if ok, err := s.KeepJob(ctx, job.ID, at); err != nil || ok != want {
			t.Errorf("keep: %v (%v)", ok, err)
		}
	}
	if ids, err := s.ExpiredJobs(ctx, late.Add(time.Hour)); err != nil || len(ids) != 0 {
		t.Errorf("a job that has not ended expired: %v (%v)", ids, err)
	}
	if ok, err := s.FinishJob(ctx, audittest.Event(audit.ExportComplete), job.ID, []JobFile{zip}, []byte(`{"verdict":"COMPLETE"}`), late.Add(-50*time.Hour)); err != nil || !ok {
		t.Fatal(ok, err)
	}
	first := JobFile{Name: "p.zip.age", Path: "a/p.zip.age", List: "protected", Bytes: 4, SHA256: []byte{2}}
	second := JobFile{Name: "p.zip.age", Path: "b/p.zip.age", List: "protected", Bytes: 5, SHA256: []byte{3}}
	for _, tt := range []struct {
		add  JobFile
		want int
	}{{first, 0}, {second, 1}} {
		replaced, found, err := s.AddJobFiles(ctx, audittest.Event(audit.Package), job.ID, []JobFile{tt.add})
		if err != nil || !found || len(replaced) != tt.want || tt.want == 1 && replaced[0].Path != first.Path {
			t.Errorf("%+v %v (%v)", replaced, found, err)
		}
	}
	got, err := s.Job(ctx, job.ID)
	if diff := cmp.Diff([]JobFile{zip, second}, got.Files); err != nil || diff != "" || string(got.Outcome) != `{"verdict":"COMPLETE"}` || !got.Expires.Equal(late) {
		t.Errorf("%+v (%v) %s", got, err, diff)
	}
	if jobs, err := s.Jobs(ctx); err != nil || len(jobs) != 1 || string(jobs[0].Outcome) != string(got.Outcome) {
		t.Errorf("%+v (%v)", jobs, err)
	}
	if ok, err := s.KeepJob(ctx, "nothing", late); err != nil || ok {
		t.Errorf("keep nothing: %v (%v)", ok, err)
	}
}

// Each job is claimed once, however many workers ask.
func TestClaimOnce(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	for range 10 {
		if _, err := s.AddJob(t.Context(), audittest.Event(audit.ExportStart), Job{Kind: "bulk", Request: []byte(`{}`)}, 0); err != nil {
			t.Fatal(err)
		}
	}
	var group sync.WaitGroup
	var mu sync.Mutex
	claims := map[string]int{}
	for range 4 {
		group.Go(func() {
			for {
				j, ok, err := s.ClaimJob(background)
				if err != nil {
					t.Error(err)
				}
				if !ok {
					return
				}
				mu.Lock()
				claims[j.ID]++
				mu.Unlock()
			}
		})
	}
	group.Wait()
	for id, n := range claims {
		if n != 1 {
			t.Errorf("job %s was claimed %d times", id, n)
		}
	}
	if len(claims) != 10 {
		t.Errorf("%d jobs were claimed", len(claims))
	}
}
