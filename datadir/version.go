package datadir

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"satchel/config"
	"satchel/internal/about"
	"satchel/internal/durable"
	"satchel/storage"
)

// noteVersion writes the note if the schema has changed since. Without it only an error would be less helpful.
func noteVersion(cfg *config.Config) {
	if a, ok := NotedVersion(cfg); ok && a.Schema == storage.Schema() {
		return
	}
	text, err := json.Marshal(about.Me())
	if err != nil {
		return
	}
	_ = durable.Write(cfg.VersionFile(), durable.Options{FolderOwner: true}, durable.Bytes(append(text, '\n')))
}

// NotedVersion reads the note.
func NotedVersion(cfg *config.Config) (a about.Program, ok bool) {
	text, err := os.ReadFile(cfg.VersionFile())
	return a, err == nil && json.Unmarshal(text, &a) == nil && a.Version != ""
}

// UseInstead says which program version a database of a newer schema needs.
func UseInstead(cfg *config.Config, schema int64) string {
	if a, ok := NotedVersion(cfg); ok && a.Schema == schema {
		return fmt.Sprintf("use satchel %s or newer", a.Version)
	}
	return "use the program version that wrote it, or a newer one"
}

// needed adds to a refusal of a newer database which version it needs.
func needed(cfg *config.Config, err error) error {
	if newer := (*storage.NewerError)(nil); errors.As(err, &newer) {
		return fmt.Errorf("%w; nothing was changed; %s, or restore a backup that this version made", err, UseInstead(cfg, newer.Database))
	}
	return err
}
