package engine

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"satchel/engine/imports"
	"satchel/engine/pack"
	"satchel/fhir"
)

// A job's folder has users: its worker and the readers of its files. Each holds it; what is to be removed goes when
// the last of them lets go, because Windows cannot remove an open file and a download is to reach its end.

// hold notes one more user of the job's folder.
func (e *Engine) hold(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.holds[id]++
}

// release notes one user less, and removes the folder if it was the last and the folder is doomed.
func (e *Engine) release(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.holds[id]--; e.holds[id] > 0 {
		return
	}
	delete(e.holds, id)
	if e.doomed[id] {
		delete(e.doomed, id)
		e.removeFolder(id)
	}
}

// held reports whether the folder has users.
func (e *Engine) held(id string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.holds[id] > 0
}

// remove removes the folder of a job without a row, now or when its last user lets go.
func (e *Engine) remove(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.holds[id] > 0 {
		e.doomed[id] = true
		return
	}
	e.removeFolder(id)
}

// removeFolder removes a folder. What cannot be removed now, such as a file that a virus scanner has open, is left to
// the next sweep.
func (e *Engine) removeFolder(id string) {
	if err := e.folder.RemoveAll(id); err != nil {
		e.options.Log.Warn("export folder not removed, will be tried again", "job", id, "error", plain(err))
	}
}

// emptyFolder makes the job's folder new, without what an interrupted run may have left in it.
func (e *Engine) emptyFolder(id string) (*os.Root, error) {
	if err := e.folder.RemoveAll(id); err != nil {
		return nil, fmt.Errorf("empty the job's folder: %w", err)
	}
	if err := e.folder.Mkdir(id, 0o700); err != nil {
		return nil, fmt.Errorf("make the job's folder: %w", err)
	}
	root, err := e.folder.OpenRoot(id)
	if err != nil {
		return nil, fmt.Errorf("open the job's folder: %w", err)
	}
	return root, nil
}

// noJob is the error for a job that does not exist, or no longer.
func noJob(id string) error {
	return fhir.Errorf(fhir.CodeNotFound, "there is no export job %q; it may have been deleted or have expired", id)
}

// path is where a job's folder lies on the disk.
func (e *Engine) path(id string) string { return filepath.Join(e.folder.Name(), id) }

// tidyFolders removes what an interrupted [Engine.Protect] left in the folders of packages, and what is left of the files of
// imports that have ended: what the jobs' rows do not name.
func (e *Engine) tidyFolders(ctx context.Context) error {
	jobs, err := e.store.Jobs(ctx, pack.Kind, imports.Kind)
	if err != nil {
		return err
	}
	for _, j := range jobs {
		if !j.State.Over() || e.held(j.ID) {
			continue
		}
		if err := e.tidyFolder(ctx, j.ID); err != nil {
			return err
		}
	}
	return nil
}

func (e *Engine) tidyFolder(ctx context.Context, id string) error {
	job, err := e.store.Job(ctx, id)
	if err != nil {
		return err
	}
	named := map[string]bool{}
	for _, f := range job.Files {
		first, _, _ := strings.Cut(f.InFolder(), "/")
		named[first] = true
	}
	entries, err := fs.ReadDir(e.folder.FS(), id)
	if os.IsNotExist(err) {
		return nil
	}
	for _, entry := range entries {
		if !named[entry.Name()] {
			if err := e.folder.RemoveAll(path.Join(id, entry.Name())); err != nil {
				e.options.Log.Warn("left-over of a job not removed", "job", id, "error", plain(err))
			}
		}
	}
	return err
}
