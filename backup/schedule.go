package backup

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"satchel/audit"
	"satchel/config"
	"satchel/internal/durable"
	"satchel/internal/secretfile"
)

// Scheduled backups are named satchel-20060102T150405Z.zip, with .age behind if they are encrypted. Their names are the
// only record of when they were made: who removes one removes it from the schedule, too.
const backupStamp = "20060102T150405Z"

// Scheduled lists the backups of a folder, oldest first.
func Scheduled(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if !MadeAt(e.Name()).IsZero() && e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(MadeAt(a).Compare(MadeAt(b)), strings.Compare(a, b)) })
	return names, nil
}

// MadeAt is the time in the name of a scheduled backup, else zero.
func MadeAt(name string) time.Time {
	stamp, ok := strings.CutPrefix(strings.TrimSuffix(name, ".age"), "satchel-")
	stamp, zip := strings.CutSuffix(stamp, ".zip")
	t, err := time.Parse(backupStamp, stamp)
	if !ok || !zip || err != nil {
		return time.Time{}
	}
	return t
}

// Last is when the newest scheduled backup was made; zero if there is none.
func Last(cfg *config.Config) time.Time {
	if cfg.Backup.Folder == "" {
		return time.Time{}
	}
	names, err := Scheduled(cfg.Backup.Folder)
	if err != nil || len(names) == 0 {
		return time.Time{}
	}
	return MadeAt(names[len(names)-1])
}

// MakeScheduled makes one backup in the folder of the settings, and then removes those beyond backup.keep.
func MakeScheduled(ctx context.Context, cfg *config.Config, now time.Time) (string, error) {
	passphrase, err := secretfile.Passphrase(cfg.Backup.PassphraseFile)
	if err != nil {
		return "", err
	}
	if err := durable.MkdirAll(cfg.Backup.Folder, 0o700); err != nil {
		return "", err
	}
	name := "satchel-" + now.UTC().Format(backupStamp) + ".zip"
	if passphrase != "" {
		name += ".age"
	}
	target := filepath.Join(cfg.Backup.Folder, name)
	n, err := Make(ctx, cfg, target, passphrase)
	if err != nil {
		return "", err
	}
	if err := Audit(ctx, cfg, audit.Who{Kind: audit.System}, n); err != nil {
		return target, err
	}
	names, err := Scheduled(cfg.Backup.Folder)
	if err != nil {
		return target, err
	}
	for len(names) > int(cfg.Backup.Keep) {
		if err := os.Remove(filepath.Join(cfg.Backup.Folder, names[0])); err != nil {
			return target, fmt.Errorf("remove an old backup: %w", err)
		}
		names = names[1:]
	}
	return target, nil
}
