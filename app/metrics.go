package app

import (
	"context"
	"math"
	"os"
	"time"

	"satchel/backup"
	"satchel/certs"
	"satchel/config"
	"satchel/datadir"
	"satchel/internal/about"
	"satchel/storage"
	"satchel/web"
)

// NewMetrics makes the numbers of a server; nil if metrics.enabled is false.
func NewMetrics(cfg *config.Config, store *storage.Store) (*web.Metrics, error) {
	if !cfg.Metrics.Enabled {
		return nil, nil
	}
	m, err := web.NewMetrics(about.Version, cfg.Metrics.Allow)
	if err != nil {
		return nil, err
	}
	m.Watch(store)
	m.Gauge("satchel_disk_free_bytes", "Free bytes on the fuller of the disks of the database and of the exports.", func() float64 {
		free, _ := datadir.FreeDisk(cfg)
		return float64(free)
	})
	m.Gauge("satchel_disk_floor_bytes", "Free bytes below which no export begins.", func() float64 {
		_, floor := datadir.FreeDisk(cfg)
		return float64(floor)
	})
	m.Gauge("satchel_certificate_expiry_timestamp_seconds", "When the certificate of the server ends; NaN without one.", func() float64 {
		leaf, err := certs.Leaf(context.Background(), cfg)
		if err != nil || leaf == nil {
			return math.NaN()
		}
		return unixSeconds(leaf.NotAfter)
	})
	m.Gauge("satchel_backup_last_success_timestamp_seconds", "When the newest scheduled backup was made; NaN without one.", func() float64 {
		if last := backup.Last(cfg); !last.IsZero() {
			return unixSeconds(last)
		}
		return math.NaN()
	})
	return m, nil
}

func unixSeconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// checks are what readiness depends on besides the store.
func checks(cfg *config.Config, exports *os.Root) []web.Check {
	return []web.Check{{Name: "export folder", Run: datadir.WritableFolder(exports)}, {Name: "disk", Run: func(context.Context) error { return datadir.EnoughDisk(cfg) }}}
}
