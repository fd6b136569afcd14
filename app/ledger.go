package app

import (
	"context"
	"io"
	"log/slog"

	"satchel/auth"
	"satchel/config"
	"satchel/pages"
	"satchel/requests"
	"satchel/storage"
)

// RequestLines writes the ledger for a package of the whole practice.
func RequestLines(s *storage.Store) func(context.Context, io.Writer) error {
	return func(ctx context.Context, w io.Writer) error {
		return requests.WriteFHIR(w, requests.Entries(ctx, s, requests.Filter{}))
	}
}

// PracticeOf is what the settings say of the practice for its ledger and letters.
func PracticeOf(cfg *config.Config) func() requests.Practice {
	p := requests.Practice{Name: cfg.Practice.Name, Address: cfg.Practice.Address, Phone: cfg.Practice.Phone, Email: cfg.Practice.Email, Contact: cfg.Practice.Contact}
	p.Zone, _ = cfg.Zone() // checked when the settings were read
	return func() requests.Practice { return p }
}

// practiceShown is practiceOf as the pages show it, which the first run and the page of settings change.
func practiceShown(cfg *config.Config, shown func() pages.Practice) func() requests.Practice {
	return func() requests.Practice {
		p, now := PracticeOf(cfg)(), shown()
		p.Name, p.Zone, p.Contact, p.Phone, p.Email, p.Address = now.Name, now.Zone, now.Contact, now.Phone, now.Email, now.Address
		return p
	}
}

// Ledger is the ledger of requests that the settings want. p may be nil: then no packages can be made.
func Ledger(cfg *config.Config, store *storage.Store, practice func() requests.Practice, p requests.Packager, log *slog.Logger) *requests.Ledger {
	r := cfg.Requests
	return requests.New(store, requests.Options{
		Days: int(r.DueDays), ExtensionDays: int(r.ExtensionDays), WarnSoon: int(r.WarnDays), WarnUrgent: int(r.UrgentDays), TwoPersons: r.TwoPersons,
		LinkDays: int(r.LinkDays), LinkTries: int(r.LinkTries), LinkDownloads: int(r.LinkDownloads),
		Practice: practice, Packager: p, Hash: auth.HashPassphrase, Check: auth.CheckPassphrase, Log: log,
	})
}
