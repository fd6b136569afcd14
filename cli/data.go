package cli

import (
	"context"
	"os"

	"satchel/config"
	"satchel/datadir"
	"satchel/storage"
)

// load reads the settings for a command; flags are settings by key that its flags override.
func (at *common) load(flags map[string]string) (*config.Config, error) {
	return config.Load(at.data, at.file, os.Environ(), flags)
}

// openData reads the settings and opens the store of an initialised data directory. The caller closes the store.
func (at *common) openData(ctx context.Context, flags map[string]string, o storage.Options) (*config.Config, *storage.Store, error) {
	cfg, err := at.load(flags)
	if err != nil {
		return nil, nil, err
	}
	s, err := datadir.Open(ctx, cfg, o)
	return cfg, s, err
}
