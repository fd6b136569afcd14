package engine

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"satchel/engine/bulk"
	"satchel/storage"
)

// Files of exports and the findings of imports stay for the whole of the retention and are gone with their rows soon after
// it: an engine that runs by itself, over a clock that the test turns.
func TestRetention(t *testing.T) {
	t.Parallel()
	if got := (Options{}).withDefaults().Retention; got != 168*time.Hour {
		t.Errorf("without a setting files stay for %v", got)
	}
	synctest.Test(t, func(t *testing.T) { retention(t, 3*time.Hour) })
}

// retention lets a job of each kind end and looks at them just before and just after their time is over.
func retention(t *testing.T, want time.Duration) {
	dir := t.TempDir()
	s, err := storage.Open(t.Context(), filepath.Join(dir, "satchel.db"), storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	put(t, s, `{"resourceType":"Patient","id":"p"}`)
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	folder, err := openFolder(root, "exports")
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	e := New(s, folder, Options{Retention: want})
	stop := start(t, e)
	defer stop()
	export, _ := export(t, e, bulk.Request{Level: bulk.LevelSystem})
	jobs := []storage.Job{export, finish(t, e, starts(t, e, "a.ndjson", "x\n").ID)}
	if err := waitIdle(t, e); err != nil {
		t.Fatal(err)
	}
	for _, job := range jobs {
		if got := job.Expires.Sub(job.Ended); got < want-time.Second || got > want+time.Second {
			t.Errorf("%s: expires %v after its end, and not %v", job.Kind, got, want)
		}
	}
	time.Sleep(want - time.Minute - time.Second) // the looks are a minute apart
	synctest.Wait()
	for _, job := range jobs {
		now, err := s.Job(t.Context(), job.ID)
		if err != nil || len(now.Files) != 1 {
			t.Fatalf("%s is gone before its time: %v", job.Kind, err)
		}
		if _, err := folder.Stat(job.ID + "/" + now.Files[0].Name); err != nil {
			t.Errorf("%s: %v", job.Kind, err)
		}
	}
	time.Sleep(expiryEvery + 2*time.Minute) // in the time of synctest, as above
	synctest.Wait()
	for _, job := range jobs {
		if _, err := s.Job(t.Context(), job.ID); !isNotFound(err) {
			t.Errorf("%s is there after its time: %v", job.Kind, err)
		}
	}
	if left := names(t, folder); len(left) != 0 {
		t.Errorf("left %v", left)
	}
}

// openFolder makes a folder.
func openFolder(root *os.Root, name string) (*os.Root, error) {
	if err := root.Mkdir(name, 0o700); err != nil {
		return nil, err
	}
	return root.OpenRoot(name)
}
