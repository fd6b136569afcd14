package datadir

import (
	"os"
	"path/filepath"
	"testing"

	"satchel/config"
	"satchel/internal/durable/durabletest"
	"satchel/storage"
)

// What is made with a data directory, and what is changed in it later, survives a power cut.
func TestPowerCut(t *testing.T) {
	deeds := map[string]durabletest.Deed{
		"a new directory": func(t *testing.T, in string) (func() error, []string) {
			cfg := settings(t, filepath.Join(in, "satchel", "data"))
			return func() error {
				if err := Make(cfg, nil); err != nil {
					return err
				}
				_, err := SigningKey(cfg)
				return err
			}, []string{"."}
		},
		"changed settings": func(t *testing.T, in string) (func() error, []string) {
			cfg := settings(t, in)
			if err := Make(cfg, nil); err != nil {
				t.Fatal(err)
			}
			return func() error {
				_, err := cfg.Edit(config.Change{Key: "practice.name", Text: "Practice on the Hill"})
				return err
			}, []string{"config.toml"}
		},
	}
	for name, deed := range deeds {
		t.Run(name, func(t *testing.T) { t.Parallel(); durabletest.Check(t, deed) })
	}
}

// The note of the program's version is on the disk once the store is open. Without it the store opens all the same.
func TestPowerCutVersion(t *testing.T) {
	t.Parallel()
	in := t.TempDir()
	cfg := settings(t, in)
	if err := os.WriteFile(cfg.Database(), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r := durabletest.Record(t, in)
	s, err := Open(t.Context(), cfg, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r.Survives(t, cfg.VersionFile())
}

func settings(t *testing.T, dir string) *config.Config {
	t.Helper()
	cfg, err := config.Load(dir, "", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}
