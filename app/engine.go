package app

import (
	"log/slog"

	"satchel/config"
	"satchel/datadir"
	"satchel/engine"
	"satchel/exports"
	"satchel/storage"
)

// EngineOptions are the engine's options from the settings.
func EngineOptions(cfg *config.Config, log *slog.Logger) engine.Options {
	return engine.Options{
		MaxJobs:   int(cfg.BulkExport.MaxJobs),
		FileCount: cfg.BulkExport.FileMaxCapacity,
		FileSize:  int64(cfg.BulkExport.FileMaxSize),
		Retention: cfg.Retention(),
		Log:       log,
		FreeDisk:  func() (free, floor int64) { return datadir.FreeDisk(cfg) },
	}
}

// ExportsOf is all that can be done with exports and packages, by the settings.
func ExportsOf(cfg *config.Config, store *storage.Store, jobs *engine.Engine) *exports.Service {
	return &exports.Service{
		Store: store, Engine: jobs,
		Enabled: cfg.BulkExport.Enabled, Exclusive: cfg.BulkExport.Exclusive, Supporting: cfg.BulkExport.Supporting, InlineMost: int64(cfg.BulkExport.InlineAttachmentMax),
	}
}
