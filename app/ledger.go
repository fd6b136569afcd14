package app

import (
	"context"
	"io"
	"log/slog"

	"satchel/auth"
	"satchel/config"
	"satchel/handover"
	"satchel/requests"
	"satchel/storage"
)

// RequestLines writes the ledger for a package of the whole practice.
func RequestLines(s *storage.Store) func(context.Context, io.Writer) error {
	return func(ctx context.Context, w io.Writer) error {
		return requests.WriteFHIR(w, requests.Entries(ctx, s, requests.Filter{}))
	}
}

// Ledger is the ledger of requests that the settings want. p may be nil: then no packages can be made.
func Ledger(cfg *config.Config, store *storage.Store, practice func() handover.Practice, p requests.Packager, log *slog.Logger) *requests.Ledger {
	r := cfg.Requests
	return requests.New(store, requests.Options{
		Days: int(r.DueDays), ExtensionDays: int(r.ExtensionDays), WarnSoon: int(r.WarnDays), WarnUrgent: int(r.UrgentDays), TwoPersons: r.TwoPersons,
		LinkDays: int(r.LinkDays), LinkTries: int(r.LinkTries), LinkDownloads: int(r.LinkDownloads),
		Practice: practice, Packager: p, Hash: auth.HashPassphrase, Check: auth.CheckPassphrase, Log: log,
	})
}
