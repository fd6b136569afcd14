package app

import (
	"time"

	"satchel/auth"
	"satchel/config"
	"satchel/storage"
)

// accounts is the service for accounts that the settings want.
func accounts(cfg *config.Config, store *storage.Store) *auth.Service {
	return &auth.Service{
		Store:          store,
		SessionIdle:    time.Duration(cfg.Auth.SessionIdle),
		SessionMax:     time.Duration(cfg.Auth.SessionMax),
		TwoFactorRoles: append([]string{}, cfg.Auth.TwoFactorRoles...), // none is none, and not the default, so never nil
		PasswordAge:    time.Duration(cfg.Auth.PasswordMaxAgeDays) * 24 * time.Hour,
	}
}

// tokens is the token service that the settings want.
func tokens(cfg *config.Config, store *storage.Store) *auth.TokenService {
	return &auth.TokenService{Store: store, Lifetime: time.Duration(cfg.Smart.TokenLifetime), AllowSecret: cfg.Smart.ClientSecretBasic}
}
