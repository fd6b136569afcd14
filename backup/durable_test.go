package backup_test

import (
	"path/filepath"
	"testing"
	"time"

	"satchel/backup"
	"satchel/config"
	"satchel/internal/durable/durabletest"
	"satchel/internal/testsatchel"
)

// A backup that was made and a directory that was restored survive a power cut.
func TestPowerCut(t *testing.T) {
	cfg := testsatchel.New(t)
	whole := filepath.Join(t.TempDir(), "b.zip")
	if _, err := backup.Make(t.Context(), cfg, whole, ""); err != nil {
		t.Fatal(err)
	}
	restored := []string{"data/satchel.db", "data/config.toml", "data/signing_key"}
	restore := func(cfg *config.Config, replace bool) func() error {
		return func() error {
			_, err := backup.Restore(t.Context(), cfg, anna, whole, "", replace)
			return err
		}
	}
	deeds := map[string]durabletest.Deed{
		"a backup": func(_ *testing.T, in string) (func() error, []string) {
			return func() error {
				_, err := backup.Make(t.Context(), cfg, filepath.Join(in, "b.zip"), "")
				return err
			}, []string{"b.zip"}
		},
		"a backup by schedule": func(t *testing.T, in string) (func() error, []string) {
			own := *cfg
			own.Backup.Folder, own.Backup.Keep = filepath.Join(in, "new", "folder"), 3
			return func() error {
				_, err := backup.MakeScheduled(t.Context(), &own, time.Date(2026, 12, 1, 2, 3, 4, 0, time.UTC))
				return err
			}, []string{"."}
		},
		"restored into nothing": func(_ *testing.T, in string) (func() error, []string) {
			own := *cfg
			own.Data = filepath.Join(in, "data")
			return restore(&own, false), restored
		},
		"restored over another": func(t *testing.T, in string) (func() error, []string) {
			own := *cfg
			own.Data = filepath.Join(in, "data")
			if err := restore(&own, false)(); err != nil {
				t.Fatal(err)
			}
			return restore(&own, true), restored
		},
	}
	for name, deed := range deeds {
		t.Run(name, func(t *testing.T) { durabletest.Check(t, deed) })
	}
}
