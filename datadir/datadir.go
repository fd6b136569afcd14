// Package datadir knows the data directory: it makes one, opens its store, and says how much room its disks have, which program
// version it needs, and with which key its packages are signed.
package datadir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"satchel/config"
	"satchel/internal/durable"
	"satchel/storage"
)

// Missing is the error for a data directory without a store.
func Missing(cfg *config.Config) error {
	return fmt.Errorf("there is no Satchel in %q; make one with: satchel init --data %s", cfg.Data, cfg.Data)
}

// Open opens the store, which must be there.
func Open(ctx context.Context, cfg *config.Config, o storage.Options) (*storage.Store, error) {
	if _, err := os.Stat(cfg.Database()); errors.Is(err, fs.ErrNotExist) {
		return nil, Missing(cfg)
	} else if err != nil {
		return nil, err
	}
	o.Bases = cfg.Bases()
	s, err := storage.Open(ctx, cfg.Database(), o)
	if err != nil {
		return nil, needed(cfg, err)
	}
	noteVersion(cfg)
	// A command that root runs must not leave behind what the service's account cannot open.
	if err := durable.SameOwner(cfg.Database()+".lock", cfg.Data); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}
