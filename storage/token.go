package storage

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"satchel/fhir"
)

// Token is one access token of a client. The store knows its hash only.
type Token struct {
	SHA256  [sha256.Size]byte
	Client  string
	Scopes  string // granted, separated by spaces
	Created time.Time
	Expires time.Time
}

// jtiGrace is how much longer than needed a used assertion id is kept: should the wall clock be set back, an assertion
// that was too old already becomes valid again and must still be known.
const jtiGrace = time.Hour

// AddToken stores a token, sets its Created, and notes that its client was used. A client that does not exist (any
// more) or is disabled is a fhir.Error not-found.
func (s *Store) AddToken(ctx context.Context, t Token) error {
	err := s.write(ctx, func(tx *Tx) error {
		n, err := tx.change(`UPDATE client SET last_used = ? WHERE name = ? AND NOT disabled`, millis(tx.Time), t.Client)
		if err != nil {
			return err
		}
		if n == 0 {
			return noClient(t.Client)
		}
		return tx.exec(`INSERT INTO token (sha256, client, scopes, created, expires) VALUES (?, ?, ?, ?, ?)`,
			t.SHA256[:], t.Client, t.Scopes, millis(tx.Time), millis(t.Expires))
	})
	return wrapClient("add token of", t.Client, err)
}

// Token is the token with the hash, also if it has expired; not-found if there is none.
func (s *Store) Token(ctx context.Context, hash [sha256.Size]byte) (Token, error) {
	t := Token{SHA256: hash}
	var created, expires int64
	err := scan(ctx, s.reads, `SELECT client, scopes, created, expires FROM token WHERE sha256 = ?`, []any{hash[:]},
		&t.Client, &t.Scopes, &created, &expires)
	if errors.Is(err, sql.ErrNoRows) {
		return Token{}, fhir.Errorf(fhir.CodeNotFound, "there is no such token; it may have expired or been revoked")
	} else if err != nil {
		return Token{}, fmt.Errorf("read token: %w", err)
	}
	t.Created, t.Expires = instant(created), instant(expires)
	return t, nil
}

// UseJTI notes that the client used the assertion id, which until then makes a replay known. It answers true for
// exactly one caller, in this and any other process and across restarts; false to all others.
func (s *Store) UseJTI(ctx context.Context, client, jti string, until time.Time) (fresh bool, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		n, err := tx.change(`INSERT INTO jti (client, jti, until) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, client, jti, millis(until))
		fresh = n == 1
		return err
	})
	if err != nil { // not committed
		return false, wrapClient("note assertion of", client, err)
	}
	return fresh, nil
}

// SweepTokens deletes expired tokens, and assertion ids that no check needs any more. It answers how many tokens.
func (s *Store) SweepTokens(ctx context.Context, now time.Time) (tokens int64, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		if tokens, err = tx.change(`DELETE FROM token WHERE expires <= ?`, millis(now)); err != nil {
			return err
		}
		return tx.exec(`DELETE FROM jti WHERE until < ?`, millis(now.Add(-jtiGrace)))
	})
	if err != nil {
		return 0, fmt.Errorf("sweep tokens: %w", err)
	}
	return tokens, nil
}
