package backup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"satchel/config"
	"satchel/internal/durable"
	"satchel/storage"
)

// A backup in the making lies beside its target: a copy of the database in the clear, and the archive. A crash leaves them there.
// While one is made, lockFile is locked and targetFile says where; so the next backup, and the next start of the server, know
// what is to be removed, whoever asked for the backup and wherever it was to lie.
const (
	lockFile   = "satchel.lock.backup"
	targetFile = "satchel.lock.backup-target"
)

// hold takes the lock of backups, removes what an interrupted one left, and notes the target of the one that begins. end gives
// the lock back. It is an error if another backup of the data directory is being made.
func hold(cfg *config.Config, target string) (end func(), err error) {
	release, err := lock(cfg)
	if errors.Is(err, storage.ErrLocked) {
		return nil, fmt.Errorf("another backup of %q is being made; wait until it is done", cfg.Data)
	} else if err != nil {
		return nil, err
	}
	if _, err := sweep(cfg); err != nil {
		release()
		return nil, err
	}
	absolute, err := filepath.Abs(target)
	if err == nil {
		err = durable.Write(filepath.Join(cfg.Data, targetFile), durable.Options{FolderOwner: true}, durable.Bytes([]byte(absolute)))
	}
	if err != nil {
		release()
		return nil, err
	}
	return func() {
		if leftovers(cfg) == nil {
			_ = os.Remove(filepath.Join(cfg.Data, targetFile))
		}
		release()
	}, nil
}

// lock takes the lock of backups. Its file belongs to the owner of the data directory, whoever makes the first backup.
func lock(cfg *config.Config) (release func(), err error) {
	path := filepath.Join(cfg.Data, lockFile)
	release, err = storage.LockFile(path)
	if err != nil {
		return nil, err
	}
	if err := durable.SameOwner(path, cfg.Data); err != nil {
		release()
		return nil, err
	}
	return release, nil
}

// Sweep removes what an interrupted backup left and returns the paths. While a backup is being made it removes nothing.
func Sweep(cfg *config.Config) (removed []string, err error) {
	release, err := lock(cfg)
	if errors.Is(err, storage.ErrLocked) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	defer release()
	return sweep(cfg)
}

// sweep is Sweep with the lock in hand.
func sweep(cfg *config.Config) (removed []string, err error) {
	for _, path := range leftovers(cfg) {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return removed, fmt.Errorf("remove what an interrupted backup left, which holds health data: %w", err)
		}
		removed = append(removed, path)
	}
	if err := os.Remove(filepath.Join(cfg.Data, targetFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return removed, err
	}
	return removed, nil
}

// Leftovers lists the unfinished files of the last backup if it was interrupted; nil while one is being made.
func Leftovers(cfg *config.Config) []string {
	left := leftovers(cfg)
	if left == nil {
		return nil
	}
	release, err := lock(cfg)
	if err != nil {
		return nil
	}
	release()
	return left
}

// leftovers are the unfinished files beside the target that is noted.
func leftovers(cfg *config.Config) []string {
	target, err := os.ReadFile(filepath.Join(cfg.Data, targetFile))
	if err != nil {
		return nil
	}
	folder, name := filepath.Split(string(target))
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil // its disk may not be there now: the note stays
	}
	var left []string
	for _, e := range entries {
		if unfinished(e.Name(), name) {
			left = append(left, filepath.Join(folder, e.Name()))
		}
	}
	return left
}

// unfinished reports whether a file name is one that [Make] and durable give to what is not yet the target: NAME.db.tmp,
// .NAME.RANDOM.tmp, .NAME.db.tmp.RANDOM.tmp, and SQLite's own files beside a copy.
func unfinished(file, target string) bool {
	return strings.HasPrefix(file, target+copySuffix) || durable.Temporary(strings.TrimSuffix(file, "-journal")) && strings.HasPrefix(file, "."+target+".")
}
