package auth

import (
	"encoding/base64"
	"strings"
	"testing"

	"golang.org/x/crypto/argon2"

	"satchel/storage"
)

// WeakKey is the key of a password under parameters that were good enough once, for tests from outside.
func WeakKey(password string) string {
	return base64.RawStdEncoding.EncodeToString(argon2.IDKey([]byte(password), []byte("somesaltsomesalt"), 1, 64, 1, 32))
}

// Every stored hash that is out of bounds is refused before anything is computed from it.
func TestParsePHC(t *testing.T) {
	good, err := hash(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	if p, err := parsePHC(good); err != nil || p.String() != good || p.weaker() {
		t.Fatalf("%q: %v", good, err)
	}
	for _, change := range [][2]string{
		{"$argon2id", "$argon2i"}, {"v=19", "v=16"}, {"m=19456", "m=99999999"}, {"m=19456", "m=0"}, {"m=19456", "m=-1"}, {"m=19456", "n=19456"},
		{"t=2", "t=1000"}, {"t=2", "t="}, {"p=1", "p=255"}, {",p=1", ""}, {"p=1$", "p=1$="}, {"p=1$", "p=1"}, {"$argon2id", "argon2id"}, {good[len(good)-30:], ""},
	} {
		bad := strings.Replace(good, change[0], change[1], 1)
		if _, err := parsePHC(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
		if _, _, err := verify(t.Context(), bad, "x"); err == nil {
			t.Errorf("%q was verified", bad)
		}
	}
	for _, bad := range []string{"", "$", "$$$$$", "$2a$10$abc", "plain"} {
		if _, err := parsePHC(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// The same characters in another normal form are the same password.
func TestHashNormalises(t *testing.T) {
	h, err := hash(t.Context(), "Ja\u0308ger")
	if err != nil {
		t.Fatal(err)
	}
	if ok, _, err := verify(t.Context(), h, "J\u00e4ger"); !ok || err != nil {
		t.Error(ok, err)
	}
}

// The list of common passwords holds nothing that another rule refuses anyway.
func TestCommonList(t *testing.T) {
	n := 0
	for p := range common() {
		if p != strings.ToLower(p) || len(p) < passwordMin {
			t.Errorf("%q can never match", p)
		}
		n++
	}
	if n < 100 {
		t.Errorf("only %d passwords were read", n)
	}
}

// Needs is what an action requires, as questions about accounts, for tests from outside.
func Needs(do Action) []func(storage.Account) bool {
	needs, _ := needsOf(do)
	var all []func(storage.Account) bool
	for _, n := range needs {
		all = append(all, func(a storage.Account) bool { return holdings(a).meet(n) })
	}
	return all
}
