package storage

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"satchel/fhir"
)

// AccountKeyFile lies beside the database, for its owner alone, and holds the key that seals the secrets of second factors:
// who gets the database without it has none of them. It is made when the first secret is sealed.
const AccountKeyFile = "account_key"

const (
	sealMark    = 1  // the first byte of what is sealed
	plainSecret = 20 // bytes of a secret that was stored before secrets were sealed
)

// Seal encrypts a secret of an account by AES-256-GCM. It can be opened for that account alone.
func (s *Store) Seal(account string, secret []byte) ([]byte, error) {
	box, err := s.box(true)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, box.NonceSize())
	rand.Read(nonce) // never fails (crypto/rand)
	return box.Seal(append([]byte{sealMark}, nonce...), nonce, secret, sealFor(account)), nil
}

// Unseal is the secret that Seal was given. A key that is gone or another one is a fhir.Error exception that says what
// to do.
func (s *Store) Unseal(account string, sealed []byte) ([]byte, error) {
	if len(sealed) == plainSecret {
		return sealed, nil
	}
	box, err := s.box(false)
	if err != nil {
		return nil, err
	}
	if n := 1 + box.NonceSize(); len(sealed) > n && sealed[0] == sealMark {
		if secret, err := box.Open(nil, sealed[1:n], sealed[n:], sealFor(account)); err == nil {
			return secret, nil
		}
	}
	return nil, noSecret(fmt.Sprintf("it was not sealed for account %q with the key in %s", account, AccountKeyFile))
}

// SealSecret seals the secret of an account that was stored before secrets were sealed. Its sessions and codes stay.
func (s *Store) SealSecret(ctx context.Context, account string, secret []byte) error {
	if len(secret) != plainSecret {
		return nil
	}
	sealed, err := s.Seal(account, secret)
	if err != nil {
		return err
	}
	_, err = s.change(ctx, nil, `UPDATE account SET totp = ? WHERE name = ? AND totp = ?`, sealed, account, secret)
	return err
}

// sealFor binds what is sealed to its account.
func sealFor(account string) []byte {
	return []byte("satchel second factor\n" + strings.ToLower(account))
}

// noSecret is the error for a secret that cannot be opened.
func noSecret(why string) error {
	return fhir.Errorf(fhir.CodeException, "the second factor cannot be checked: %s; restore that file from a backup, sign in with a recovery code, "+
		"or have it set up anew: satchel user reset-two-factor NAME", why)
}

// box is the cipher with the key; makeKey: if there is no key, one is made.
func (s *Store) box(makeKey bool) (cipher.AEAD, error) {
	path := filepath.Join(filepath.Dir(s.path), AccountKeyFile)
	key, err := readKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		if !makeKey {
			return nil, noSecret(AccountKeyFile + " is missing in the data directory")
		}
		key, err = newKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("key of second factors: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
