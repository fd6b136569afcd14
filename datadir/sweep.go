package datadir

import (
	"os"
	"path/filepath"
	"time"

	"satchel/config"
	"satchel/internal/durable"
)

// unfinishedFor is how long a file under a temporary name may be in the making: a copy of a large database takes minutes.
const unfinishedFor = 6 * time.Hour

// Sweep removes what a crash left under temporary names in the data directory and in its folder of certificates: settings, keys
// and copies of the database that never got their name. It returns the paths. Young files stay: another command may be writing
// them.
func Sweep(cfg *config.Config, now time.Time) (removed []string) {
	for _, folder := range []string{cfg.Data, filepath.Join(cfg.Data, "tls")} {
		entries, err := os.ReadDir(folder)
		if err != nil {
			continue
		}
		for _, e := range entries {
			info, err := e.Info()
			if err != nil || !durable.Temporary(e.Name()) || !info.Mode().IsRegular() || now.Sub(info.ModTime()) < unfinishedFor {
				continue
			}
			if path := filepath.Join(folder, e.Name()); os.Remove(path) == nil {
				removed = append(removed, path)
			}
		}
	}
	return removed
}
