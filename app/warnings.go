package app

import (
	"context"
	"log/slog"
	"time"

	"satchel/certs"
	"satchel/config"
	"satchel/datadir"
)

// warnings are what an administrator should hear of before something breaks. Each is said once, and again when it still
// holds a day later or comes back.
type warnings struct{ said map[string]time.Time }

// look logs what is wrong now.
func (w *warnings) look(ctx context.Context, cfg *config.Config, log *slog.Logger, now time.Time) {
	w.say(log, now, "disk", message(datadir.EnoughDisk(cfg)))
	w.say(log, now, "wal", datadir.WarnOfWAL(cfg))
	if leaf, err := certs.Leaf(ctx, cfg); err == nil && leaf != nil {
		w.say(log, now, "certificate", certs.WarnOfExpiry(leaf, now))
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
