package config

import (
	"fmt"
	"time"
)

// Retention is how long the files of an ended job stay: bulk_export.file_retention_hours.
func (c *Config) Retention() time.Duration {
	return time.Duration(c.BulkExport.FileRetentionHours) * time.Hour
}

// Duration is a span of time. In settings it is a text such as "300s" or "10m".
type Duration time.Duration

// String writes the span in its largest unit: "5m" and not "5m0s".
func (d Duration) String() string {
	for _, u := range []struct {
		name string
		span Duration
	}{{"h", Duration(time.Hour)}, {"m", Duration(time.Minute)}, {"s", Duration(time.Second)}} {
		if d != 0 && d%u.span == 0 {
			return fmt.Sprintf("%d%s", d/u.span, u.name)
		}
	}
	return time.Duration(d).String()
}

func assignDuration(f *Duration, value any) error {
	if text, ok := value.(string); ok {
		if d, err := time.ParseDuration(text); err == nil {
			*f = Duration(d)
			return nil
		}
	}
	return fmt.Errorf("is %v; write a span such as \"300s\" or \"10m\"", value)
}
