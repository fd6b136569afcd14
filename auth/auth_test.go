package auth_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"satchel/audit"
	"satchel/auth"
	"satchel/fhir"
	"satchel/internal/audittest"
	"satchel/internal/testpractice"
	"satchel/storage"
)

const right = "a few words together"

// service is a Service on a real store with one account.
func service(t *testing.T, name string, authorities ...storage.Authority) *auth.Service {
	t.Helper()
	s := testpractice.Empty.Open(t)
	hash, err := auth.HashPassword(right)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	if err := s.AddAccount(t.Context(), audittest.Event(audit.AccountCreate), storage.Account{Name: name, Password: hash, PasswordChanged: now, Created: now, Authorities: authorities}); err != nil {
		t.Fatal(err)
	}
	return &auth.Service{Store: s}
}

// code is the issue code of an error, "" for none.
func code(err error) fhir.Code {
	e := (*fhir.Error)(nil)
	if errors.As(err, &e) {
		return e.Code
	}
	if err != nil {
		return "unexpected: " + fhir.Code(err.Error())
	}
	return ""
}

func change(t *testing.T, s *auth.Service, name string, f func(a *storage.Account)) {
	t.Helper()
	err := s.Store.UpdateAccount(t.Context(), audittest.Event(audit.AccountChange), name, func(a *storage.Account, _ []storage.Account) error { f(a); return nil })
	if err != nil {
		t.Fatal(err)
	}
}

func TestSignIn(t *testing.T) {
	s := service(t, "anna")
	a, err := s.SignIn(t.Context(), " ANNA ", right)
	if err != nil || a.Name != "anna" || a.LastLogin.IsZero() {
		t.Fatalf("%+v, %v", a, err)
	}
	stored, err := s.Store.Account(t.Context(), "anna")
	if err != nil || stored.LastLogin.IsZero() {
		t.Errorf("the sign-in was not noted: %+v, %v", stored, err)
	}
	var texts []string
	for _, try := range [][2]string{{"anna", "wrong"}, {"nobody", right}, {"an\u200bna", right}, {"", ""}, {"anna", strings.Repeat("x", 10_000)}} {
		_, err := s.SignIn(t.Context(), try[0], try[1])
		if code(err) != fhir.CodeLogin {
			t.Errorf("%q: %v", try[0], err)
		}
		texts = append(texts, err.Error())
	}
	for _, x := range texts {
		if x != texts[0] {
			t.Errorf("answers differ: %q and %q", x, texts[0])
		}
	}
}

// A lock, a new password and a removal hold at once, although the password was right a moment ago.
func TestSignInReadsTheAccountEachTime(t *testing.T) {
	s := service(t, "anna")
	signIn := func(password string) fhir.Code {
		_, err := s.SignIn(t.Context(), "anna", password)
		return code(err)
	}
	if got := signIn(right); got != "" {
		t.Fatal(got)
	}
	if _, bytes := try(t, s, "anna", right, ""); bytes > oneHash/2 {
		t.Errorf("a repeated sign-in takes %d bytes, as if it hashed again", bytes)
	}
	change(t, s, "anna", func(a *storage.Account) { a.Locked = true })
	if got := signIn(right); got != fhir.CodeLogin {
		t.Errorf("locked: %q", got)
	}
	change(t, s, "anna", func(a *storage.Account) { a.Locked, a.Disabled = false, true })
	if got := signIn(right); got != fhir.CodeLogin {
		t.Errorf("disabled: %q", got)
	}
	hash, err := auth.HashPassword("other words together")
	if err != nil {
		t.Fatal(err)
	}
	change(t, s, "anna", func(a *storage.Account) { a.Disabled, a.Password = false, hash })
	if got := signIn(right); got != fhir.CodeLogin {
		t.Errorf("old password: %q", got)
	}
	if got := signIn("other words together"); got != "" {
		t.Errorf("new password: %q", got)
	}
	if err := s.Store.RemoveAccount(t.Context(), audittest.Event(audit.AccountRemove), "anna", func(storage.Account, []storage.Account) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if got := signIn("other words together"); got != fhir.CodeLogin {
		t.Errorf("removed: %q", got)
	}
}

// A weaker hash from earlier days is replaced at the sign-in.
func TestSignInRehashes(t *testing.T) {
	s := service(t, "anna")
	const weak = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$" // key of right is computed below
	change(t, s, "anna", func(a *storage.Account) { a.Password = weak + auth.WeakKey(right) })
	if _, err := s.SignIn(t.Context(), "anna", right); err != nil {
		t.Fatal(err)
	}
	a, err := s.Store.Account(t.Context(), "anna")
	if err != nil || !strings.HasPrefix(a.Password, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("%q, %v", a.Password, err)
	}
	if _, err := s.SignIn(t.Context(), "anna", right); err != nil {
		t.Error(err)
	}
}

// After five wrong passwords the right one is refused too, for existing and made-up names alike, in every spelling,
// until the time is over.
func TestTooManyTries(t *testing.T) {
	s := service(t, "anna")
	now := time.Now()
	s.Now = func() time.Time { return now }
	for _, name := range []string{"anna", "nobody"} {
		spellings := []string{name, strings.ToUpper(name), " " + name, name + " ", name}
		for i, spelling := range spellings {
			if _, err := s.SignIn(t.Context(), spelling, "wrong"); code(err) != fhir.CodeLogin {
				t.Fatalf("try %d: %v", i, err)
			}
		}
		if _, err := s.SignIn(t.Context(), name, right); code(err) != fhir.CodeThrottled || !strings.Contains(err.Error(), "15 minutes") && !strings.Contains(err.Error(), "16 minutes") {
			t.Errorf("%s, sixth try: %v", name, err)
		}
	}
	now = now.Add(15 * time.Minute)
	if _, err := s.SignIn(t.Context(), "anna", right); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// Parallel guesses do not outrun the count, and parallel right passwords are not throttled.
func TestParallelSignIns(t *testing.T) {
	for _, tt := range []struct {
		password string
		login    int // returns "login", that is, passwords that were looked at
	}{{"wrong", 5}, {right, 0}} {
		s := service(t, "anna")
		var mu sync.Mutex
		got := map[fhir.Code]int{}
		var wait sync.WaitGroup
		for range 100 {
			wait.Go(func() {
				_, err := s.SignIn(t.Context(), "anna", tt.password)
				mu.Lock()
				got[code(err)]++
				mu.Unlock()
			})
		}
		wait.Wait()
		if got[fhir.CodeLogin] != tt.login || got[""]+got[fhir.CodeLogin]+got[fhir.CodeThrottled] != 100 || tt.login == 0 && got[""] != 100 {
			t.Errorf("%q: %v", tt.password, got)
		}
	}
}

// Many names at once take a bounded number of hashes at once; the rest is throttled.
func TestSignInQueue(t *testing.T) {
	s := service(t, "anna")
	var wait sync.WaitGroup
	var mu sync.Mutex
	got := map[fhir.Code]int{}
	for i := range 200 {
		wait.Go(func() {
			_, err := s.SignIn(t.Context(), "name"+strings.Repeat("x", i%60)+string(rune('a'+i/60)), "wrong")
			mu.Lock()
			got[code(err)]++
			mu.Unlock()
		})
	}
	wait.Wait()
	if got[fhir.CodeLogin] < 2 || got[fhir.CodeThrottled] == 0 || got[fhir.CodeLogin]+got[fhir.CodeThrottled] != 200 {
		t.Error(got)
	}
}

func TestCancelledSignIn(t *testing.T) {
	s := service(t, "anna")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.SignIn(ctx, "anna", right); err == nil {
		t.Error("no error")
	}
	if _, err := s.SignIn(t.Context(), "anna", right); err != nil {
		t.Error(err)
	}
}

func TestPasswordRules(t *testing.T) {
	for _, good := range []string{right, "äöü äöü äöü 1", strings.Repeat("abcdefgh", 16), "anna likes horses"} {
		if err := auth.CheckPassword("anna", good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"", "elevenchars", "password1234", "Password1234", "aaaaaaaaaaaaaaaa", "abababababababab", "anna-2026-20", "AnnaAnna1234",
		strings.Repeat("abcdefgh", 16) + "x", "tab\tin a password", "bad \xff utf-8 text", "ａdministrator"} {
		err := auth.CheckPassword("anna", bad)
		if code(err) != fhir.CodeValue {
			t.Errorf("%q: %v", bad, err)
		} else if len(bad) > 3 && strings.Contains(err.Error(), bad) {
			t.Errorf("the refusal repeats the password: %v", err)
		}
	}
	// Two that agree in their first 72 bytes are two.
	long := strings.Repeat("abcdefgh", 9)
	hash, err := auth.HashPassword(long + "x")
	if err != nil {
		t.Fatal(err)
	}
	s := service(t, "anna")
	change(t, s, "anna", func(a *storage.Account) { a.Password = hash })
	if _, err := s.SignIn(t.Context(), "anna", long+"y"); code(err) != fhir.CodeLogin {
		t.Error(err)
	}
}

func TestName(t *testing.T) {
	for in, want := range map[string]string{"anna": "anna", "a": "a", "Anna.B_c-d@example.org": "Anna.B_c-d@example.org", "Ｊörg1": "Jörg1", "é": "é"} {
		if got, err := auth.Name(in); err != nil || got != want {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
	for _, bad := range []string{"", " ", "a b", "a:b", ".a", "a-", "-rf", "a/b", "a\u200bb", "a\u202eb", "a\x00", "a\n", "\xff", strings.Repeat("a", 65), `a"b`, "a'b", "a$b"} {
		if got, err := auth.Name(bad); code(err) != fhir.CodeValue {
			t.Errorf("%q: %q, %v", bad, got, err)
		}
	}
}
