package engine

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"satchel/engine/bulk"
	"satchel/engine/imports"
	"satchel/engine/pack"
	"satchel/handover"
	"satchel/internal/durable/durabletest"
	"satchel/storage"
)

// What the engine calls complete survives a power cut, and a job whose files could not be synced is not complete.
func TestPowerCut(t *testing.T) {
	deeds := map[string]durabletest.Deed{
		"an export":         exportDeed,
		"an upload":         uploadDeed,
		"findings":          findingsDeed,
		"a package":         packageDeed,
		"a package, beside": handoverDeed,
	}
	for name, deed := range deeds {
		t.Run(name, func(t *testing.T) { t.Parallel(); durabletest.Check(t, deed) })
	}
	t.Run("a protected copy", func(t *testing.T) { t.Parallel(); durabletest.Once(t, protectDeed) }) // the key takes a second
}

// inFolder is an engine with that folder and a small store. It does not run.
func inFolder(t *testing.T, in string) *Engine {
	t.Helper()
	root, err := os.OpenRoot(in)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	s := open(t)
	put(t, s, `{"resourceType":"Patient","id":"p"}`,
		`{"resourceType":"Observation","id":"o","status":"final","code":{},"subject":{"reference":"Patient/p"}}`)
	return New(s, root, Options{})
}

// working is the same engine at work.
func working(t *testing.T, in string) *Engine {
	t.Helper()
	e := inFolder(t, in)
	start(t, e)
	return e
}

// succeeded waits for a job; one that failed is an error.
func succeeded(t *testing.T, e *Engine, job storage.Job, err error) error {
	if err != nil {
		return err
	}
	if job = finish(t, e, job.ID); job.State != storage.Complete {
		return errors.New(job.Error)
	}
	return nil
}

func exportDeed(t *testing.T, in string) (func() error, []string) {
	e := working(t, in)
	return func() error {
		job, err := e.Start(t.Context(), ann, "ann", "http://x/fhir/$export", bulk.Request{Level: bulk.LevelSystem})
		return succeeded(t, e, job, err)
	}, []string{"."}
}

// takenIn uploads a file and starts its import.
func takenIn(t *testing.T, e *Engine, text string) (storage.Job, error) {
	u, err := e.NewUpload(0)
	if err == nil {
		err = u.Add("a.ndjson", strings.NewReader(text))
	}
	if err != nil {
		return storage.Job{}, err
	}
	return e.StartImport(t.Context(), ann, u, imports.Choices{})
}

// uploadDeed takes a file in; no engine runs, since an import that is over removes it.
func uploadDeed(t *testing.T, in string) (func() error, []string) {
	e := inFolder(t, in)
	return func() error {
		_, err := takenIn(t, e, "{}\n")
		return err
	}, []string{"."}
}

func findingsDeed(t *testing.T, in string) (func() error, []string) {
	e, made := working(t, in), make([]string, 1)
	return func() error {
		job, err := takenIn(t, e, "no resource\n")
		made[0] = job.ID + "/" + imports.FindingsFile
		return succeeded(t, e, job, err)
	}, made
}

func packageDeed(t *testing.T, in string) (func() error, []string) {
	e := working(t, in)
	return func() error {
		job, err := e.StartPackage(t.Context(), ann, "ann", "http://x/api/packages", handover.Order{Patient: "p", Form: "zip"})
		return succeeded(t, e, job, err)
	}, []string{"."}
}

func protectDeed(t *testing.T, in string) (func() error, []string) {
	e := working(t, in)
	job, err := e.StartPackage(t.Context(), ann, "ann", "http://x/api/packages", handover.Order{Patient: "p", Form: "zip"})
	if err = succeeded(t, e, job, err); err != nil {
		t.Fatal(err)
	}
	return func() error {
		_, err = e.Protect(t.Context(), ann, job.ID, ProtectAge, "correct horse battery")
		return err
	}, []string{"."}
}

func handoverDeed(t *testing.T, in string) (func() error, []string) {
	e := working(t, t.TempDir())
	return func() error {
		_, err := pack.Make(t.Context(), e.store, pack.Run{Order: handover.Order{Patient: "p", Form: handover.FormZip}, Dir: fmt.Sprint(in, "/new/folder")}, nil)
		return err
	}, []string{"."}
}
