package cli

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"testing"

	"satchel/engine/bulk"
	"satchel/internal/durable/durabletest"
	"satchel/internal/testsatchel"
	"satchel/storage"
)

// What commands write survives a power cut, and a command whose files could not be synced fails.
func TestPowerCut(t *testing.T) {
	cfg := testsatchel.New(t)
	s, err := storage.Open(t.Context(), cfg.Database(), storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() }) // after the deeds, which run beside each other
	deeds := map[string]durabletest.Deed{
		"an export": func(t *testing.T, in string) (func() error, []string) {
			return func() error {
				return exportInto(t.Context(), cfg, s, bulk.Request{Level: bulk.LevelSystem}, "system", filepath.Join(in, "a", "b"), &bytes.Buffer{})
			}, []string{"."}
		},
		"a ledger written out": func(t *testing.T, in string) (func() error, []string) {
			return func() error {
				return writeTo(filepath.Join(in, "ledger.csv"), io.Discard, func(w io.Writer) error {
					_, err := fmt.Fprintln(w, "number,state")
					return err
				})
			}, []string{"."}
		},
	}
	for name, deed := range deeds {
		t.Run(name, func(t *testing.T) { t.Parallel(); durabletest.Check(t, deed) })
	}
}
