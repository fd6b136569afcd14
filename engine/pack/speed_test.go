package pack

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"satchel/handover"
	"satchel/storage"
)

// TestHandoverSpeed makes the package of everybody in the data directory that SATCHEL_MEASURE_DATA names, and says how long
// that took; with -cpuprofile and -memprofile it shows where the time goes.
func TestHandoverSpeed(t *testing.T) {
	t.Parallel()
	data := os.Getenv("SATCHEL_MEASURE_DATA")
	if data == "" {
		t.Skip("SATCHEL_MEASURE_DATA is not set")
	}
	s, err := storage.Open(t.Context(), filepath.Join(data, "satchel.db"), storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	start := time.Now()
	h := packed(t, s, Run{Order: handover.Order{Patient: os.Getenv("SATCHEL_MEASURE_PATIENT")}})
	t.Logf("%d files, %d bytes, %s in %v", h.Files, h.Bytes, h.Verdict, time.Since(start))
}
