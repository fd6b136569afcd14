package auth_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"satchel/audit"
	"satchel/auth"
	"satchel/fhir"
	"satchel/internal/audittest"
	"satchel/storage"
)

// The count survives a restart, holds for every spelling, refuses the right password at that address, and is cleared by
// an administrator.
func TestTriesSurviveRestart(t *testing.T) {
	s := service(t, "anna")
	now := time.Now()
	clock := func() time.Time { return now }
	s.Now = clock
	for i, name := range []string{"anna", "ANNA", " anna", "Anna ", "ａnna"} {
		if _, err := s.SignInFrom(t.Context(), "10.0.0.1", name, "wrong"); code(err) != fhir.CodeLogin {
			t.Fatal(i, err)
		}
	}
	s = &auth.Service{Store: s.Store, Now: clock}
	if _, err := s.SignInFrom(t.Context(), "::ffff:10.0.0.1", "anna", right); code(err) != fhir.CodeThrottled {
		t.Errorf("right password after a restart: %v", err)
	}
	if _, err := s.SignInFrom(t.Context(), "10.0.0.2", "anna", right); err != nil {
		t.Errorf("another address: %v", err)
	}
	unlock := func(a *storage.Account, _ []storage.Account) error { auth.Unlock(a); return nil }
	if err := s.Store.UpdateAccount(t.Context(), audittest.Event(audit.AccountChange), "Anna", unlock); err != nil {
		t.Fatal(err)
	}
	if _, err := s.SignInFrom(t.Context(), "10.0.0.1", "anna", right); err != nil {
		t.Errorf("unlocked: %v", err)
	}
}

// Guesses from many places slow each other down, not the address from which the account signed in before.
func TestForeignGuessesDoNotLockOut(t *testing.T) {
	s := service(t, "anna")
	now := time.Now()
	s.Now = func() time.Time { return now }
	if _, err := s.SignInFrom(t.Context(), "192.0.2.1", "anna", right); err != nil {
		t.Fatal(err)
	}
	looked := 0
	for i := range 60 {
		_, err := s.SignInFrom(t.Context(), fmt.Sprintf("203.0.113.%d", i), "anna", "wrong")
		if code(err) == fhir.CodeLogin {
			looked++
		}
	}
	if looked != 10 {
		t.Errorf("%d guesses looked at without a pause", looked)
	}
	if _, err := s.SignInFrom(t.Context(), "203.0.113.200", "anna", right); code(err) != fhir.CodeThrottled {
		t.Errorf("an unknown address does not wait: %v", err)
	}
	if _, err := s.SignInFrom(t.Context(), "192.0.2.1", "anna", right); err != nil {
		t.Errorf("the known address is locked out: %v", err)
	}
	now = now.Add(time.Minute)
	if _, err := s.SignInFrom(t.Context(), "203.0.113.200", "anna", right); err != nil {
		t.Errorf("an unknown address waits for more than a minute: %v", err)
	}
	// of those that waited together, one goes
	now = now.Add(time.Minute)
	var wait sync.WaitGroup
	var together atomic.Int32
	for i := range 16 {
		wait.Go(func() {
			if _, err := s.SignInFrom(t.Context(), fmt.Sprintf("192.0.2.%d", 100+i), "anna", "wrong"); code(err) == fhir.CodeLogin {
				together.Add(1)
			}
		})
	}
	wait.Wait()
	if together.Load() != 1 {
		t.Errorf("%d guesses went together", together.Load())
	}
	// the delay grows, and lets one guess through at a time
	now = now.Add(time.Minute)
	looked = 0
	for i := range 40 {
		now = now.Add(5 * time.Second)
		for j := range 2 {
			if _, err := s.SignInFrom(t.Context(), fmt.Sprintf("198.51.100.%d", 2*i+j), "anna", "wrong"); code(err) == fhir.CodeLogin {
				looked++
			}
		}
	}
	if looked < 3 || looked > 9 { // 1, 2, 4, … 60 s in 200 s
		t.Errorf("%d guesses in 200 s", looked)
	}
}

// One address that tries many names is slowed down; a network of IPv6 is one address.
func TestAddressIsSlowedDown(t *testing.T) {
	s := service(t, "anna")
	now := time.Now()
	s.Now = func() time.Time { return now }
	looked := 0
	for i := range 40 {
		if _, err := s.SignInFrom(t.Context(), fmt.Sprintf("2001:db8::%x", i+1), fmt.Sprintf("name%d", i), "wrong"); code(err) == fhir.CodeLogin {
			looked++
		}
	}
	if looked != 30 {
		t.Errorf("%d names tried without a pause", looked)
	}
	if _, err := s.SignInFrom(t.Context(), "2001:db8:0:1::1", "anna", right); err != nil {
		t.Errorf("the network next to it: %v", err)
	}
}

// A right code forgets the wrong ones before it.
func TestRightCodeForgetsWrongOnes(t *testing.T) {
	s := service(t, "anna")
	now := time.Now()
	s.Now = func() time.Time { return now }
	secret := []byte("12345678901234567890")
	change(t, s, "anna", func(a *storage.Account) { a.TOTP = secret })
	for round := range 3 {
		for range 3 {
			if _, _, err := s.OpenSession(t.Context(), "10.0.0.1", "anna", right, "wrong"); code(err) != fhir.CodeLogin {
				t.Fatalf("round %d: %v", round, err)
			}
		}
		if _, _, err := s.OpenSession(t.Context(), "10.0.0.1", "anna", right, auth.TOTP(secret, now.Unix()/30)); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		now = now.Add(time.Minute) // a code is good once
	}
}

// A thousand guesses of a code are nearly all refused unseen, whatever the address; after a pause the right one is good.
func TestCodeGuesses(t *testing.T) {
	s := service(t, "anna")
	now := time.Now()
	s.Now = func() time.Time { return now }
	secret := []byte("12345678901234567890")
	change(t, s, "anna", func(a *storage.Account) { a.TOTP = secret })
	seen := 0
	for i := range 1000 {
		guess := fmt.Sprintf("%06d", i)
		if guess == auth.TOTP(secret, now.Unix()/30) {
			continue
		}
		_, _, err := s.OpenSession(t.Context(), "10.0.0.1", "anna", right, guess)
		if code(err) == fhir.CodeLogin {
			seen++
		} else if code(err) != fhir.CodeThrottled {
			t.Fatal(err)
		}
	}
	if seen != 4 {
		t.Errorf("%d codes looked at", seen)
	}
	if _, _, err := s.OpenSession(t.Context(), "10.0.0.1", "anna", right, auth.TOTP(secret, now.Unix()/30)); code(err) != fhir.CodeThrottled {
		t.Errorf("right code: %v", err)
	}
	now = now.Add(time.Hour)
	if _, n, err := s.OpenSession(t.Context(), "10.0.0.1", "anna", right, auth.TOTP(secret, now.Unix()/30)); err != nil || n.Factors != 2 {
		t.Errorf("after a pause: %v", err)
	}
}

// The test vectors of RFC 6238, appendix B, in their last six digits.
func TestTOTPVectors(t *testing.T) {
	secret := []byte("12345678901234567890")
	for at, want := range map[int64]string{59: "94287082", 1111111109: "07081804", 1111111111: "14050471", 1234567890: "89005924",
		2000000000: "69279037", 20000000000: "65353130"} {
		if got := auth.TOTP(secret, at/30); got != want[2:] {
			t.Errorf("%d: %s, want %s", at, got, want[2:])
		}
	}
}

// Idle and absolute ends, by the clock.
func TestSessionEnds(t *testing.T) {
	s := service(t, "anna")
	now := time.Now()
	s.Now = func() time.Time { return now }
	token, _, err := s.OpenSession(t.Context(), "", "anna", right, "")
	if err != nil {
		t.Fatal(err)
	}
	for begin := now; now.Sub(begin) < 12*time.Hour; now = now.Add(13 * time.Minute) {
		n, err := s.Session(t.Context(), token)
		if err != nil {
			t.Fatalf("after %v: %v", now.Sub(begin), err)
		}
		if n.Idle.After(n.Ends) {
			t.Errorf("after %v: it ends unused at %v, and at the latest at %v", now.Sub(begin), n.Idle, n.Ends)
		}
	}
	if _, err := s.Session(t.Context(), token); code(err) != fhir.CodeLogin {
		t.Errorf("after twelve hours: %v", err)
	}
	token, _, err = s.OpenSession(t.Context(), "", "anna", right, "")
	if err != nil {
		t.Fatal(err)
	}
	now = now.Add(15 * time.Minute)
	if _, err := s.Session(t.Context(), token); code(err) != fhir.CodeLogin {
		t.Errorf("unused: %v", err)
	}
	if strings.Contains(token, "=") || len(token) != 43 {
		t.Errorf("token %q", token)
	}
}

func TestNeedsSecondFactor(t *testing.T) {
	s := &auth.Service{}
	for text, want := range map[string]bool{"": false, "FHIR_ALL_READ": false, "ROLE_SUPERUSER": true, "ROLE_FHIR_CLIENT": false,
		"ROLE_FHIR_CLIENT_SUPERUSER_RO": true, "FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT": true,
		"FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT:Patient/1": false, "FHIR_OP_INITIATE_BULK_DATA_EXPORT_GROUP:Group/1": true, "CREATE_USER": true} {
		a := storage.Account{}
		if permission, argument, _ := strings.Cut(text, ":"); text != "" {
			a.Authorities = []storage.Authority{{Permission: permission, Argument: argument}}
		}
		if s.NeedsSecondFactor(a) != want {
			t.Errorf("%q: %v", text, !want)
		}
		a.Service = true
		if s.NeedsSecondFactor(a) {
			t.Errorf("%q as a service", text)
		}
	}
}
