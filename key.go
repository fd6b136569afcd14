package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"satchel/handover"
)

// signingKeyFile holds, in the data directory, the key that packages are signed with.
const signingKeyFile = "signing_key"

// signingKey is the key of the data directory; it is made at the first use. Whoever has it can sign as the practice, so
// its owner alone can read it.
func signingKey(cfg *Config) (*handover.Key, error) {
	path := filepath.Join(cfg.Data, signingKeyFile)
	key, err := handover.LoadKey(path, "")
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if key, err = handover.NewKey(path, ""); errors.Is(err, fs.ErrExist) {
		return handover.LoadKey(path, "") // another command was faster
	} else if err != nil {
		return nil, err
	}
	if err := sameOwner(path, cfg.Data); err != nil {
		return nil, errors.Join(err, os.Remove(path))
	}
	return key, nil
}

// keySentence tells the fingerprint and what it is for.
func keySentence(key *handover.Key) string {
	return fmt.Sprintf("packages are signed with the key %s; give this fingerprint to those who receive packages, on another way", key.Fingerprint())
}
