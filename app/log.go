package app

import (
	"log/slog"
	"os"

	"satchel/config"
	"satchel/internal/terminal"
)

// newLog makes the logger: text for people on a terminal, JSON for programs elsewhere, on standard error.
func newLog(cfg *config.Config) *slog.Logger {
	o := logOptions(cfg)
	if cfg.Log.Format == "text" || cfg.Log.Format == "auto" && terminal.Is(os.Stderr) {
		return slog.New(slog.NewTextHandler(os.Stderr, o))
	}
	return slog.New(slog.NewJSONHandler(os.Stderr, o))
}

func logOptions(cfg *config.Config) *slog.HandlerOptions {
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.Log.Level)); err != nil {
		level = slog.LevelInfo // finish has checked it
	}
	return &slog.HandlerOptions{Level: level}
}
