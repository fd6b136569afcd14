package app

import (
	"testing"

	"satchel/internal/durable/durabletest"
	"satchel/internal/testsatchel"
	"satchel/storage"
)

// The code of the first run survives a power cut: it is the only way in.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	cfg := testsatchel.NoAccount(t)
	s, err := storage.Open(t.Context(), cfg.Database(), storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	durabletest.Check(t, func(t *testing.T, in string) (func() error, []string) {
		own := *cfg
		own.Data = in
		return func() error {
			_, err := setupCode(t.Context(), &own, s)
			return err
		}, []string{setupFile}
	})
}
