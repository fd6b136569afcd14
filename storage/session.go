package storage

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"satchel/audit"
	"satchel/fhir"
)

// Session is one sign-in of a person with a browser. The store knows the hash of its token only.
type Session struct {
	SHA256  [sha256.Size]byte
	Account string
	Factors int // 1: password; 2: password and code
	Created time.Time
	Seen    time.Time // last used, as far as it was noted
}

// AddSession stores a session, and forgets those that were made before oldest or not seen since idle. An account that does
// not exist (any more), is barred, or no longer has that hash of a password is a fhir.Error not-found.
func (s *Store) AddSession(ctx context.Context, n Session, password string, oldest, idle time.Time) error {
	err := s.write(ctx, func(tx *Tx) error {
		if err := tx.exec(`DELETE FROM session WHERE created < ? OR seen < ?`, millis(oldest), millis(idle)); err != nil {
			return err
		}
		added, err := tx.change(`INSERT INTO session (sha256, account, factors, created, seen)
			SELECT ?, name, ?, ?, ? FROM account WHERE name = ? AND password = ? AND NOT locked AND NOT disabled AND NOT service`,
			n.SHA256[:], n.Factors, millis(n.Created), millis(n.Seen), n.Account, password)
		if err == nil && added == 0 {
			err = noAccount(n.Account)
		}
		return err
	})
	return wrap("add session", err)
}

// Session is the session with the hash, however old; not-found if there is none.
func (s *Store) Session(ctx context.Context, hash [sha256.Size]byte) (Session, error) {
	n := Session{SHA256: hash}
	var created, seen int64
	err := scan(ctx, s.reads, `SELECT account, factors, created, seen FROM session WHERE sha256 = ?`, []any{hash[:]},
		&n.Account, &n.Factors, &created, &seen)
	if errors.Is(err, sql.ErrNoRows) {
		err = fhir.Errorf(fhir.CodeNotFound, "there is no such session; sign in again")
	}
	n.Created, n.Seen = instant(created), instant(seen)
	return n, wrap("read session", err)
}

// SeeSession notes that a session and its account were active. It is no error if the session is gone.
func (s *Store) SeeSession(ctx context.Context, n Session, now time.Time) error {
	return wrap("note session", s.write(ctx, func(tx *Tx) error {
		if err := tx.exec(`UPDATE session SET seen = `+greater("seen", "?")+` WHERE sha256 = ?`, millis(now), n.SHA256[:]); err != nil {
			return err
		}
		return tx.exec(`UPDATE account SET last_active = `+greater("last_active", "?")+` WHERE name = ?`, millis(now), n.Account)
	}))
}

// EndSession deletes a session. It is no error if there is none.
func (s *Store) EndSession(ctx context.Context, hash [sha256.Size]byte) error {
	return wrap("end session", s.write(ctx, func(tx *Tx) error {
		return tx.exec(`DELETE FROM session WHERE sha256 = ?`, hash[:])
	}))
}

// EndSessions deletes all sessions of an account and stores the event, in one transaction. It returns how many there were.
func (s *Store) EndSessions(ctx context.Context, e audit.Event, account string) (ended int64, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		if ended, err = tx.change(`DELETE FROM session WHERE account = ?`, account); err != nil {
			return err
		}
		return tx.record(e)
	})
	return ended, wrap("end session", err)
}

// dropSessions deletes all sessions of an account.
func (tx *Tx) dropSessions(account string) error {
	return wrap("end session", tx.exec(`DELETE FROM session WHERE account = ?`, account))
}

// UseStep notes that a code of the time step was used by the account whose secret this is. It answers true once for a
// step, and never for one that is not later than the last: a code is good for one sign-in in all processes together.
func (s *Store) UseStep(ctx context.Context, account string, secret []byte, step int64) (fresh bool, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		n, err := tx.change(`UPDATE account SET totp_step = ?1 WHERE name = ?2 AND totp_step < ?1 AND (totp = ?3 OR totp_next = ?3)`,
			step, account, secret)
		fresh = n == 1
		return err
	})
	if err != nil { // not committed
		return false, fmt.Errorf("note the code of %q: %w", account, err)
	}
	return fresh, nil
}

// setRecoveryCodes replaces the recovery codes of an account that has a second factor, by their hashes.
func (tx *Tx) setRecoveryCodes(account string, hashes [][sha256.Size]byte) error {
	if err := tx.exec(`DELETE FROM recovery_code WHERE account = ?`, account); err != nil {
		return fmt.Errorf("recovery codes of %q: %w", account, err)
	}
	for _, h := range hashes {
		err := tx.exec(`INSERT INTO recovery_code SELECT name, ? FROM account WHERE name = ? AND totp IS NOT NULL`, h[:], account)
		if err != nil {
			return fmt.Errorf("recovery codes of %q: %w", account, err)
		}
	}
	return nil
}

// UseRecoveryCode takes a recovery code away. It answers true for exactly one caller.
func (s *Store) UseRecoveryCode(ctx context.Context, account string, hash [sha256.Size]byte) (used bool, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		n, err := tx.change(`DELETE FROM recovery_code WHERE `+named("account")+` AND sha256 = ?`, account, hash[:])
		used = n == 1
		return err
	})
	if err != nil { // not committed
		return false, fmt.Errorf("recovery code of %q: %w", account, err)
	}
	return used, nil
}

// RecoveryCodes answers how many recovery codes an account has left.
func (s *Store) RecoveryCodes(ctx context.Context, account string) (left int, err error) {
	err = scan(ctx, s.reads, `SELECT count(*) FROM recovery_code WHERE `+named("account"), []any{account}, &left)
	return left, err
}
