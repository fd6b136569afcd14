package engine

import (
	"context"
	"crypto/rand"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"satchel/audit"
	"satchel/engine/pack"
	"satchel/fhir"
	"satchel/handover"
	"satchel/internal/durable"
	"satchel/storage"
)

// The forms of protected copies.
const (
	ProtectAge  = "age"  // for the program age; any size
	ProtectHTML = "html" // a page that opens itself in a browser; at most handover.MaxSelfOpening bytes
)

// Protect makes a copy of a complete package that only opens with the passphrase, one for each ZIP file of it, beside the
// package, and returns those. The job's row lists them; an earlier copy of the same form is replaced. The passphrase is kept
// nowhere. The event is stored when the row lists the copies, and says which they are. Errors: not-found if there is no such package; value for another form, a passphrase that is too short or
// a package that has no ZIP; too-costly if it is too large for a page; no-store with too little room on the disk.
//
// One copy is made at a time: deriving a key takes 256 MB of memory.
func (e *Engine) Protect(ctx context.Context, event audit.Event, id, form, passphrase string) ([]storage.JobFile, error) {
	wrap := map[string]func(zip, to, passphrase string) error{ProtectAge: handover.EncryptAgeTo, ProtectHTML: handover.EncryptHTMLTo}[form]
	if wrap == nil {
		return nil, fhir.Errorf(fhir.CodeValue, "form is %.80q; use age or html", form)
	}
	if err := handover.CheckPassphrase(passphrase); err != nil {
		return nil, fhir.Errorf(fhir.CodeValue, "%v", err)
	}
	if err := e.roomy(); err != nil {
		return nil, err
	}
	e.hold(id) // before the row is read: from here on the files stay
	defer e.release(id)
	job, err := e.store.Job(ctx, id)
	if err != nil {
		return nil, err
	}
	zips, err := zipsOf(job, form)
	if err != nil {
		return nil, err
	}
	select {
	case e.protecting <- struct{}{}:
		defer func() { <-e.protecting }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	dir := "protected-" + strings.ToLower(rand.Text()[:8])
	files, err := e.wrapped(ctx, id, dir, zips, form, func(zip, to string) error { return wrap(zip, to, passphrase) })
	if err == nil {
		err = e.addProtected(ctx, event, job, files)
	}
	if err != nil {
		_ = e.folder.RemoveAll(path.Join(id, dir)) // the next start tries again
		return nil, err
	}
	return files, nil
}

// zipsOf are the ZIP files of a complete package that can be made into a form.
func zipsOf(job storage.Job, form string) (zips []storage.JobFile, err error) {
	if job.Kind != pack.Kind {
		return nil, noJob(job.ID)
	}
	if job.State != storage.Complete {
		return nil, fhir.Errorf(fhir.CodeConflict, "the package is %s; wait until it is complete", job.State)
	}
	for _, f := range job.Files {
		if f.List != pack.ListPackage {
			continue
		}
		if form == ProtectHTML && f.Bytes > handover.MaxSelfOpening {
			return nil, fhir.Errorf(fhir.CodeTooCostly, "%q has %d MB, and a page that opens itself can have %d MB at most; use the form age",
				f.Name, f.Bytes/1e6, handover.MaxSelfOpening/1_000_000)
		}
		zips = append(zips, f)
	}
	if zips == nil {
		return nil, fhir.Errorf(fhir.CodeValue, "the package is a folder; start one in the form zip to protect it")
	}
	return zips, nil
}

// wrapped makes the copies of ZIP files in a new folder below the job's.
func (e *Engine) wrapped(ctx context.Context, id, dir string, zips []storage.JobFile, form string, wrap func(zip, to string) error) ([]storage.JobFile, error) {
	if err := e.folder.Mkdir(path.Join(id, dir), 0o700); err != nil {
		return nil, fmt.Errorf("make a folder for the protected copy: %w", err)
	}
	folder, err := e.folder.OpenRoot(id)
	if err != nil {
		return nil, fmt.Errorf("open the job's folder: %w", err)
	}
	defer folder.Close()
	var files []storage.JobFile
	for _, zip := range zips {
		name := zip.Name + "." + form
		if err := wrap(filepath.Join(e.path(id), zip.InFolder()), filepath.Join(e.path(id), dir, name)); err != nil {
			return nil, fmt.Errorf("protect the package: %w", err)
		}
		f, err := pack.Hashed(ctx, folder, path.Join(dir, name))
		if err != nil {
			return nil, err
		}
		f.List, f.Count = pack.ListProtected, zip.Count
		files = append(files, f)
	}
	return files, nil
}

// addProtected lists copies in the job's row, and removes those that they replace.
func (e *Engine) addProtected(ctx context.Context, event audit.Event, job storage.Job, files []storage.JobFile) error {
	if err := durable.In(e.folder).SyncIn(job.ID); err != nil {
		return err
	}
	event.Target = job.ID
	event.Detail = strings.TrimPrefix(event.Detail+", "+FilesText(files), ", ")
	replaced, found, err := e.store.AddJobFiles(ctx, event, job.ID, files)
	if err == nil && !found {
		err = noJob(job.ID) // deleted meanwhile; its folder goes with the last hold
	}
	if err != nil {
		return err
	}
	for _, f := range replaced {
		if dir := path.Dir(f.InFolder()); dir != "." {
			_ = e.folder.RemoveAll(path.Join(job.ID, dir)) // one that is being downloaded goes with the job
		}
	}
	return nil
}
