package app

import (
	"context"
	"log/slog"
	"time"

	"satchel/backup"
	"satchel/config"
	"satchel/datadir"
)

// tidy removes what a crash left: of backups, wherever they were to lie, and of files in the data directory.
func tidy(cfg *config.Config, log *slog.Logger) {
	left, err := backup.Sweep(cfg)
	if err != nil {
		log.Error("an interrupted backup was not tidied up", "err", err)
	}
	for _, path := range append(left, datadir.Sweep(cfg, time.Now())...) {
		log.Warn("removed an unfinished file that a crash had left", "file", path)
	}
}

// chores does the server's chores until ctx ends: backups when they are due, and warnings before something breaks.
func chores(ctx context.Context, cfg *config.Config, log *slog.Logger) {
	every := time.Duration(cfg.Backup.Every)
	warn := warnings{said: map[string]time.Time{}}
	var tried time.Time
	tidy(cfg, log)
	for {
		now := time.Now()
		warn.look(ctx, cfg, log, now)
		// One that failed is tried again after an hour.
		age := now.Sub(backup.Last(cfg)) // below zero after the clock was set back
		if cfg.Backup.Folder != "" && (age >= every || age < 0) && now.Sub(tried) >= min(every, time.Hour) {
			tried = now
			if target, err := backup.MakeScheduled(ctx, cfg, now); err != nil && ctx.Err() == nil {
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
