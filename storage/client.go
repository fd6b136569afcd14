package storage

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"satchel/audit"
	"satchel/fhir"
)

// Client is one backend client: a program that gets tokens by SMART Backend Services. It has KeySet or KeySetURL.
type Client struct {
	Name         string // client_id; no account has it, and names do not differ by case alone
	KeySet       string // public keys, a JSON Web Key Set
	KeySetURL    string // where the keys are published
	AllowPrivate bool   // KeySetURL may lead to an address of the local network
	Scopes       string // registered scopes, separated by spaces
	Secret       []byte // SHA-256 of the client secret; nil: has none
	RedirectURI  string // where people are led who sent a form for the client; "": nowhere
	Disabled     bool
	Created      time.Time
	LastUsed     time.Time // when it last got a token; zero: never
	Authorities  []Authority
}

// AddClient stores a new client with the event, in one transaction, and sets Created. A name that a client or an account has is a fhir.Error duplicate.
func (s *Store) AddClient(ctx context.Context, e audit.Event, c Client) error {
	err := s.write(ctx, func(tx *Tx) error {
		var holder string
		err := tx.scan(`SELECT 'client' FROM client WHERE name = ?1 UNION ALL SELECT 'account' FROM account WHERE name = ?1`,
			[]any{c.Name}, &holder)
		if err == nil {
			return fhir.Errorf(fhir.CodeDuplicate, "the name %q is taken by another %s; choose another name", c.Name, holder)
		} else if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		err = tx.exec(`INSERT INTO client (name, jwks, jwks_url, allow_private, scopes, secret, redirect_uri, disabled, created)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			c.Name, c.KeySet, c.KeySetURL, c.AllowPrivate, c.Scopes, c.Secret, c.RedirectURI, c.Disabled, millis(tx.Time))
		if err != nil {
			return err
		}
		if err := tx.putClientAuthorities(c); err != nil {
			return err
		}
		e.Target = cmp.Or(e.Target, c.Name)
		tx.granted(c.Name, nil, c.Authorities)
		return tx.record(e)
	})
	return wrapClient("add", c.Name, err)
}

// UpdateClient reads the client, lets f change it and stores it with the event, in one transaction; not-found if there is
// none. The event is given words for what has changed, and one more says what was granted or taken away.
// f may refuse by an error. Name, Created and LastUsed stay as they are. All tokens of the client are revoked, so that
// nothing it was granted before outlives the change.
func (s *Store) UpdateClient(ctx context.Context, e audit.Event, name string, f func(c *Client) error) error {
	err := s.write(ctx, func(tx *Tx) error {
		c, err := client(ctx, tx, name)
		if err != nil {
			return err
		}
		name, before, held := c.Name, c, slices.Clone(c.Authorities)
		if err := f(&c); err != nil {
			return err
		}
		c.Name = name
		err = tx.exec(`UPDATE client SET jwks = ?, jwks_url = ?, allow_private = ?, scopes = ?, secret = ?, redirect_uri = ?, disabled = ? WHERE name = ?`,
			c.KeySet, c.KeySetURL, c.AllowPrivate, c.Scopes, c.Secret, c.RedirectURI, c.Disabled, name)
		if err != nil {
			return err
		}
		tx.granted(name, held, c.Authorities)
		tx.alteredClient(before, c)
		if err := tx.exec(`DELETE FROM client_authority WHERE client = ?`, name); err != nil {
			return err
		}
		if err := tx.putClientAuthorities(c); err != nil {
			return err
		}
		if err := tx.exec(`DELETE FROM token WHERE client = ?`, name); err != nil {
			return err
		}
		e.Target = cmp.Or(e.Target, name)
		return tx.record(e)
	})
	return wrapClient("update", name, err)
}

// RemoveClient deletes the client with its tokens, which are void at once, and its jobs, and stores the event; not-found if there is none. allow
// may refuse by an error; nil allows.
func (s *Store) RemoveClient(ctx context.Context, e audit.Event, name string, allow func(c Client) error) error {
	err := s.write(ctx, func(tx *Tx) error {
		if allow != nil {
			c, err := client(ctx, tx, name)
			if err != nil {
				return err
			}
			if err := allow(c); err != nil {
				return err
			}
		}
		if err := tx.dropJobs(name); err != nil { // or the next client of the name would inherit them
			return err
		}
		n, err := tx.change(`DELETE FROM client WHERE name = ?`, name) // the rest goes by reference
		if err == nil && n == 0 {
			err = noClient(name)
		}
		if err != nil {
			return err
		}
		e.Target = cmp.Or(e.Target, name)
		return tx.record(e)
	})
	return wrapClient("remove", name, err)
}

// Client is one client with its authorities; not-found otherwise.
func (s *Store) Client(ctx context.Context, name string) (Client, error) {
	c, err := client(ctx, s.reads, name)
	return c, wrapClient("read", name, err)
}

// Clients lists all clients by name.
func (s *Store) Clients(ctx context.Context) ([]Client, error) {
	rows, err := query(ctx, s.reads, `SELECT name FROM client ORDER BY name`)
	names, err := collect(rows, err, oneColumn[string])
	if err != nil {
		return nil, wrap("list clients", err)
	}
	var all []Client
	for _, name := range names {
		c, err := client(ctx, s.reads, name)
		if isNotFound(err) { // removed in between
			continue
		} else if err != nil {
			return nil, wrap("list clients", err)
		}
		all = append(all, c)
	}
	return all, nil
}

func client(ctx context.Context, q querier, name string) (Client, error) {
	var c Client
	var created, used int64
	err := scan(ctx, q, `SELECT name, jwks, jwks_url, allow_private, scopes, secret, redirect_uri, disabled, created, last_used
		FROM client WHERE name = ?`, []any{name},
		&c.Name, &c.KeySet, &c.KeySetURL, &c.AllowPrivate, &c.Scopes, &c.Secret, &c.RedirectURI, &c.Disabled, &created, &used)
	if errors.Is(err, sql.ErrNoRows) {
		return Client{}, noClient(name)
	} else if err != nil {
		return Client{}, err
	}
	c.Created, c.LastUsed = instant(created), instant(used)
	rows, err := query(ctx, q, `SELECT permission, argument FROM client_authority WHERE client = ? ORDER BY permission, argument`, name)
	c.Authorities, err = collect(rows, err, func(scan row) (a Authority, err error) {
		err = scan(&a.Permission, &a.Argument)
		return a, err
	})
	return c, err
}

func (tx *Tx) putClientAuthorities(c Client) error {
	for _, a := range c.Authorities {
		err := tx.exec(`INSERT INTO client_authority VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, c.Name, a.Permission, a.Argument)
		if err != nil {
			return err
		}
	}
	return nil
}

func noClient(name string) error {
	return fhir.Errorf(fhir.CodeNotFound, "there is no client %.80q; satchel client list shows all", name)
}

func isNotFound(err error) bool {
	e, ok := errors.AsType[*fhir.Error](err)
	return ok && e.Code == fhir.CodeNotFound
}

// wrapClient says what was being done, but leaves alone what the caller may see.
func wrapClient(doing, name string, err error) error {
	return wrap(fmt.Sprintf("%s client %q", doing, name), err)
}
