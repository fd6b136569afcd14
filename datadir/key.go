package datadir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"satchel/config"
	"satchel/handover"
	"satchel/internal/owner"
)

// SigningKeyFile holds, in the data directory, the key that packages are signed with.
const SigningKeyFile = "signing_key"

// SigningKey is the key of the data directory; it is made at the first use. Whoever has it can sign as the practice, so
// its owner alone can read it.
func SigningKey(cfg *config.Config) (*handover.Key, error) {
	path := filepath.Join(cfg.Data, SigningKeyFile)
	key, err := handover.LoadKey(path, "")
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if key, err = handover.NewKey(path, ""); errors.Is(err, fs.ErrExist) {
		return handover.LoadKey(path, "") // another command was faster
	} else if err != nil {
		return nil, err
	}
	if err := owner.Same(path, cfg.Data); err != nil {
		return nil, errors.Join(err, os.Remove(path))
	}
	return key, nil
}
