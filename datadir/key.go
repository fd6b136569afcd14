package datadir

import (
	"errors"
	"io/fs"
	"path/filepath"

	"satchel/config"
	"satchel/handover"
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
	}
	return key, err
}
