package web

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"satchel/fhir"
)

// A caller may poll in bursts and five times a second for ever; a loop without a pause is told to wait, and may go on
// when it has waited. Callers and jobs do not share.
func TestPollsAreCounted(t *testing.T) {
	t.Parallel()
	var p polls
	now := time.Now()
	for i := range 1000 {
		if !p.Allow("ann", "steady", now.Add(time.Duration(i)*200*time.Millisecond)) {
			t.Fatalf("poll %d at five a second is refused", i)
		}
	}
	allowed := 0
	for range 1000 {
		if p.Allow("ann", "loop", now) {
			allowed++
		}
	}
	if allowed != pollBurst {
		t.Errorf("%d polls at once", allowed)
	}
	if !p.Allow("bob", "loop", now) || !p.Allow("ann", "other", now) {
		t.Error("another caller, or another job, is refused")
	}
	if !p.Allow("ann", "loop", now.Add(time.Second)) {
		t.Error("refused after a second")
	}
	for i := range 3 * pollsKnown {
		p.Allow("ann", fmt.Sprint(i), now.Add(time.Duration(i)*time.Millisecond))
	}
	if len(p.last) > pollsKnown {
		t.Errorf("%d counts are kept", len(p.last))
	}
}

// A failure to look at a job is not told as a failure of the job.
func TestHiccup(t *testing.T) {
	t.Parallel()
	p := ProblemOf(LookFailed(errors.New("disk I/O error")))
	if p.Status != http.StatusServiceUnavailable || p.Issues[0].Code != fhir.CodeTransient || p.Header["Retry-After"] == "" || p.Error() != "disk I/O error" {
		t.Errorf("%+v", p)
	}
	if p := ProblemOf(LookFailed(fhir.Errorf(fhir.CodeNotFound, "no"))); p.Status != http.StatusNotFound {
		t.Errorf("%+v", p)
	}
}
