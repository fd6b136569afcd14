package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"satchel/audit"
	"satchel/engine/bulk"
	"satchel/fhir"
	"satchel/internal/audittest"
	"satchel/internal/await"
	"satchel/storage"
)

func isNotFound(err error) bool {
	known := new(fhir.Error)
	return errors.As(err, &known) && known.Code == fhir.CodeNotFound
}

// folders lists what is in the export folder once it is so many.
func folders(t *testing.T, e *Engine, want int) []string {
	t.Helper()
	return await.Value(t, fmt.Sprintf("there are %d folders", want), func() ([]string, bool) {
		all := names(t, e.folder)
		return all, len(all) == want
	})
}

// A server that was killed finds its job running and strange files in its folder; it runs the job again on the same
// snapshot.
func TestRunAfterCrash(t *testing.T) {
	t.Parallel()
	s, root := practice(t), rootDir(t)
	e := New(s, root, Options{})
	job, err := e.Start(t.Context(), audittest.Event(audit.ExportStart), "ann", "", bulk.Request{Level: bulk.LevelPatient})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.ClaimJob(t.Context()); err != nil {
		t.Fatal(err)
	}
	root.MkdirAll(job.ID+"/strange", 0o700)
	for _, name := range []string{"Patient.0001.ndjson", "Patient.0002.ndjson.tmp", "Observation.0001.ndjson.tmp"} {
		root.WriteFile(job.ID+"/"+name, []byte("torn"), 0o600)
	}
	root.MkdirAll("nobodys/x", 0o700)
	root.WriteFile("not-a-folder", nil, 0o600)
	put(t, s, `{"resourceType":"Patient","id":"late"}`)

	again := New(s, root, Options{})
	start(t, again)
	job = finish(t, again, job.ID)
	got := keys(t, again, job)
	if want := "Observation/o-p1 Observation/o-p2 Observation/o-p3 Patient/p1 Patient/p2 Patient/p3"; strings.Join(got, " ") != want {
		t.Errorf("got %v", got)
	}
	if left := names(t, root); !slices.Equal(left, sorted(job.ID, "not-a-folder")) {
		t.Errorf("left %v", left)
	}
	sub, _ := root.OpenRoot(job.ID)
	defer sub.Close()
	if left := names(t, sub); fmt.Sprint(left) != "[Observation.0001.ndjson Patient.0001.ndjson]" {
		t.Errorf("left in the job's folder: %v", left)
	}
}

func sorted(s ...string) []string { slices.Sort(s); return s }

func TestModes(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("no mode bits")
	}
	e := engineOn(t, practice(t), Options{})
	job, _ := export(t, e, bulk.Request{Level: bulk.LevelSystem})
	info, err := e.folder.Stat(job.ID)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder %v %v", info.Mode(), err)
	}
	for _, f := range job.Files {
		if info, err := e.folder.Stat(job.ID + "/" + f.Name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s %v %v", f.Name, info.Mode(), err)
		}
	}
}

func TestOpenServesListedFilesOnly(t *testing.T) {
	t.Parallel()
	e := engineOn(t, practice(t), Options{})
	job, _ := export(t, e, bulk.Request{Level: bulk.LevelSystem, Types: []string{"Patient"}})
	e.folder.WriteFile(job.ID+"/unlisted.ndjson", []byte("x"), 0o600)
	for _, name := range []string{"unlisted.ndjson", "../satchel.db", "Patient.0002.ndjson", "", ".", "Patient.0001.ndjson/"} {
		if _, err := e.Open(t.Context(), job.ID, name); !isNotFound(err) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := e.Open(t.Context(), "nope", "Patient.0001.ndjson"); !isNotFound(err) {
		t.Errorf("unknown job: %v", err)
	}
	f, err := e.Open(t.Context(), job.ID, "Patient.0001.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	if data, err := io.ReadAll(f); err != nil || int64(len(data)) != f.Info.Bytes || f.Job.Account != "ann" {
		t.Errorf("%d bytes, %v", len(data), err)
	}
	f.Close()
	f.Close()
	if len(e.holds) != 0 {
		t.Errorf("holds %v", e.holds)
	}
}

func TestCancelCompleteWhileOpen(t *testing.T) {
	t.Parallel()
	e := engineOn(t, practice(t), Options{})
	job, _ := export(t, e, bulk.Request{Level: bulk.LevelSystem, Types: []string{"Patient"}})
	f, err := e.Open(t.Context(), job.ID, "Patient.0001.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Cancel(t.Context(), audittest.Event(audit.ExportDelete), job.ID); err != nil {
		t.Fatal(err)
	}
	if err := e.Cancel(t.Context(), audittest.Event(audit.ExportDelete), job.ID); !isNotFound(err) {
		t.Errorf("second cancel: %v", err)
	}
	if _, err := e.store.Job(t.Context(), job.ID); !isNotFound(err) {
		t.Errorf("status: %v", err)
	}
	if data, err := io.ReadAll(f); err != nil || int64(len(data)) != f.Info.Bytes {
		t.Errorf("download: %d bytes, %v", len(data), err)
	}
	if got := names(t, e.folder); len(got) != 1 {
		t.Errorf("the folder of an open file is gone: %v", got)
	}
	f.Close()
	if got := names(t, e.folder); len(got) != 0 {
		t.Errorf("left %v", got)
	}
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	s := practice(t)
	e := New(s, rootDir(t), Options{Retention: time.Hour})
	stop := start(t, e)
	job, _ := export(t, e, bulk.Request{Level: bulk.LevelSystem, Types: []string{"Patient"}})
	stop()
	f, err := e.Open(t.Context(), job.ID, "Patient.0001.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	exists := func() bool { _, err := s.Job(t.Context(), job.ID); return err == nil }
	for _, step := range []struct {
		after time.Duration
		open  bool
		want  bool
	}{{59 * time.Minute, true, true}, {2 * time.Hour, true, true}, {2 * time.Hour, false, false}} {
		if !step.open {
			f.Close()
		}
		s.Now = func() time.Time { return now.Add(step.after) }
		e.expireOnce(t.Context())
		if exists() != step.want {
			t.Errorf("after %v, open %t: there %t", step.after, step.open, exists())
		}
	}
	if got := names(t, e.folder); len(got) != 0 {
		t.Errorf("left %v", got)
	}
}

// What stops in the middle is queued again at the next start.
func TestStopAndStartAgain(t *testing.T) {
	t.Parallel()
	s := open(t)
	for i := range 50 {
		put(t, s, fmt.Sprintf(`{"resourceType":"Patient","id":"p%d"}`, i))
	}
	root := rootDir(t)
	e := New(s, root, Options{FileCount: 1})
	job, err := e.Start(t.Context(), audittest.Event(audit.ExportStart), "ann", "", bulk.Request{Level: bulk.LevelSystem})
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; ; i += 3 {
		e = New(s, root, Options{FileCount: 1})
		stop := start(t, e)
		reaches(t, e, job.ID, i)
		stop()
		got, err := s.Job(t.Context(), job.ID)
		if err != nil || got.State == storage.Failed {
			t.Fatalf("%v %v", got, err)
		}
		if got.State == storage.Complete {
			if n := len(keys(t, e, got)); n != 50 {
				t.Errorf("%d lines", n)
			}
			return
		}
	}
}

// reaches waits until a job has begun so many files, or is over.
func reaches(t *testing.T, e *Engine, id string, files int) {
	await.Until(t, "the job gets on", func() bool {
		if job, err := e.store.Job(context.Background(), id); err != nil || job.State.Over() {
			return true
		}
		all, _ := fs.ReadDir(e.folder.FS(), id)
		return len(all) >= files
	})
}

// Jobs that are cancelled at any moment leave neither rows nor files.
func TestCancelRaces(t *testing.T) {
	t.Parallel()
	s := open(t)
	for i := range 40 {
		put(t, s, fmt.Sprintf(`{"resourceType":"Patient","id":"p%d"}`, i))
	}
	e := engineOn(t, s, Options{MaxJobs: 8, FileCount: 1})
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for i := range 15 {
				job, err := e.Start(t.Context(), audittest.Event(audit.ExportStart), "ann", "", bulk.Request{Level: bulk.LevelSystem})
				if err != nil {
					t.Error(err)
					return
				}
				reaches(t, e, job.ID, (i*7+worker*3)%40)
				if f, err := e.Open(t.Context(), job.ID, "Patient.0001.ndjson"); err == nil {
					defer f.Close()
				}
				if err := e.Cancel(t.Context(), audittest.Event(audit.ExportDelete), job.ID); err != nil {
					t.Error(err)
				}
				if _, err := s.Job(t.Context(), job.ID); !isNotFound(err) {
					t.Errorf("after the cancel: %v", err)
				}
			}
		})
	}
	all.Wait()
	if left := folders(t, e, 0); len(left) != 0 {
		t.Errorf("left %v", left)
	}
	if jobs, _ := s.Jobs(t.Context()); len(jobs) != 0 {
		t.Errorf("%d jobs left", len(jobs))
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	t.Run("folder gone", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "x")
		os.Mkdir(dir, 0o700)
		root, err := os.OpenRoot(dir)
		if err != nil {
			t.Fatal(err)
		}
		e := New(practice(t), root, Options{})
		start(t, e)
		job, err := e.Start(t.Context(), audittest.Event(audit.ExportStart), "ann", "", bulk.Request{Level: bulk.LevelSystem})
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Cancel(t.Context(), audittest.Event(audit.ExportDelete), finish(t, e, job.ID).ID); err != nil {
			t.Fatal(err)
		}
		folders(t, e, 0)
		if err := os.Remove(dir); err != nil {
			t.Fatal(err)
		}
		job, err = e.Start(t.Context(), audittest.Event(audit.ExportStart), "ann", "", bulk.Request{Level: bulk.LevelSystem})
		if err != nil {
			t.Fatal(err)
		}
		if job = finish(t, e, job.ID); job.State != storage.Failed || !strings.Contains(job.Error, "export folder is missing") {
			t.Errorf("%s %q", job.State, job.Error)
		}
	})
	t.Run("group gone before the snapshot", func(t *testing.T) {
		s := practice(t)
		e := New(s, rootDir(t), Options{})
		job, err := s.AddJob(t.Context(), audittest.Event(audit.ExportStart), storage.Job{Kind: "bulk", Request: []byte(`{"level":"group","group":"nope"}`)}, 0)
		if err != nil {
			t.Fatal(err)
		}
		start(t, e)
		if job = finish(t, e, job.ID); job.State != storage.Failed || !strings.Contains(job.Error, "nope") {
			t.Errorf("%s %q", job.State, job.Error)
		}
		if left := folders(t, e, 0); len(left) != 0 {
			t.Errorf("left %v", left)
		}
	})
}

// With one resource per file, a job of 250 patients is 250 files, each listed and readable.
func TestOneResourcePerFile(t *testing.T) {
	t.Parallel()
	s := open(t)
	docs := make([]*fhir.Document, 250)
	for i := range docs {
		d, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Patient","id":"p%03d"}`, i))
		if err != nil {
			t.Fatal(err)
		}
		docs[i] = d
	}
	if _, err := s.Import(t.Context(), audittest.Who, docs); err != nil {
		t.Fatal(err)
	}
	e := engineOn(t, s, Options{FileCount: 1})
	job, err := e.Start(t.Context(), audittest.Event(audit.ExportStart), "somebody", "", bulk.Request{Level: bulk.LevelPatient})
	if err != nil {
		t.Fatal(err)
	}
	job = finish(t, e, job.ID)
	if len(job.Files) != len(docs) || len(keys(t, e, job)) != len(docs) {
		t.Fatalf("%d files with %d resources, and not %d of each", len(job.Files), len(keys(t, e, job)), len(docs))
	}
	if got := names(t, e.folder); len(got) != 1 {
		t.Errorf("beside the job's folder there is %q", got)
	}
}
