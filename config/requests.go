package config

import (
	"fmt"

	"satchel/requests"
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
