package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"satchel/storage"
)

// load reads the settings for a command; flags are settings by key that its flags override.
func (at *common) load(flags map[string]string) (*Config, error) {
	return loadConfig(at.data, at.file, os.Environ(), flags)
}

// openData reads the settings and opens the store of an initialised data directory. The caller closes the store.
func (at *common) openData(ctx context.Context, flags map[string]string, o storage.Options) (*Config, *storage.Store, error) {
	cfg, err := at.load(flags)
	if err != nil {
		return nil, nil, err
	}
	s, err := openStore(ctx, cfg, o)
	return cfg, s, err
}

// noSatchel is the error for a data directory without a store.
func noSatchel(cfg *Config) error {
	return fmt.Errorf("there is no Satchel in %q; make one with: satchel init --data %s", cfg.Data, cfg.Data)
}

// openStore opens the store, which must be there.
func openStore(ctx context.Context, cfg *Config, o storage.Options) (*storage.Store, error) {
	if _, err := os.Stat(cfg.database()); errors.Is(err, fs.ErrNotExist) {
		return nil, noSatchel(cfg)
	} else if err != nil {
		return nil, err
	}
	s, err := storage.Open(ctx, cfg.database(), o)
	if err != nil {
		return nil, needed(cfg, err)
	}
	noteVersion(cfg)
	// A command that root runs must not leave behind what the service's account cannot open.
	if err := sameOwner(cfg.database()+".lock", cfg.Data); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}
