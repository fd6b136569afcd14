package storage

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"satchel/audit"
	"satchel/fhir"
	"satchel/internal/audittest"
)

// wantSealed wants that a secret is not opened, and that the error says what to do.
func wantSealed(t *testing.T, s *Store, what, name string, sealed []byte) {
	t.Helper()
	_, err := s.Unseal(name, sealed)
	if e, ok := errors.AsType[*fhir.Error](err); !ok || e.Code != fhir.CodeException || !strings.Contains(err.Error(), "reset-two-factor") {
		t.Errorf("%s: %v", what, err)
	}
}

// A sealed secret opens for its account and with its key alone; the database by itself does not hold it.
func TestSeal(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "satchel.db")
	s := openFile(t, path, Options{})
	secret := []byte("a secret of 20 bytes")
	sealed, err := s.Seal("Anna", secret)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.AddAccount(t.Context(), audittest.Event(audit.AccountCreate), Account{Name: "Anna"}); err != nil {
		t.Fatal(err)
	}
	if err := s.UpdateAccount(t.Context(), audittest.Event(audit.AccountChange), "anna", func(a *Account, _ []Account) error { a.TOTP = sealed; return nil }); err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(filepath.Dir(path), AccountKeyFile)
	if info, err := os.Stat(key); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Fatal(info, err)
	}
	if got, err := s.Unseal("anna", sealed); err != nil || !bytes.Equal(got, secret) {
		t.Errorf("%q %v", got, err)
	}
	again, err := s.Seal("Anna", secret)
	if err != nil || bytes.Equal(again, sealed) {
		t.Error("sealed alike twice", err)
	}
	wantSealed(t, s, "another account", "ben", sealed)
	for i := range sealed {
		damaged := bytes.Clone(sealed)
		damaged[i] ^= 1
		wantSealed(t, s, "damaged", "anna", damaged)
	}
	wantSealed(t, s, "cut", "anna", sealed[:13])
	wantSealed(t, s, "empty", "anna", nil)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if all, err := io.ReadAll(f); err != nil || bytes.Contains(all, secret) || !bytes.Contains(all, sealed) {
		t.Error("the database holds the secret, or not what was sealed", err)
	}
}

// Without its key, or with another one, a sealed secret stays closed; half a key is not taken.
func TestSealNeedsItsKey(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "satchel.db")
	s, secret := openFile(t, path, Options{}), []byte("a secret of 20 bytes")
	sealed, err := s.Seal("Anna", secret)
	if err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(filepath.Dir(path), AccountKeyFile)
	if err := os.Rename(key, key+".away"); err != nil {
		t.Fatal(err)
	}
	wantSealed(t, s, "no key", "anna", sealed)
	if _, err := s.Seal("ben", secret); err != nil { // makes another one
		t.Fatal(err)
	}
	wantSealed(t, s, "another key", "anna", sealed)
	if err := os.WriteFile(key, []byte("abc\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Seal("ben", secret); err == nil || !strings.Contains(err.Error(), AccountKeyFile) {
		t.Errorf("half a key was taken: %v", err)
	}
}

// A secret from before secrets were sealed is good still, and is sealed without ending anything.
func TestSealSecret(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	secret := []byte("a secret of 20 bytes")
	if err := s.AddAccount(t.Context(), audittest.Event(audit.AccountCreate), Account{Name: "anna"}); err != nil {
		t.Fatal(err)
	}
	if err := s.UpdateAccount(t.Context(), audittest.Event(audit.AccountChange), "anna", func(a *Account, _ []Account) error {
		a.TOTP, a.RecoveryCodes = secret, [][32]byte{{1}, {2}}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.SealSecret(t.Context(), "anna", secret); err != nil {
			t.Fatal(err)
		}
	}
	a, err := s.Account(t.Context(), "anna")
	if err != nil || bytes.Contains(a.TOTP, secret) {
		t.Fatalf("%x %v", a.TOTP, err)
	}
	if got, err := s.Unseal("anna", a.TOTP); err != nil || !bytes.Equal(got, secret) {
		t.Errorf("%q %v", got, err)
	}
	if n, err := s.RecoveryCodes(t.Context(), "anna"); err != nil || n != 2 {
		t.Error(n, err)
	}
}

// The key of page links is made once, stays, and is made anew if what is there is none. Its owner alone reads it.
func TestCursorKey(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "satchel.db")
	s := openFile(t, path, Options{})
	key := func(s *Store) []byte {
		t.Helper()
		key, err := s.CursorKey()
		if err != nil || len(key) != keyBytes || bytes.Equal(key, make([]byte, keyBytes)) {
			t.Fatalf("%x %v", key, err)
		}
		return key
	}
	first := key(s)
	file := filepath.Join(filepath.Dir(path), CursorKeyFile)
	if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Fatal(info, err)
	}
	if again := key(openFile(t, path, Options{})); !bytes.Equal(again, first) {
		t.Error("another key after the database was opened again")
	}
	for _, text := range []string{"", "abc\n", "00\n", "zz"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if renewed := key(s); bytes.Equal(renewed, first) || !bytes.Equal(renewed, key(s)) {
			t.Errorf("%q: %x", text, renewed)
		}
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(file, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CursorKey(); err == nil || !strings.Contains(err.Error(), CursorKeyFile) {
		t.Errorf("a folder is no key: %v", err)
	}
}
