package app

import (
	"testing"

	"satchel/auth"
	"satchel/config"
	"satchel/storage"
)

// An empty list of roles switches the duty off, and a setting that is not there does not.
func TestNoRoleNeedsSecondFactor(t *testing.T) {
	t.Parallel()
	owner := storage.Account{Name: "ann", Authorities: []storage.Authority{{Permission: "ROLE_SUPERUSER"}}}
	for must, roles := range map[bool][]string{false: {}, true: auth.TwoFactorRoles()} {
		cfg := &config.Config{}
		cfg.Auth.TwoFactorRoles = roles
		if got := accounts(cfg, nil).NeedsSecondFactor(owner); got != must {
			t.Errorf("%q: needed %v, want %v", roles, got, must)
		}
	}
}
