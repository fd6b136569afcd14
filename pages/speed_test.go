package pages_test

import (
	"os"
	"testing"
	"time"

	"satchel/internal/browser"
)

// TestFirstPaint tells how long a browser waits for something to see. Times are of the machine and of what else it does, so
// it runs only when SATCHEL_MEASURE is set.
func TestFirstPaint(t *testing.T) {
	t.Parallel()
	if os.Getenv("SATCHEL_MEASURE") == "" {
		t.Skip("SATCHEL_MEASURE is not set")
	}
	p := openOn(t, made[300], nil)
	b := p.signed(t, "ann")
	for _, path := range []string{"/", "/account", "/help"} {
		best := time.Hour
		for range 5 {
			b.Open(p.url + path)
			b.Until(`performance.getEntriesByName("first-contentful-paint").length > 0`)
			ms := browser.Eval[float64](b, `performance.getEntriesByName("first-contentful-paint")[0].startTime`)
			best = min(best, time.Duration(ms*float64(time.Millisecond)))
		}
		t.Logf("%s: first paint after %s", path, best)
		if best > 200*time.Millisecond {
			t.Errorf("%s: first paint after %s; 200 ms are promised", path, best)
		}
	}
}
