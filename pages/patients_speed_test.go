package pages_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"satchel/demo"
)

// With 10,000 patients the pages of patients answer at once: they look things up and never walk through the store. Times are
// of the machine and of what else it does, so it runs only when SATCHEL_MEASURE is set.
func TestPatientsSpeed(t *testing.T) {
	t.Parallel()
	if os.Getenv("SATCHEL_MEASURE") == "" {
		t.Skip("SATCHEL_MEASURE is not set")
	}
	p := open(t, func(s *settings) { s.Still = true })
	var all []string
	for i := range 10_000 {
		all = append(all, fmt.Sprintf(`{"resourceType":"Patient","id":"m%d","name":[{"family":"%c%cmer%d","given":["Ann%c"]}],"birthDate":"19%02d-%02d-%02d","identifier":[{"value":"N%d"}]}`,
			i, 'a'+rune(i%26), 'a'+rune(i/26%26), i%100, 'a'+rune(i%7), i%100, 1+i%12, 1+i%28, i))
	}
	p.put(all...)
	v := p.as("fred")
	for _, path := range []string{"/patients", "/patients?all=1", "/patients?q=a", "/patients?q=annb+zamer", "/patients?q=nobody+of+this+long+name", "/patients?q=3%2F14%2F1980", "/patients?q=miller+1980",
		"/patients?q=an+3%2F14%2F1980", "/patients?q=" + demo.PatientID(5), "/patients?q=N777", "/patients/" + demo.PatientID(5), "/copies"} {
		best := time.Hour
		for range 5 {
			began := time.Now()
			v.want(v.get(path), 200)
			best = min(best, time.Since(began))
		}
		t.Logf("%s: %s", path, best.Round(100*time.Microsecond))
		if best > 200*time.Millisecond {
			t.Errorf("%s: answered after %s; 200 ms are promised", path, best)
		}
	}
}
