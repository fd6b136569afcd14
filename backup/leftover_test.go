package backup_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"satchel/backup"
	"satchel/config"
	"satchel/internal/testsatchel"
	"satchel/storage"
)

// interrupted is a data directory after a crash in the middle of a backup, and the folder in which that was to lie.
func interrupted(t *testing.T) (cfg *config.Config, folder string) {
	name := "a folder\nof two lines"
	if runtime.GOOS == "windows" {
		name = "a folder"
	}
	cfg, folder = testsatchel.New(t), filepath.Join(t.TempDir(), name)
	testsatchel.Must(t, os.Mkdir(folder, 0o700))
	for _, name := range []string{"monday.zip.db.tmp", "monday.zip.db.tmp-journal", ".monday.zip.db.tmp.abcdefghij.tmp", ".monday.zip.abcdefghij.tmp",
		"sunday.zip", ".sunday.zip.abcdefghij.tmp", "monday.zip.txt"} {
		testsatchel.Must(t, os.WriteFile(filepath.Join(folder, name), []byte("health data"), 0o600))
	}
	target, err := json.Marshal([]string{filepath.Join(folder, "monday.zip")})
	testsatchel.Must(t, err)
	testsatchel.Must(t, os.WriteFile(filepath.Join(cfg.Data, "satchel.lock.backup-target"), target, 0o600))
	return cfg, folder
}

// namesIn are the names of a folder's files.
func namesIn(t *testing.T, folder string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	testsatchel.Must(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// What a crash leaves of a backup is removed by the next start and by the next backup, and nothing else is.
func TestInterruptedBackup(t *testing.T) {
	t.Parallel()
	others := []string{".sunday.zip.abcdefghij.tmp", "monday.zip.txt", "sunday.zip"}
	cfg, folder := interrupted(t)
	if removed, err := backup.Sweep(cfg); err != nil || len(removed) != 4 {
		t.Errorf("%q, %v", removed, err)
	}
	if got := namesIn(t, folder); !slices.Equal(got, others) {
		t.Errorf("left: %q", got)
	}
	if left, away := backup.Leftovers(cfg); left != nil || away != nil {
		t.Errorf("%q %q", left, away)
	}

	cfg, folder = interrupted(t)
	elsewhere := t.TempDir()
	_, err := backup.Make(t.Context(), cfg, filepath.Join(elsewhere, "tuesday.zip"), "")
	testsatchel.Must(t, err)
	if got := namesIn(t, folder); !slices.Equal(got, others) {
		t.Errorf("left: %q", got)
	}
	if got := namesIn(t, elsewhere); !slices.Equal(got, []string{"tuesday.zip"}) {
		t.Errorf("made: %q", got)
	}
	if got := namesIn(t, cfg.Data); slices.Contains(got, "satchel.lock.backup-target") {
		t.Errorf("the target is still noted: %q", got)
	}
}

// While another process makes a backup, nothing of it is removed, and no second one begins.
func TestTwoBackups(t *testing.T) {
	t.Parallel()
	cfg, folder := interrupted(t)
	before := namesIn(t, folder)
	release, err := storage.LockFile(filepath.Join(cfg.Data, "satchel.lock.backup"))
	testsatchel.Must(t, err)
	defer release()
	if removed, err := backup.Sweep(cfg); err != nil || removed != nil {
		t.Errorf("%q, %v", removed, err)
	}
	if _, err := backup.Make(t.Context(), cfg, filepath.Join(folder, "tuesday.zip"), ""); err == nil || !strings.Contains(err.Error(), "another backup of") {
		t.Error(err)
	}
	if got := namesIn(t, folder); !slices.Equal(got, before) {
		t.Errorf("%q", got)
	}
}

// What was left on a disk that is not there at the next start is removed once it is back, whatever is backed up meanwhile.
func TestInterruptedBackupElsewhere(t *testing.T) {
	t.Parallel()
	cfg, folder := interrupted(t)
	testsatchel.Must(t, os.Rename(folder, folder+"-away"))
	if removed, err := backup.Sweep(cfg); err != nil || removed != nil {
		t.Errorf("%q, %v", removed, err)
	}
	if left, away := backup.Leftovers(cfg); left != nil || !slices.Equal(away, []string{filepath.Join(folder, "monday.zip")}) {
		t.Errorf("%q %q", left, away)
	}
	_, err := backup.Make(t.Context(), cfg, filepath.Join(t.TempDir(), "tuesday.zip"), "")
	testsatchel.Must(t, err)
	testsatchel.Must(t, os.Rename(folder+"-away", folder))
	if removed, err := backup.Sweep(cfg); err != nil || len(removed) != 4 {
		t.Errorf("%q, %v", removed, err)
	}
	if slices.Contains(namesIn(t, cfg.Data), "satchel.lock.backup-target") {
		t.Error("the target is still noted")
	}
}

// What cannot be removed hinders no backup, and is listed until it is gone.
func TestInterruptedBackupThatStays(t *testing.T) {
	t.Parallel()
	cfg, folder := interrupted(t)
	stays := filepath.Join(folder, "monday.zip.db.tmp")
	testsatchel.Must(t, os.Remove(stays))
	testsatchel.Must(t, os.MkdirAll(filepath.Join(stays, "full"), 0o700)) // a folder with something in it is not removed
	if removed, err := backup.Sweep(cfg); err == nil || len(removed) != 3 {
		t.Errorf("%q, %v", removed, err)
	}
	_, err := backup.Make(t.Context(), cfg, filepath.Join(t.TempDir(), "tuesday.zip"), "")
	testsatchel.Must(t, err)
	if left, away := backup.Leftovers(cfg); !slices.Equal(left, []string{stays}) || away != nil {
		t.Errorf("%q %q", left, away)
	}
	testsatchel.Must(t, os.RemoveAll(stays))
	if removed, err := backup.Sweep(cfg); err != nil || removed != nil {
		t.Errorf("%q, %v", removed, err)
	}
	if slices.Contains(namesIn(t, cfg.Data), "satchel.lock.backup-target") {
		t.Error("the target is still noted")
	}
}
