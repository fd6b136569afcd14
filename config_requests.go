package main

import (
	"fmt"
	"log/slog"

	"satchel/auth"
	"satchel/desk"
	"satchel/requests"
	"satchel/storage"
)

// checkRequests checks the settings of the ledger of requests.
func (c *Config) checkRequests() error {
	r := &c.Requests
	for _, n := range []struct {
		key   string
		value int64
		max   int64
	}{
		{"requests.due_days", r.DueDays, 365},
		{"requests.extension_days", r.ExtensionDays, 365},
		{"requests.warn_days", r.WarnDays, r.DueDays},
		{"requests.urgent_days", r.UrgentDays, r.DueDays},
		{"requests.link_days", r.LinkDays, requests.MaxLinkDays},
		{"requests.link_tries", r.LinkTries, 100},
		{"requests.link_downloads", r.LinkDownloads, 100},
	} {
		if n.value < 1 || n.value > n.max {
			return fmt.Errorf("%s is %d; write 1 to %d", n.key, n.value, n.max)
		}
	}
	if r.WarnDays > r.UrgentDays {
		return fmt.Errorf("requests.warn_days is %d and requests.urgent_days is %d; the first must not be greater", r.WarnDays, r.UrgentDays)
	}
	return nil
}

// practiceOf is what the settings say of the practice for its ledger and letters.
func practiceOf(cfg *Config) func() requests.Practice {
	p := requests.Practice{Name: cfg.Practice.Name, Address: cfg.Practice.Address, Phone: cfg.Practice.Phone, Email: cfg.Practice.Email, Contact: cfg.Practice.Contact}
	p.Zone, _ = cfg.zone() // checked when the settings were read
	return func() requests.Practice { return p }
}

// practiceShown is practiceOf as the pages show it, which the first run and the page of settings change.
func practiceShown(cfg *Config, shown func() desk.Practice) func() requests.Practice {
	return func() requests.Practice {
		p, now := practiceOf(cfg)(), shown()
		p.Name, p.Zone, p.Contact, p.Phone, p.Email, p.Address = now.Name, now.Zone, now.Contact, now.Phone, now.Email, now.Address
		return p
	}
}

// ledger is the ledger of requests that the settings want. p may be nil: then no packages can be made.
func ledger(cfg *Config, store *storage.Store, practice func() requests.Practice, p requests.Packager, log *slog.Logger) *requests.Ledger {
	r := cfg.Requests
	return requests.New(store, requests.Options{
		Days: int(r.DueDays), ExtensionDays: int(r.ExtensionDays), WarnSoon: int(r.WarnDays), WarnUrgent: int(r.UrgentDays), TwoPersons: r.TwoPersons,
		LinkDays: int(r.LinkDays), LinkTries: int(r.LinkTries), LinkDownloads: int(r.LinkDownloads),
		Practice: practice, Packager: p, Hash: auth.HashPassphrase, Check: auth.CheckPassphrase, Log: log,
	})
}
