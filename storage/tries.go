package storage

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// TryKey names one count of wrong passwords or codes.
type TryKey struct {
	Kind string // what the key stands for
	Key  [sha256.Size]byte
}

// TryPrefix is how many bytes at the begin of a key stand for the name of an account, if its kind has one.
const TryPrefix = sha256.Size / 2

// Count is how many wrong tries there were, and when the last one was. The zero value is none.
type Count struct {
	Wrong int
	Last  time.Time
}

// Tries answers the counts of the keys, in their order.
func (s *Store) Tries(ctx context.Context, keys ...TryKey) ([]Count, error) {
	counts := make([]Count, len(keys))
	for i, k := range keys {
		var last int64
		err := scan(ctx, s.reads, `SELECT wrong, last FROM try WHERE kind = ? AND key = ?`, []any{k.Kind, k.Key[:]}, &counts[i].Wrong, &last)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return nil, fmt.Errorf("read tries: %w", err)
		}
		counts[i].Last = instant(last)
	}
	return counts, nil
}

// AddTries counts one more wrong try under each key. A count whose last try was not after its time in fresh begins anew;
// counts of all kinds that are older than oldest are forgotten.
func (s *Store) AddTries(ctx context.Context, now, oldest time.Time, fresh map[TryKey]time.Time) error {
	err := s.write(ctx, func(tx *Tx) error {
		if err := tx.exec(`DELETE FROM try WHERE last < ?`, millis(oldest)); err != nil {
			return err
		}
		for k, since := range fresh {
			err := tx.exec(`INSERT INTO try (kind, key, wrong, last) VALUES (?1, ?2, 1, ?3)
				ON CONFLICT DO UPDATE SET wrong = CASE WHEN last <= ?4 THEN 1 ELSE wrong + 1 END, last = `+greater("last", "?3"), k.Kind, k.Key[:], millis(now), millis(since))
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("count tries: %w", err)
	}
	return nil
}

// TakeTurn moves the last try of a count to now if it still is as the caller saw it. It answers true for exactly one of
// those who saw the same, in all processes together: so that a delay lets one try through and not all that waited.
func (s *Store) TakeTurn(ctx context.Context, k TryKey, seen Count, now time.Time) (taken bool, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		n, err := tx.change(`UPDATE try SET last = ? WHERE kind = ? AND key = ? AND wrong = ? AND last = ?`,
			millis(now), k.Kind, k.Key[:], seen.Wrong, millis(seen.Last))
		taken = n == 1
		return err
	})
	if err != nil {
		return false, fmt.Errorf("take a turn: %w", err)
	}
	return taken, nil
}

// ForgetTries sets counts to none.
func (s *Store) ForgetTries(ctx context.Context, keys ...TryKey) error {
	err := s.write(ctx, func(tx *Tx) error {
		for _, k := range keys {
			if err := tx.exec(`DELETE FROM try WHERE kind = ? AND key = ?`, k.Kind, k.Key[:]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("forget tries: %w", err)
	}
	return nil
}

// TriesOf are the counts of some kinds whose keys begin with that of a name. The zero value is none.
type TriesOf struct {
	Name  [TryPrefix]byte
	Kinds []string
}

// forgetTriesOf sets counts to none.
func (tx *Tx) forgetTriesOf(t TriesOf) error {
	for _, kind := range t.Kinds {
		if err := tx.exec(`DELETE FROM try WHERE kind = ? AND substr(key, 1, ?) = ?`, kind, TryPrefix, t.Name[:]); err != nil {
			return fmt.Errorf("forget tries: %w", err)
		}
	}
	return nil
}

// KnownAddress is when the account last signed in from the address that the key stands for; zero: never.
func (s *Store) KnownAddress(ctx context.Context, account string, key [sha256.Size]byte) (time.Time, error) {
	var last int64
	err := scan(ctx, s.reads, `SELECT last FROM known_address WHERE account = ? AND key = ?`, []any{account, key[:]}, &last)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, fmt.Errorf("read known address: %w", err)
	}
	return instant(last), nil
}

// knownMost is how many addresses an account is known at.
const knownMost = 50

// KnowAddress notes that the account signed in from the address; those not used since oldest are forgotten. It is no
// error if the account is gone.
func (s *Store) KnowAddress(ctx context.Context, account string, key [sha256.Size]byte, now, oldest time.Time) error {
	err := s.write(ctx, func(tx *Tx) error {
		err := tx.exec(`INSERT INTO known_address (account, key, last) SELECT name, ?2, ?3 FROM account WHERE name = ?1
			ON CONFLICT DO UPDATE SET last = ?3`, account, key[:], millis(now))
		if err != nil {
			return err
		}
		return tx.exec(`DELETE FROM known_address WHERE account = ?1 AND (last < ?2 OR key NOT IN
			(SELECT key FROM known_address WHERE account = ?1 ORDER BY last DESC LIMIT ?3))`, account, millis(oldest), knownMost)
	})
	if err != nil {
		return fmt.Errorf("note known address: %w", err)
	}
	return nil
}
