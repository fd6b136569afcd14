package certs

import (
	"path/filepath"
	"testing"
	"time"

	"satchel/internal/durable/durabletest"
)

// The keys of a local authority survive a power cut: clients trust the one, the server offers the other.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	durabletest.Check(t, func(_ *testing.T, in string) (func() error, []string) {
		a := &localCA{folder: filepath.Join(in, "data", "tls"), names: func() []string { return []string{"localhost"} }}
		return func() error {
			_, err := a.refresh(time.Now(), nil)
			return err
		}, []string{"."}
	})
}
