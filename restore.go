package main

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
	"satchel/storage"
)

const (
	restoring     = "restoring.tmp"   // in the data directory: a backup that is being looked at
	beforeRestore = "before-restore-" // with the time: what a restored backup replaced
)

// restored says what a restore did.
type restored struct {
	note note
	kept string // where the data directory of before is now; "" if there was none
	lost int64  // writes of before that the backup does not have
}

// restoreBackup puts a backup into the data directory. All of it is unpacked and checked first; until then nothing is
// changed. The directory must be empty or not exist, unless replace: then what is there is kept under another name.
func restoreBackup(ctx context.Context, cfg *Config, path, passphrase string, replace bool) (r restored, err error) {
	b, err := openBackup(path, passphrase)
	if err != nil {
		return r, err
	}
	defer b.close()
	r.note = b.note
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
	if err := b.extract(ctx, stage); err != nil {
		return r, fmt.Errorf("nothing was changed: %w", err)
	}
	if err := b.check(ctx, stage); err != nil {
		return r, fmt.Errorf("nothing was changed: %w", err)
	}
	if err := forgetJobs(ctx, stage, b.note); err != nil {
		return r, err
	}
	if now, err := storage.Inspect(ctx, cfg.database()); err == nil {
		r.lost = max(0, now.Seq-b.note.Contents.Seq)
	}
	if err := sameOwner(stage, cfg.Data); err != nil {
		return r, err
	}
	unlock() // Windows renames no folder with an open file
	if r.kept, err = setAside(cfg.Data); err != nil {
		return r, err
	}
	return r, moveIn(cfg.Data, r.kept)
}

// emptyData makes the data directory, or refuses one that is in use. made: it was not there.
func emptyData(cfg *Config, replace bool) (made bool, err error) {
	entries, err := os.ReadDir(cfg.Data)
	if errors.Is(err, fs.ErrNotExist) {
		return true, os.MkdirAll(cfg.Data, 0o700)
	}
	if err != nil || replace {
		return false, err
	}
	for _, e := range entries {
		if name := e.Name(); name != restoring && name != "satchel.lock" {
			return false, fmt.Errorf("%q is not empty: it holds %q; choose another directory by --data, or keep what is there under another name by --replace", cfg.Data, name)
		}
	}
	return false, nil
}

// forgetJobs removes the export jobs from a restored database: their files are not in a backup, and nobody waits for
// those that had not ended. It notes the restore in the audit log.
func forgetJobs(ctx context.Context, folder string, n note) error {
	s, err := storage.Open(ctx, filepath.Join(folder, backupDatabase), storage.Options{})
	if err != nil {
		return err
	}
	defer s.Close()
	jobs, err := s.Jobs(ctx)
	if err != nil {
		return err
	}
	for _, j := range jobs {
		if _, err := s.DeleteJob(ctx, audit.Event{Who: whoRuns(), Action: audit.ExportDelete, Target: j.ID, Detail: "not in the backup that was restored"}, j.ID); err != nil {
			return err
		}
	}
	if err := auditRestore(ctx, s, n); err != nil {
		return err
	}
	return s.Close()
}

// setAside moves what is in the data directory away, with the stage, and answers where it is now; "" if there is
// nothing to keep. It renames the directory, or, where that cannot be done (it is a mount point), moves its entries
// into a folder inside.
func setAside(data string) (kept string, err error) {
	entries, err := os.ReadDir(data)
	if err != nil {
		return "", err
	}
	keep := false
	for _, e := range entries {
		keep = keep || e.Name() != restoring && e.Name() != "satchel.lock"
	}
	if !keep {
		return "", nil
	}
	name := beforeRestore + time.Now().UTC().Format("20060102T150405Z")
	beside := strings.TrimRight(data, `/\`) + "." + name
	if os.Rename(data, beside) == nil {
		err := os.Mkdir(data, 0o700)
		if err == nil {
			err = sameOwner(data, beside)
		}
		return beside, err
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
	if err := os.Remove(filepath.Join(stage, backupNote)); err != nil {
		return err
	}
	if err := moveAll(stage, data, backupDatabase); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(stage, backupDatabase), filepath.Join(data, backupDatabase)); err != nil {
		return err
	}
	return errors.Join(syncDir(data), os.RemoveAll(stage))
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
		if strings.HasPrefix(e.Name(), backupDatabase+"-") || strings.HasSuffix(e.Name(), ".lock") && filepath.Base(from) == restoring {
			continue // empty leftovers of the check
		}
		if err := os.Rename(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())); err != nil {
			return err
		}
	}
	return nil
}
