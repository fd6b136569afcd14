package doctor_test

import (
	"path/filepath"
	"testing"
	"time"

	"satchel/doctor"
	"satchel/internal/durable/durabletest"
)

// A support bundle survives a power cut.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	durabletest.Check(t, func(t *testing.T, in string) (func() error, []string) {
		return func() error {
			return doctor.WriteBundle(t.Context(), &doctor.Examination{Now: time.Now()}, filepath.Join(in, "bundle.zip"))
		}, []string{"."}
	})
}
