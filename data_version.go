package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"satchel/storage"
)

// versionFile is where a data directory notes the first program version that brought its database's schema: the oldest
// one that can be used. It lies beside the database because an older program cannot read what a newer one wrote there.
func (c *Config) versionFile() string { return c.database() + ".version" }

// noteVersion writes the note if the schema has changed since. Without it only an error would be less helpful.
func noteVersion(cfg *Config) {
	if a, ok := notedVersion(cfg); ok && a.Schema == storage.Schema() {
		return
	}
	text, err := json.Marshal(aboutMe())
	if err != nil {
		return
	}
	if os.WriteFile(cfg.versionFile(), append(text, '\n'), 0o600) == nil {
		_ = sameOwner(cfg.versionFile(), cfg.Data)
	}
}

// notedVersion reads the note.
func notedVersion(cfg *Config) (a about, ok bool) {
	text, err := os.ReadFile(cfg.versionFile())
	return a, err == nil && json.Unmarshal(text, &a) == nil && a.Version != ""
}

// useInstead says which program version a database of a newer schema needs.
func useInstead(cfg *Config, schema int64) string {
	if a, ok := notedVersion(cfg); ok && a.Schema == schema {
		return fmt.Sprintf("use satchel %s or newer", a.Version)
	}
	return "use the program version that wrote it, or a newer one"
}

// needed adds to a refusal of a newer database which version it needs.
func needed(cfg *Config, err error) error {
	if newer := (*storage.NewerError)(nil); errors.As(err, &newer) {
		return fmt.Errorf("%w; nothing was changed; %s, or restore a backup that this version made", err, useInstead(cfg, newer.Database))
	}
	return err
}
