package config

import (
	"fmt"
	"slices"
	"time"

	"satchel/auth"
)

// checkAuth checks the settings of accounts and their sessions.
func (c *Config) checkAuth() error {
	for _, d := range []struct {
		key            string
		value          Duration
		least, highest time.Duration
	}{
		{"auth.session_idle", c.Auth.SessionIdle, time.Minute, 24 * time.Hour},
		{"auth.session_max", c.Auth.SessionMax, time.Minute, 31 * 24 * time.Hour},
	} {
		if v := time.Duration(d.value); v < d.least || v > d.highest {
			return fmt.Errorf("%s is %q; write a span from \"%s\" to \"%s\"", d.key, d.value, Duration(d.least), Duration(d.highest))
		}
	}
	if n := c.Auth.PasswordMaxAgeDays; n < 0 || n > 3660 {
		return fmt.Errorf("auth.password_max_age_days is %d; write 1 to 3660, or 0 for never", n)
	}
	var names []string
	for _, p := range auth.Permissions() {
		names = append(names, p.Name)
	}
	for _, name := range c.Auth.TwoFactorRoles {
		if !slices.Contains(names, name) {
			return fmt.Errorf("auth.two_factor_roles has %q, which is no role or permission; `satchel user permissions` lists all", name)
		}
	}
	return nil
}
