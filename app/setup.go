package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"

	"satchel/config"
	"satchel/internal/durable"
	"satchel/pages"
	"satchel/storage"
)

// setupFile holds the setup code of a server without accounts, in the data directory.
const setupFile = "setup-code.txt"

// setupCode makes the code of the first run and its file; "" if there is an account already, and then no file.
func setupCode(ctx context.Context, cfg *config.Config, store *storage.Store) (string, error) {
	path := filepath.Join(cfg.Data, setupFile)
	none, err := store.NoAccounts(ctx)
	if err != nil || !none {
		return "", errors.Join(err, removeSetup(cfg))
	}
	code := rand.Text()
	if err := durable.Write(path, durable.Options{FolderOwner: true}, durable.Bytes([]byte(code+"\n"))); err != nil {
		return "", fmt.Errorf("keep the setup code: %w", err)
	}
	return code, nil
}

// removeSetup forgets the setup code.
func removeSetup(cfg *config.Config) error {
	err := os.Remove(filepath.Join(cfg.Data, setupFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// SetupURL is the address on this machine at which a browser makes the first administrator; "" if there is one.
func SetupURL(cfg *config.Config, addr string) string {
	code, err := os.ReadFile(filepath.Join(cfg.Data, setupFile))
	if err != nil {
		return ""
	}
	host, port, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		host = "localhost"
	}
	return fmt.Sprintf("%s://%s/setup?token=%s", cfg.Scheme(), net.JoinHostPort(host, port), string(code[:max(0, len(code)-1)]))
}

// pageOptions are what the staff pages know of the settings and of the machine.
func pageOptions(ctx context.Context, cfg *config.Config, store *storage.Store, log *slog.Logger) (pages.Options, error) {
	p, err := newPracticeNow(cfg)
	if err != nil {
		return pages.Options{}, err
	}
	o := pages.Options{Practice: p, Installation: &installation{cfg: cfg, practice: p}}
	code, err := setupCode(ctx, cfg, store)
	if code == "" || err != nil {
		return o, err
	}
	o.Setup = &pages.Setup{
		Token: code,
		Over: func() {
			if err := removeSetup(cfg); err != nil {
				log.Warn("the setup code is void, but its file could not be removed", "err", err)
			}
		},
	}
	log.Warn("there is no account yet; open /setup in a browser on this machine with the code of the file", "file", filepath.Join(cfg.Data, setupFile))
	return o, nil
}
