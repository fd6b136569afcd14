package storagetest

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"satchel/audit"
	"satchel/fhir"
	"satchel/internal/audittest"
	"satchel/storage"
)

func addJob(t *testing.T, s *storage.Store, kind string, limit int) (storage.Job, error) {
	t.Helper()
	return s.AddJob(t.Context(), audittest.Event(audit.ExportStart), storage.Job{Kind: kind, Account: "anna", Request: []byte(`{}`)}, limit)
}

// Workers of several processes claim each job once, the oldest first, and of the kinds that they ask for.
func claims(t *testing.T, e Engine) {
	s := e.Open(t, "a")
	const jobs = 12
	var want []string
	for range jobs {
		j, err := addJob(t, s, "bulk", 0)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, j.ID)
	}
	if _, ok, err := s.ClaimJob(t.Context(), "import"); err != nil || ok {
		t.Errorf("a job of another kind was claimed: %v, %v", ok, err)
	}
	if j, ok, err := s.ClaimJob(t.Context(), "bulk"); err != nil || !ok || j.ID != want[0] || j.State != storage.Running {
		t.Errorf("%+v, %v, %v; want the oldest, %s", j, ok, err, want[0])
	}
	claimed := make(chan string, 2*jobs)
	var all sync.WaitGroup
	for range 3 {
		worker := e.Open(t, "a")
		all.Go(func() {
			for {
				j, ok, err := worker.ClaimJob(t.Context())
				if err != nil {
					t.Error(err)
				}
				if !ok {
					return
				}
				claimed <- j.ID
			}
		})
	}
	all.Wait()
	close(claimed)
	got := []string{want[0]}
	for id := range claimed {
		got = append(got, id)
	}
	slices.Sort(got)
	slices.Sort(want)
	same(t, "claimed", got, want)
}

// A job that was running when the process ended is queued again at the next start, on the same snapshot, and one that has
// ended is not.
func recovers(t *testing.T, e Engine) {
	s := e.Open(t, "a")
	put(t, s, `{"resourceType":"Patient","id":"p"}`)
	j, err := addJob(t, s, "bulk", 0)
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, `{"resourceType":"Patient","id":"later"}`)
	if _, ok, err := s.ClaimJob(t.Context()); err != nil || !ok {
		t.Fatal(ok, err)
	}
	if err := s.Progress(t.Context(), j.ID, 5, 10); err != nil {
		t.Fatal(err)
	}
	s = e.Open(t, "a") // the other one has ended, so to say
	if n, err := s.RequeueJobs(t.Context()); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	again, ok, err := s.ClaimJob(t.Context())
	if err != nil || !ok || again.ID != j.ID || again.Snapshot.Seq != j.Snapshot.Seq || !again.Snapshot.Time.Equal(j.Snapshot.Time) || again.Done != 0 {
		t.Fatalf("%+v, %v, %v", again, ok, err)
	}
	same(t, "the snapshot of the job", scan(t, s, again.Snapshot, storage.Selection{}), []string{"Patient/p#1"})
	if there, err := s.FinishJob(t.Context(), audittest.Event(audit.ExportComplete), j.ID, nil, nil, s.Now().Add(time.Hour)); err != nil || !there {
		t.Fatal(there, err)
	}
	if n, err := s.RequeueJobs(t.Context()); err != nil || n != 0 {
		t.Errorf("%d jobs that had ended are queued again, %v", n, err)
	}
}

// A job that has ended has its files or its reason; it expires when its time is over, or later if it is kept; a job that is
// gone cannot end; and no more are taken than are allowed.
func ends(t *testing.T, e Engine) {
	s := e.Open(t, "a")
	j, err := addJob(t, s, "bulk", 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := addJob(t, s, "bulk", 1); codeOf(err) != fhir.CodeThrottled {
		t.Errorf("one too many: %v", err)
	}
	files := []storage.JobFile{{Name: "b", List: "output", Type: "Patient", Count: 2, Bytes: 3, SHA256: []byte{1}}, {Name: "a", List: "error"}}
	until := s.Now().Add(time.Hour)
	if there, err := s.FinishJob(t.Context(), audittest.Event(audit.ExportComplete), j.ID, files, []byte(`{}`), until); err != nil || !there {
		t.Fatal(there, err)
	}
	done, err := s.Job(t.Context(), j.ID)
	if err != nil || done.State != storage.Complete || fmt.Sprint(done.Files) != fmt.Sprint(files) {
		t.Errorf("%+v, %v", done, err)
	}
	if there, err := s.KeepJob(t.Context(), j.ID, until.Add(time.Hour)); err != nil || !there {
		t.Error(there, err)
	}
	for after, want := range map[time.Duration]int{-time.Minute: 0, time.Minute: 0, 2 * time.Hour: 1} {
		if expired, err := s.ExpiredJobs(t.Context(), until.Add(after)); err != nil || len(expired) != want {
			t.Errorf("after %v: %v, %v", after, expired, err)
		}
	}
	for _, want := range []bool{true, false} {
		if there, err := s.DeleteJob(t.Context(), audittest.Event(audit.ExportDelete), j.ID); err != nil || there != want {
			t.Errorf("delete: %v, %v", there, err)
		}
	}
	if there, err := s.FailJob(t.Context(), audittest.Event(audit.ExportFailed), j.ID, "too late", until); err != nil || there {
		t.Errorf("a job that is gone has failed: %v, %v", there, err)
	}
	if _, err := s.Job(t.Context(), j.ID); codeOf(err) != fhir.CodeNotFound {
		t.Error(err)
	}
	same(t, "log: what found no job is not in it", logged(t, s), []string{
		"export-start " + j.ID + " [*] ", "export-complete  [] ", "export-delete  [] "})
}
