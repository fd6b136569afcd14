package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"satchel/audit"
)

// Scheduled backups are named satchel-20060102T150405Z.zip, with .age behind if they are encrypted. Their names are the
// only record of when they were made: who removes one removes it from the schedule, too.
const backupStamp = "20060102T150405Z"

// scheduled lists the backups of a folder, oldest first.
func scheduled(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if !madeAt(e.Name()).IsZero() && e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(madeAt(a).Compare(madeAt(b)), strings.Compare(a, b)) })
	return names, nil
}

// madeAt is the time in the name of a scheduled backup, else zero.
func madeAt(name string) time.Time {
	stamp, ok := strings.CutPrefix(strings.TrimSuffix(name, ".age"), "satchel-")
	stamp, zip := strings.CutSuffix(stamp, ".zip")
	t, err := time.Parse(backupStamp, stamp)
	if !ok || !zip || err != nil {
		return time.Time{}
	}
	return t
}

// lastBackup is when the newest scheduled backup was made; zero if there is none.
func lastBackup(cfg *Config) time.Time {
	if cfg.Backup.Folder == "" {
		return time.Time{}
	}
	names, err := scheduled(cfg.Backup.Folder)
	if err != nil || len(names) == 0 {
		return time.Time{}
	}
	return madeAt(names[len(names)-1])
}

// scheduledBackup makes one backup in the folder of the settings, and then removes those beyond backup.keep.
func scheduledBackup(ctx context.Context, cfg *Config, now time.Time) (string, error) {
	passphrase, err := readPassphrase(cfg.Backup.PassphraseFile)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(cfg.Backup.Folder, 0o700); err != nil {
		return "", err
	}
	name := "satchel-" + now.UTC().Format(backupStamp) + ".zip"
	if passphrase != "" {
		name += ".age"
	}
	target := filepath.Join(cfg.Backup.Folder, name)
	n, err := makeBackup(ctx, cfg, target, passphrase)
	if err != nil {
		return "", err
	}
	if err := auditBackup(ctx, cfg, audit.Who{Kind: audit.System}, n); err != nil {
		return target, err
	}
	names, err := scheduled(cfg.Backup.Folder)
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

// warnings are what an administrator should hear of before something breaks. Each is said once, and again when it still
// holds a day later or comes back.
type warnings struct{ said map[string]time.Time }

// look logs what is wrong now.
func (w *warnings) look(ctx context.Context, cfg *Config, log *slog.Logger, now time.Time) {
	w.say(log, now, "disk", message(cfg.enoughDisk(ctx)))
	w.say(log, now, "wal", cfg.warnOfWAL())
	if leaf, err := leafOnDisk(ctx, cfg); err == nil && leaf != nil {
		w.say(log, now, "certificate", warnOfExpiry(leaf, now))
	}
}

// say logs one warning; "" means that all is well.
func (w *warnings) say(log *slog.Logger, now time.Time, about, text string) {
	if text == "" {
		delete(w.said, about)
	} else if last, again := w.said[about]; !again || now.Sub(last) >= 24*time.Hour {
		w.said[about] = now
		log.Warn(text, "about", about)
	}
}

// message is an error's text; "" without one.
func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// tend does the server's chores until ctx ends: backups when they are due, and warnings before something breaks.
func tend(ctx context.Context, cfg *Config, log *slog.Logger) {
	every := time.Duration(cfg.Backup.Every)
	warn := warnings{said: map[string]time.Time{}}
	var tried time.Time
	for {
		now := time.Now()
		warn.look(ctx, cfg, log, now)
		// One that failed is tried again after an hour.
		age := now.Sub(lastBackup(cfg)) // below zero after the clock was set back
		if cfg.Backup.Folder != "" && (age >= every || age < 0) && now.Sub(tried) >= min(every, time.Hour) {
			tried = now
			if target, err := scheduledBackup(ctx, cfg, now); err != nil && ctx.Err() == nil {
				log.Error("backup failed, will be tried again", "err", err)
			} else if err == nil {
				log.Info("backup made", "file", target, "took", time.Since(now))
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Minute):
		}
	}
}
