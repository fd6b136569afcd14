package app

import (
	"context"
	"log/slog"
	"time"

	"satchel/backup"
	"satchel/config"
)

// tend does the server's chores until ctx ends: backups when they are due, and warnings before something breaks.
func tend(ctx context.Context, cfg *config.Config, log *slog.Logger) {
	every := time.Duration(cfg.Backup.Every)
	warn := warnings{said: map[string]time.Time{}}
	var tried time.Time
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
