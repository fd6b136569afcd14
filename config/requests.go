package config

import (
	"fmt"

	"satchel/requests"
)

// checkRequests checks the settings of the ledger of requests.
func (c *Config) checkRequests() error {
	r := &c.Requests
	if err := checkNumbers(
		number{"requests.due_days", r.DueDays, 365},
		number{"requests.extension_days", r.ExtensionDays, 365},
		number{"requests.warn_days", r.WarnDays, r.DueDays},
		number{"requests.urgent_days", r.UrgentDays, r.DueDays},
		number{"requests.link_days", r.LinkDays, requests.MaxLinkDays},
		number{"requests.link_tries", r.LinkTries, 100},
		number{"requests.link_downloads", r.LinkDownloads, 100},
	); err != nil {
		return err
	}
	if r.WarnDays > r.UrgentDays {
		return fmt.Errorf("requests.warn_days is %d and requests.urgent_days is %d; the first must not be greater", r.WarnDays, r.UrgentDays)
	}
	return nil
}
