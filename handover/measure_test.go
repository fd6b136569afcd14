package handover

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"satchel/demo"
	"satchel/fhir"
)

// tellMeasured logs how long something took with so many bytes, and the most memory until now.
func tellMeasured(t *testing.T, what string, d time.Duration, bytes int64) {
	t.Logf("%-10s %8.2fs %8.0f MB/s  peak %s", what, d.Seconds(), float64(bytes)/1e6/d.Seconds(), peak())
}

// fillMeasured puts about so many resources into a package and returns how many bytes they have.
func fillMeasured(t *testing.T, w *Writer, ledger *countingLedger, want int) (bytes int64) {
	d, line := &fhir.Document{}, []byte(nil)
	var writing, attaching time.Duration
	began := time.Now()
	for item := range demo.Items(demo.Options{Lean: true, Patients: want / demo.LeanResources}) {
		if err := d.Reset(item.JSON); err != nil {
			t.Fatal(err)
		}
		line = d.Stamped(line[:0], item.ID, 1, testTime)
		r := fhir.Resource{Type: item.Type, ID: item.ID, Version: 1, Updated: testTime, JSON: line}
		at := time.Now()
		if _, err := w.Put(Current, r); err != nil {
			t.Fatal(err)
		}
		writing += time.Since(at)
		at = time.Now()
		if err := w.AttachData(r, d); err != nil {
			t.Fatal(err)
		}
		attaching += time.Since(at)
		s := ledger.m[r.Type]
		s.Current++
		ledger.m[r.Type] = s
		bytes += int64(len(line)) + 1
	}
	t.Logf("%.0f MB; generating took %.2fs", float64(bytes)/1e6, (time.Since(began) - writing - attaching).Seconds())
	tellMeasured(t, "put", writing, bytes)
	tellMeasured(t, "attach", attaching, bytes)
	return bytes
}

// TestMeasure writes and checks many resources and says how fast and with how much memory:
//
//	SATCHEL_MEASURE=1000000 go test ./handover -run TestMeasure -v
func TestMeasure(t *testing.T) {
	var want int
	if fmt.Sscan(os.Getenv("SATCHEL_MEASURE"), &want); want == 0 {
		t.Skip("set SATCHEL_MEASURE to a number of resources")
	}
	forms(t, func(t *testing.T, o Options) {
		o.Key = testKey()
		w, err := Create(o)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Abort()
		ledger := &countingLedger{m: map[string]Stored{}}
		bytes := fillMeasured(t, w, ledger, want)
		tell := func(what string, d time.Duration) { tellMeasured(t, what, d, bytes) }
		at := time.Now()
		if _, err := w.Reconcile(context.Background(), ledger); err != nil {
			t.Fatal(err)
		}
		tell("reconcile", time.Since(at))
		at = time.Now()
		t.Logf("%d attachments", len(w.attached.kept))
		s, err := w.Seal(context.Background(), testTime)
		if err != nil {
			t.Fatal(err)
		}
		tell("seal", time.Since(at))
		at = time.Now()
		wantOutcome(t, verify(t, s.Paths[0], VerifyOptions{}), Good, "")
		tell("verify", time.Since(at))
		if !o.Zip {
			at = time.Now()
			if out, ok := in(t, s.Paths[0], "", "sha256sum", "--quiet", "-c", payloadManifest); !ok {
				t.Error(out)
			}
			tell("sha256sum", time.Since(at))
		}
	})
}

type countingLedger struct{ m map[string]Stored }

func (l *countingLedger) Stored(context.Context) (map[string]Stored, error) { return l.m, nil }

// peak is the greatest memory of this process so far, where the system tells it.
func peak() string {
	text, err := os.ReadFile(filepath.Join("/proc", fmt.Sprint(os.Getpid()), "status"))
	if err != nil {
		return "unknown on " + runtime.GOOS
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			return strings.TrimSpace(rest)
		}
	}
	return "unknown"
}
