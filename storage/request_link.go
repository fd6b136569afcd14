package storage

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"time"

	"satchel/fhir"
)

// DeliveryLink lets somebody without an account load one file.
type DeliveryLink struct {
	ID         string // names the link to staff; opens nothing
	Request    string
	Token      [sha256.Size]byte // hash of the token
	Passphrase string            // hash
	Who        string            // account that made it
	Created    time.Time
	Expires    time.Time
	Revoked    time.Time // zero: not
	Wrong      int       // wrong tries
	Tries      int       // so many wrong tries lock it
	Downloads  int
	Most       int // downloads allowed
	Job        string
	File       string // name in the job
	Form       string // age or html
	SHA256     []byte // of the file
	Bytes      int64
}

const linkColumns = `id, request, token, passphrase, who, created, expires, revoked, wrong, tries, downloads, most, job, file, form, sha256, bytes`

func linkOf(scan row) (DeliveryLink, error) {
	var l DeliveryLink
	var token []byte
	var created, expires, revoked int64
	err := scan(&l.ID, &l.Request, &token, &l.Passphrase, &l.Who, &created, &expires, &revoked, &l.Wrong, &l.Tries, &l.Downloads, &l.Most,
		&l.Job, &l.File, &l.Form, &l.SHA256, &l.Bytes)
	if err == nil && len(token) == len(l.Token) {
		l.Token = [sha256.Size]byte(token)
	}
	l.Created, l.Expires, l.Revoked = instant(created), instant(expires), instant(revoked)
	return l, err
}

// AddLink stores a new link in the transaction that makes it. It sets ID and Created.
func (tx *Tx) AddLink(l *DeliveryLink) error {
	l.ID, l.Created = newID(), tx.Time
	return tx.exec(`INSERT INTO delivery_link (`+linkColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, l.ID, l.Request, l.Token[:], l.Passphrase,
		l.Who, millis(l.Created), millis(l.Expires), millis(l.Revoked), l.Wrong, l.Tries, l.Downloads, l.Most, l.Job, l.File, l.Form, l.SHA256, l.Bytes)
}

// RevokeLink ends a link of the request for good; not-found if the request has no such link. Links that have ended stay as they are.
func (tx *Tx) RevokeLink(request, id string) error {
	n, err := tx.change(`UPDATE delivery_link SET revoked = CASE WHEN revoked = 0 THEN ? ELSE revoked END WHERE id = ? AND request = ?`, millis(tx.Time), id, request)
	if err == nil && n == 0 {
		err = noLink()
	}
	return err
}

// RevokeLinks ends all links of the request.
func (tx *Tx) RevokeLinks(request string) error {
	return tx.exec(`UPDATE delivery_link SET revoked = ? WHERE request = ? AND revoked = 0`, millis(tx.Time), request)
}

// RevokeLinksTo ends all links of the request to files of a form.
func (tx *Tx) RevokeLinksTo(request, form string) error {
	return tx.exec(`UPDATE delivery_link SET revoked = ? WHERE request = ? AND form = ? AND revoked = 0`, millis(tx.Time), request, form)
}

// UseLink counts a download and gives back the try that [Store.TakeTry] took for it. False: the link has ended meanwhile,
// or was loaded as often as is allowed.
func (tx *Tx) UseLink(id string) (bool, error) {
	n, err := tx.change(`UPDATE delivery_link SET downloads = downloads + 1, wrong = CASE WHEN wrong > 0 THEN wrong - 1 ELSE 0 END
		WHERE id = ? AND revoked = 0 AND expires > ? AND downloads < most`, id, millis(tx.Time))
	return n == 1, err
}

// TakeTry counts a try of the link's passphrase as a wrong one, before it is known whether it is. So tries that run
// at once, and a crash between, are counted. False: none is left, or the link has ended; then nothing is counted. Not-found if
// no link has the hash.
func (s *Store) TakeTry(ctx context.Context, token [sha256.Size]byte) (l DeliveryLink, taken bool, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		n, err := tx.change(`UPDATE delivery_link SET wrong = wrong + 1 WHERE token = ? AND revoked = 0 AND expires > ? AND wrong < tries AND downloads < most`,
			token[:], millis(tx.Time))
		if err != nil {
			return err
		}
		taken = n == 1
		l, err = linkBy(ctx, tx, token)
		return err
	})
	return l, taken && err == nil, wrap("try the link of request", err)
}

// ReturnTry gives back a try that could not be checked.
func (s *Store) ReturnTry(ctx context.Context, id string) error {
	return wrap("give back a try of request", s.write(ctx, func(tx *Tx) error {
		return tx.exec(`UPDATE delivery_link SET wrong = CASE WHEN wrong > 0 THEN wrong - 1 ELSE 0 END WHERE id = ?`, id)
	}))
}

// DeliveryLink is the link with the hash of a token, also if it has ended; not-found otherwise.
func (s *Store) DeliveryLink(ctx context.Context, token [sha256.Size]byte) (DeliveryLink, error) {
	l, err := linkBy(ctx, s.reads, token)
	return l, wrap("read the link of request", err)
}

func linkBy(ctx context.Context, q querier, token [sha256.Size]byte) (DeliveryLink, error) {
	l, err := linkOf(func(dest ...any) error {
		return scan(ctx, q, `SELECT `+linkColumns+` FROM delivery_link WHERE token = ?`, []any{token[:]}, dest...)
	})
	if errors.Is(err, sql.ErrNoRows) {
		err = noLink()
	}
	return l, err
}

func noLink() error {
	return fhir.Errorf(fhir.CodeNotFound, "there is no such link; check that the address is whole, or ask the practice for a new one")
}

// DeliveryLinks lists the links of a request, oldest first.
func (s *Store) DeliveryLinks(ctx context.Context, request string) ([]DeliveryLink, error) {
	rows, err := query(ctx, s.reads, `SELECT `+linkColumns+` FROM delivery_link WHERE request = ? ORDER BY created, id`, request)
	all, err := collect(rows, err, linkOf)
	return all, wrap("read the links of a request", err)
}
