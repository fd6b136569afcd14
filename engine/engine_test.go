package engine

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"satchel/audit"
	"satchel/engine/bulk"
	"satchel/fhir"
	"satchel/internal/audittest"
	"satchel/internal/await"
	"satchel/internal/testpractice"
	"satchel/storage"
)

var (
	open      = testpractice.Here.Bulk
	practice  = testpractice.Groups.Bulk
	put       = testpractice.Put
	remove    = testpractice.Delete
	demoStore = testpractice.HereDemo
)

// rootDir opens a new folder.
func rootDir(t testing.TB) *os.Root { return testpractice.Folder(t) }

// names lists the files of a folder.
func names(t testing.TB, root *os.Root) []string { return testpractice.Names(t, root) }

// engineOn makes an engine that works until the test ends.
func engineOn(t testing.TB, s *storage.Store, o Options) *Engine {
	t.Helper()
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	e := New(s, root, o)
	start(t, e)
	return e
}

// start runs an engine until the test ends, or stop is called.
func start(t testing.TB, e *Engine) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	ended := false
	stop = func() {
		if ended {
			return
		}
		ended = true
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(20 * time.Second):
			t.Error("the engine does not stop")
		}
	}
	t.Cleanup(stop)
	return stop
}

// finish waits for a job to end.
func finish(t testing.TB, e *Engine, id string) storage.Job {
	t.Helper()
	return await.Value(t, "the job ends", func() (storage.Job, bool) {
		job, err := e.store.Job(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return job, job.State.Over()
	})
}

// keys reads what is in the files of a job; see [testpractice.Keys].
func keys(t testing.TB, e *Engine, job storage.Job) []string {
	t.Helper()
	folder, err := e.folder.OpenRoot(job.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	return testpractice.Keys(t, folder, job.Files)
}

// export runs a request to its end and returns the keys of its files.
func export(t testing.TB, e *Engine, r bulk.Request) (storage.Job, []string) {
	t.Helper()
	job, err := e.Start(t.Context(), audittest.Event(audit.ExportStart), "ann", "https://h/fhir/$export", r)
	if err != nil {
		t.Fatal(err)
	}
	if job = finish(t, e, job.ID); job.State != storage.Complete {
		t.Fatalf("job %s: %s", job.State, job.Error)
	}
	return job, keys(t, e, job)
}

// A job makes the same files as an export without one.
func TestJobIsExport(t *testing.T) {
	t.Parallel()
	e := engineOn(t, practice(t), Options{FileCount: 2})
	for _, r := range []bulk.Request{{Level: bulk.LevelSystem}, {Level: bulk.LevelGroup, Group: "g"}} {
		job, _ := export(t, e, r)
		if job.Expires.IsZero() || job.Done > job.Total {
			t.Errorf("job %+v", job)
		}
		m, err := e.Bulk.Export(t.Context(), r, rootDir(t), nil)
		if diff := cmp.Diff(job.Files, m.Files); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	}
}

func TestStartRefuses(t *testing.T) {
	t.Parallel()
	s := practice(t)
	put(t, s, `{"resourceType":"Patient","id":"gone"}`, testpractice.Group("gone", ""))
	remove(t, s, "Patient/gone", "Group/gone")
	e := engineOn(t, s, Options{})
	for _, tt := range []struct {
		name    string
		request bulk.Request
		want    fhir.Code
	}{
		{"unknown group", bulk.Request{Level: bulk.LevelGroup, Group: "nope"}, fhir.CodeNotFound},
		{"deleted group", bulk.Request{Level: bulk.LevelGroup, Group: "gone"}, fhir.CodeDeleted},
		{"unknown patient", bulk.Request{Level: bulk.LevelPatient, Patients: []string{"p1", "nope"}}, fhir.CodeNotFound},
		{"deleted patient", bulk.Request{Level: bulk.LevelPatient, Patients: []string{"gone"}}, fhir.CodeDeleted},
		{"not a member", bulk.Request{Level: bulk.LevelGroup, Group: "g", Patients: []string{"p3"}}, fhir.CodeNotFound},
	} {
		_, err := e.Start(t.Context(), audittest.Event(audit.ExportStart), "ann", "", tt.request)
		if known := new(fhir.Error); !errors.As(err, &known) || known.Code != tt.want {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if jobs, _ := s.Jobs(t.Context()); len(jobs) != 0 {
		t.Errorf("%d jobs", len(jobs))
	}
}

func TestStartThrottles(t *testing.T) {
	t.Parallel()
	s := practice(t)
	e := New(s, rootDir(t), Options{MaxJobs: 2}) // nobody works
	for i := range 4 {
		_, err := e.Start(t.Context(), audittest.Event(audit.ExportStart), "ann", "", bulk.Request{Level: bulk.LevelSystem})
		if known := new(fhir.Error); i >= 2 && (!errors.As(err, &known) || known.Code != fhir.CodeThrottled) || i < 2 && err != nil {
			t.Errorf("job %d: %v", i, err)
		}
	}
	jobs, _ := s.Jobs(t.Context())
	if err := e.Cancel(t.Context(), audittest.Event(audit.ExportDelete), jobs[0].ID); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Start(t.Context(), audittest.Event(audit.ExportStart), "ann", "", bulk.Request{Level: bulk.LevelSystem}); err != nil {
		t.Errorf("after a cancel: %v", err)
	}
}

// A job that waits sees the group as it was when it was asked for.
func TestGroupAsOfSnapshot(t *testing.T) {
	t.Parallel()
	s := practice(t)
	e := New(s, rootDir(t), Options{})
	job, err := e.Start(t.Context(), audittest.Event(audit.ExportStart), "ann", "", bulk.Request{Level: bulk.LevelGroup, Group: "g"})
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, testpractice.Group("g", `{"entity":{"reference":"Patient/p3"}}`), testpractice.Group("g", ``))
	remove(t, s, "Group/g", "Observation/o-p1")
	start(t, e)
	got := keys(t, e, finish(t, e, job.ID))
	if want := "Group/g List/l-p1 List/l-p2 Observation/o-p1 Observation/o-p2 Patient/p1 Patient/p2"; strings.Join(got, " ") != want {
		t.Errorf("got  %v\nwant [%v]", got, want)
	}
}
