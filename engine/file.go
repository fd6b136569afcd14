package engine

import (
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"path"
	"sync"

	"satchel/fhir"
	"satchel/storage"
)

// File is one open file of a job.
type File struct {
	*os.File
	Job  storage.Job
	Info storage.JobFile

	release func()
}

// Close closes the file and lets its job expire. Closing twice does no harm.
func (f *File) Close() error {
	defer f.release()
	return f.File.Close()
}

// Tag is a strong entity tag of what the file holds, with its quotes. A file never changes.
func (f *File) Tag() string {
	if len(f.Info.SHA256) > 0 {
		return `"` + hex.EncodeToString(f.Info.SHA256) + `"`
	}
	return `"` + f.Job.ID + "-" + f.Info.Name + `"`
}

// Open opens a file of a job that has ended. It is served only if the job's row lists the name; not-found otherwise.
// While it is open the job is not expired.
func (e *Engine) Open(ctx context.Context, id, name string) (*File, error) {
	e.hold(id) // before the row is read: from here on the files stay
	release := sync.OnceFunc(func() { e.release(id) })
	f, err := e.open(ctx, id, name)
	if err != nil {
		release()
		return nil, err
	}
	f.release = release
	return f, nil
}

// open looks the file up in the row and opens it.
func (e *Engine) open(ctx context.Context, id, name string) (*File, error) {
	job, err := e.store.Job(ctx, id)
	if err != nil {
		return nil, err
	}
	if !job.State.Over() {
		return nil, fhir.Errorf(fhir.CodeNotFound, "export job %q has no files; it is %s", id, job.State)
	}
	for _, info := range job.Files {
		if info.Name != name {
			continue
		}
		f, err := e.folder.Open(path.Join(id, info.InFolder()))
		if err != nil {
			return nil, fmt.Errorf("open file %q of job %q: %w", name, id, err)
		}
		return &File{File: f, Job: job, Info: info}, nil
	}
	return nil, fhir.Errorf(fhir.CodeNotFound, "export job %q has no file %q", id, name)
}
