package backup

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"satchel/config"
	"satchel/internal/durable"
	"satchel/storage"
)

// A backup in the making lies beside its target: a copy of the database in the clear, and the archive. A crash leaves them there.
// While one is made, lockFile is locked and targetFile says where, as a JSON list of paths; so the next backup, and the next start of the
// server, know what is to be removed, whoever asked for the backup and wherever it was to lie.
const (
	lockFile   = "satchel.lock.backup"
	targetFile = "satchel.lock.backup-target"
)

// hold takes the lock of backups, removes what an interrupted one left, and notes the target of the one that begins. end gives
// the lock back. It is an error if another backup of the data directory is being made. What cannot be removed hinders no backup:
// it stays noted, and [Leftovers] lists it.
func hold(cfg *config.Config, target string) (end func(), err error) {
	release, err := lock(cfg)
	if errors.Is(err, storage.ErrLocked) {
		return nil, fmt.Errorf("another backup of %q is being made; wait until it is done", cfg.Data)
	} else if err != nil {
		return nil, err
	}
	_, _ = sweep(cfg)
	absolute, err := filepath.Abs(target)
	if err == nil {
		err = note(cfg, append(targets(cfg), absolute))
	}
	if err != nil {
		release()
		return nil, err
	}
	return func() {
		_ = note(cfg, slices.DeleteFunc(targets(cfg), func(path string) bool { return path == absolute && !left(path) }))
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

// sweep is Sweep with the lock in hand. A target stays noted if something unfinished lies beside it still, or may: its folder
// cannot be read, such as one on a disk that is not there now.
func sweep(cfg *config.Config) (removed []string, err error) {
	all := targets(cfg)
	for _, target := range all {
		files, _ := unfinishedOf(target)
		for _, path := range files {
			if failed := os.Remove(path); failed == nil {
				removed = append(removed, path)
			} else if !errors.Is(failed, fs.ErrNotExist) {
				err = errors.Join(err, fmt.Errorf("remove what an interrupted backup left, which holds health data: %w", failed))
			}
		}
	}
	if remain := slices.DeleteFunc(slices.Clone(all), func(target string) bool { return !left(target) }); len(remain) < len(all) {
		err = errors.Join(err, note(cfg, remain))
	}
	return removed, err
}

// targets are the noted targets of backups that may not have ended.
func targets(cfg *config.Config) (paths []string) {
	text, err := os.ReadFile(filepath.Join(cfg.Data, targetFile))
	if err != nil || json.Unmarshal(text, &paths) != nil {
		return nil
	}
	return paths
}

// note writes the targets down; none leaves no file.
func note(cfg *config.Config, targets []string) error {
	path := filepath.Join(cfg.Data, targetFile)
	if len(targets) > 0 {
		text, err := json.Marshal(targets)
		if err != nil {
			return err
		}
		return durable.Write(path, durable.Options{FolderOwner: true}, durable.Bytes(text))
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Leftovers lists the unfinished files of backups that were interrupted, and the targets whose disk is not there now; nil while
// a backup is being made.
func Leftovers(cfg *config.Config) (files, away []string) {
	all := targets(cfg)
	if all == nil {
		return nil, nil
	}
	release, err := lock(cfg)
	if err != nil {
		return nil, nil
	}
	defer release()
	for _, target := range all {
		found, err := unfinishedOf(target)
		if err != nil {
			away = append(away, target)
		}
		files = append(files, found...)
	}
	return files, away
}

// left reports whether something unfinished lies beside a target, or may.
func left(target string) bool {
	files, err := unfinishedOf(target)
	return err != nil || len(files) > 0
}

// unfinishedOf are the unfinished files beside a target.
func unfinishedOf(target string) (files []string, err error) {
	folder, name := filepath.Split(target)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if unfinished(e.Name(), name) {
			files = append(files, filepath.Join(folder, e.Name()))
		}
	}
	return files, nil
}

// unfinished reports whether a file name is one that [Make] and durable give to what is not yet the target: NAME.db.tmp,
// .NAME.RANDOM.tmp, .NAME.db.tmp.RANDOM.tmp, and SQLite's own files beside a copy.
func unfinished(file, target string) bool {
	return strings.HasPrefix(file, target+copySuffix) || durable.Temporary(strings.TrimSuffix(file, "-journal")) && strings.HasPrefix(file, "."+target+".")
}
