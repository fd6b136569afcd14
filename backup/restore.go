package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"satchel/audit"
	"satchel/config"
	"satchel/internal/durable"
	"satchel/storage"
)

const (
	restoring     = "restoring.tmp"   // in the data directory: a backup that is being looked at
	beforeRestore = "before-restore-" // with the time: what a restored backup replaced
)

// Restored says what a restore did.
type Restored struct {
	Note Note
	Kept string // where the data directory of before is now; "" if there was none
	Lost int64  // writes of before that the backup does not have
}

// Restore puts a backup into the data directory. All of it is unpacked and checked first; until then nothing is
// changed. who does it is noted. The directory must be empty or not exist, unless replace: then what is there is kept under another name.
func Restore(ctx context.Context, cfg *config.Config, who audit.Who, path, passphrase string, replace bool) (r Restored, err error) {
	b, err := Open(path, passphrase)
	if err != nil {
		return r, err
	}
	defer b.Close()
	r.Note = b.Note
	made, err := emptyData(cfg, replace)
	if err != nil {
		return r, err
	}
	unlock, err := storage.LockFile(filepath.Join(cfg.Data, "satchel.lock"))
	if errors.Is(err, storage.ErrLocked) {
		return r, fmt.Errorf("a Satchel serves %q; stop it first", cfg.Data)
	} else if err != nil {
		return r, err
	}
	stage := filepath.Join(cfg.Data, restoring)
	defer func() {
		unlock()
		if err != nil { // leave things as they were
			os.RemoveAll(stage)
			if made {
				os.Remove(filepath.Join(cfg.Data, "satchel.lock"))
				os.Remove(cfg.Data)
			}
		}
	}()
	if err := os.RemoveAll(stage); err != nil {
		return r, err
	}
	if err := os.Mkdir(stage, 0o700); err != nil {
		return r, err
	}
	if err := b.Extract(ctx, stage); err != nil {
		return r, fmt.Errorf("nothing was changed: %w", err)
	}
	if err := b.Check(ctx, stage); err != nil {
		return r, fmt.Errorf("nothing was changed: %w", err)
	}
	if err := forgetJobs(ctx, stage, who, b.Note); err != nil {
		return r, err
	}
	if now, err := storage.Inspect(ctx, cfg.Database()); err == nil {
		r.Lost = max(0, now.Seq-b.Note.Contents.Seq)
	}
	if err := errors.Join(durable.SameOwner(stage, cfg.Data), durable.SyncTree(stage), durable.SyncFolder(cfg.Data)); err != nil {
		return r, err
	}
	unlock() // Windows renames no folder with an open file
	if r.Kept, err = setAside(cfg.Data); err != nil {
		return r, err
	}
	return r, moveIn(cfg.Data, r.Kept)
}

// emptyData makes the data directory, or refuses one that is in use. made: it was not there.
func emptyData(cfg *config.Config, replace bool) (made bool, err error) {
	entries, err := os.ReadDir(cfg.Data)
	if errors.Is(err, fs.ErrNotExist) {
		return true, durable.MkdirAll(cfg.Data, 0o700)
	}
	if err != nil || replace {
		return false, err
	}
	for _, e := range entries {
		if name := e.Name(); name != restoring && !strings.HasPrefix(name, "satchel.lock") && !durable.Temporary(name) {
			return false, fmt.Errorf("%q is not empty: it holds %q; choose another directory by --data, or keep what is there under another name by --replace", cfg.Data, name)
		}
	}
	return false, nil
}

// forgetJobs removes the export jobs from a restored database: their files are not in a backup, and nobody waits for
// those that had not ended. It notes the restore in the audit log.
func forgetJobs(ctx context.Context, folder string, who audit.Who, n Note) error {
	s, err := storage.Open(ctx, filepath.Join(folder, databaseFile), storage.Options{})
	if err != nil {
		return err
	}
	defer s.Close()
	jobs, err := s.Jobs(ctx)
	if err != nil {
		return err
	}
	for _, j := range jobs {
		if _, err := s.DeleteJob(ctx, audit.Event{Who: who, Action: audit.ExportDelete, Target: j.ID, Detail: "not in the backup that was restored"}, j.ID); err != nil {
			return err
		}
	}
	if err := auditRestore(ctx, s, who, n); err != nil {
		return err
	}
	return s.Close()
}

// setAside moves what is in the data directory away, with the stage, and returns where it is now; "" if there is
// nothing to keep. It renames the directory, or, where that cannot be done (it is a mount point), moves its entries
// into a folder inside.
func setAside(data string) (kept string, err error) {
	entries, err := os.ReadDir(data)
	if err != nil {
		return "", err
	}
	keep := false
	for _, e := range entries {
		keep = keep || e.Name() != restoring && !strings.HasPrefix(e.Name(), "satchel.lock")
	}
	if !keep {
		return "", nil
	}
	name := beforeRestore + time.Now().UTC().Format("20060102T150405Z")
	beside := strings.TrimRight(data, `/\`) + "." + name
	err = durable.Rename(data, beside)
	if _, there := os.Stat(data); errors.Is(there, fs.ErrNotExist) { // moved, though perhaps not yet on the disk
		return beside, errors.Join(err, durable.MkdirAll(data, 0o700), durable.SameOwner(data, beside))
	}
	inside := filepath.Join(data, name)
	if err := os.Mkdir(inside, 0o700); err != nil {
		return "", err
	}
	return inside, moveAll(data, inside, name, restoring)
}

// moveIn moves the unpacked files into the data directory; the database comes last: without it nothing starts.
func moveIn(data, kept string) error {
	stage := filepath.Join(data, restoring)
	if _, err := os.Stat(stage); errors.Is(err, fs.ErrNotExist) {
		stage = filepath.Join(kept, restoring)
	}
	if err := os.Remove(filepath.Join(stage, NoteFile)); err != nil {
		return err
	}
	if err := moveAll(stage, data, databaseFile); err != nil {
		return err
	}
	if err := durable.Rename(filepath.Join(stage, databaseFile), filepath.Join(data, databaseFile)); err != nil {
		return err
	}
	return os.RemoveAll(stage)
}

// moveAll moves the entries of a folder into another one, but for some.
func moveAll(from, to string, but ...string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
next:
	for _, e := range entries {
		for _, name := range but {
			if e.Name() == name {
				continue next
			}
		}
		if strings.HasPrefix(e.Name(), databaseFile+"-") || strings.HasSuffix(e.Name(), ".lock") && filepath.Base(from) == restoring {
			continue // empty leftovers of the check
		}
		if err := durable.Rename(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())); err != nil {
			return err
		}
	}
	return nil
}
