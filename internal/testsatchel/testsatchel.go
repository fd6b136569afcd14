// Package testsatchel makes data directories and runs servers on them. It is for tests only.
package testsatchel

import (
	"context"
	"log/slog"
	"maps"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"satchel/audit"
	"satchel/auth"
	_ "satchel/auth/authtest" // cheap hashes
	"satchel/config"
	"satchel/datadir"
	"satchel/storage"
)

// Password is that of anna, the administrator of every data directory here.
const Password = "a few words together"

// passwordHash is made once for all: a hash is slow, and here it is not what is tested.
var passwordHash = sync.OnceValues(func() (string, error) { return auth.HashPasswordFor("anna", Password) })

// New is the configuration of a fresh data directory with the administrator anna, on a free port.
func New(t *testing.T) *config.Config {
	t.Helper()
	return With(t, nil)
}

// With is initialised with settings as flags give them, by key.
func With(t *testing.T, settings map[string]string) *config.Config {
	t.Helper()
	hash, err := passwordHash()
	Must(t, err)
	now := time.Now()
	return dataWith(t, settings, &storage.Account{Name: "anna", Password: hash, PasswordChanged: now, Created: now, Authorities: []storage.Authority{{Permission: "ROLE_SUPERUSER"}}})
}

// NoAccount is the configuration of a fresh data directory without an account.
func NoAccount(t *testing.T) *config.Config {
	t.Helper()
	return dataWith(t, nil, nil)
}

func dataWith(t *testing.T, settings map[string]string, account *storage.Account) *config.Config {
	t.Helper()
	all := map[string]string{"http.listen": "127.0.0.1:0", "log.level": "error"}
	maps.Copy(all, settings)
	cfg, err := config.Load(filepath.Join(t.TempDir(), "data"), "", nil, all)
	Must(t, err)
	Must(t, datadir.Make(cfg, nil))
	s, err := storage.Open(t.Context(), cfg.Database(), storage.Options{})
	Must(t, err)
	defer s.Close()
	if account != nil {
		Must(t, s.AddAccount(t.Context(), audit.Event{Who: audit.Who{Name: "test", Kind: audit.CLI}, Action: audit.AccountCreate, Target: account.Name}, *account))
	}
	_, err = datadir.SigningKey(cfg)
	Must(t, err)
	return cfg
}

// Start is a running server of these settings: its address. run is that of package app.
func Start(t *testing.T, cfg *config.Config, run func(context.Context, *config.Config, *slog.Logger, func(string)) error) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan string, 1), make(chan error, 1)
	go func() { done <- run(ctx, cfg, nil, func(addr string) { ready <- addr }) }()
	select {
	case err := <-done:
		cancel()
		t.Fatal(err)
	case addr := <-ready:
		t.Cleanup(func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
		return addr
	}
	return ""
}
