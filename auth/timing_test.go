package auth_test

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"satchel/audit"
	"satchel/auth"
	"satchel/fhir"
	"satchel/internal/audittest"
	"satchel/storage"
)

// refusals are sign-ins that are all refused alike: what they do must not tell which is which.
var refusals = map[string]string{"known": "anna", "unknown": "nobody", "illegal": "no\u202ebody", "locked": "ben", "disabled": "carl"}

// timed is a Service with those accounts, on which no try has to wait.
func timed(t *testing.T) *auth.Service {
	s := service(t, "anna")
	a, err := s.Store.Account(t.Context(), "anna")
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []storage.Account{{Name: "ben", Locked: true}, {Name: "carl", Disabled: true}} {
		other.Password = a.Password
		if err := s.Store.AddAccount(t.Context(), audittest.Event(audit.AccountCreate), other); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	s.Now = func() time.Time { now = now.Add(25 * time.Hour); return now }
	return s
}

// try signs in and returns how long it took, and how many bytes were allocated meanwhile: one hash takes 19 MiB.
func try(t *testing.T, s *auth.Service, name, password string, want fhir.Code) (took time.Duration, bytes uint64) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	begin := time.Now()
	_, err := s.SignInFrom(t.Context(), "10.0.0.1", name, password)
	took = time.Since(begin)
	runtime.ReadMemStats(&after)
	if code(err) != want {
		t.Fatalf("%q: %v", name, err)
	}
	return took, after.TotalAlloc - before.TotalAlloc
}

// oneHash is how many bytes a hash takes.
const oneHash = 19456 << 10

// Every refusal computes one hash of the same cost, whatever is wrong: a busy machine does not change that.
func TestEveryRefusalHashesOnce(t *testing.T) {
	s := timed(t)
	for name := range refusals {
		for _, password := range []string{"wrong", right} {
			if name == "known" && password == right {
				continue
			}
			if _, bytes := try(t, s, refusals[name], password, fhir.CodeLogin); bytes < oneHash || bytes > oneHash+oneHash/4 {
				t.Errorf("%s with %q: %d bytes, and a hash takes %d", name, password, bytes, oneHash)
			}
		}
	}
	try(t, s, "anna", right, "")
}

// The times of refusals cannot be told apart: a rank test over samples that were taken in turns, so that whatever else the
// machine does hits all alike. It does see a sign-in that needs no hash. Times depend on what else the machine does, so it runs
// only when SATCHEL_MEASURE is set; TestEveryRefusalHashesOnce holds the same by counting.
func TestUnknownNameTakesAsLong(t *testing.T) {
	if os.Getenv("SATCHEL_MEASURE") == "" {
		t.Skip("SATCHEL_MEASURE is not set")
	}
	s := timed(t)
	const rounds = 20
	const unlikely = 3.9 // standard deviations: one in ten thousand, and it must be so three times
	var told map[string]float64
	for range 3 {
		samples := map[string][]time.Duration{}
		for range rounds {
			for what, name := range refusals { // in another order each time
				took, _ := try(t, s, name, "wrong", fhir.CodeLogin)
				samples[what] = append(samples[what], took)
			}
		}
		told = map[string]float64{}
		for what := range refusals {
			if z := ranks(samples[what], samples["known"]); math.Abs(z) > unlikely {
				told[what] = z
			}
		}
		if len(told) == 0 {
			break
		}
	}
	if len(told) > 0 {
		t.Errorf("refusals that differ from a wrong password, in standard deviations: %v", told)
	}
	s.Now = nil
	var quick, slow []time.Duration
	for i := range rounds {
		took, _ := try(t, s, "anna", right, "") // remembered after the first
		quick = append(quick, took)
		s.Now = func() time.Time { return time.Now().Add(48 * time.Hour) }
		took, _ = try(t, s, fmt.Sprint("nobody", i), "wrong", fhir.CodeLogin) // a name against which nothing is counted yet
		slow = append(slow, took)
		s.Now = nil
	}
	if z := ranks(quick, slow); z > -unlikely {
		t.Errorf("the test does not see a sign-in without a hash: %.1f", z)
	}
}

// ranks is the Mann-Whitney test: by how many standard deviations the ranks of a lie below those of b (negative) or above.
func ranks(a, b []time.Duration) float64 {
	type sample struct {
		took time.Duration
		ofA  bool
	}
	var all []sample
	for _, d := range a {
		all = append(all, sample{d, true})
	}
	for _, d := range b {
		all = append(all, sample{d, false})
	}
	slices.SortFunc(all, func(x, y sample) int { return cmp.Compare(x.took, y.took) })
	sum := 0.0
	for i, s := range all {
		if s.ofA {
			sum += float64(i + 1)
		}
	}
	n, m := float64(len(a)), float64(len(b))
	return (sum - n*(n+m+1)/2) / math.Sqrt(n*m*(n+m+1)/12)
}
