package storage

import (
	"context"
	"fmt"
	"strings"
	"time"

	"satchel/fhir"
)

// Account is one local user.
type Account struct {
	Name            string
	GivenName       string
	FamilyName      string
	Password        string // argon2id PHC string; never leaves the server
	PasswordChanged time.Time
	Locked          bool
	Disabled        bool
	Created         time.Time
	LastLogin       time.Time
	Authorities     []Authority
}

// Authority is one role or permission with its argument, Smile CDR's names.
type Authority struct {
	Permission string `json:"permission"`
	Argument   string `json:"argument,omitempty"` // "Patient/123", "Group/a"; "" for none
}

// AddAccount stores a new account; a name that is taken (names do not differ by case alone) is a fhir.Error duplicate.
// Created and PasswordChanged are now if they are zero.
func (s *Store) AddAccount(ctx context.Context, a Account) error {
	return s.Write(ctx, func(tx *Tx) error {
		if a.Created.IsZero() {
			a.Created = tx.Time
		}
		if a.PasswordChanged.IsZero() {
			a.PasswordChanged = tx.Time
		}
		n, err := tx.change(`INSERT INTO account (name, given_name, family_name, password, password_changed, locked, disabled, created, last_login)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`, a.Name, a.GivenName, a.FamilyName, a.Password,
			millis(a.PasswordChanged), a.Locked, a.Disabled, millis(a.Created), millis(a.LastLogin))
		if err != nil {
			return fmt.Errorf("add account: %w", err)
		}
		if n == 0 {
			return fhir.Errorf(fhir.CodeDuplicate, "there is an account %q already; choose another name", a.Name)
		}
		return tx.setAuthorities(a)
	})
}

// UpdateAccount reads the account, lets f change it and stores it, in one transaction; not-found if there is none.
// f may refuse by an error. others are all other accounts, for rules such as "one administrator must stay".
// The name and the time of creation stay as they are.
func (s *Store) UpdateAccount(ctx context.Context, name string, f func(a *Account, others []Account) error) error {
	return s.Write(ctx, func(tx *Tx) error {
		a, others, err := tx.account(name)
		if err != nil {
			return err
		}
		kept := a.Name
		if err := f(&a, others); err != nil {
			return err
		}
		a.Name = kept
		err = tx.exec(`UPDATE account SET given_name = ?, family_name = ?, password = ?, password_changed = ?, locked = ?, disabled = ?,
			last_login = ? WHERE name = ?`, a.GivenName, a.FamilyName, a.Password, millis(a.PasswordChanged), a.Locked, a.Disabled,
			millis(a.LastLogin), a.Name)
		if err != nil {
			return fmt.Errorf("update account: %w", err)
		}
		return tx.setAuthorities(a)
	})
}

// TouchLogin notes when the account last logged in. It is no error if the account is gone.
func (s *Store) TouchLogin(ctx context.Context, name string, t time.Time) error {
	return s.Write(ctx, func(tx *Tx) error {
		return tx.exec(`UPDATE account SET last_login = ? WHERE name = ?`, millis(t), name)
	})
}

// RemoveAccount deletes the account unless allow refuses; a nil allow never does.
func (s *Store) RemoveAccount(ctx context.Context, name string, allow func(a Account, others []Account) error) error {
	return s.Write(ctx, func(tx *Tx) error {
		a, others, err := tx.account(name)
		if err != nil {
			return err
		}
		if allow != nil {
			if err := allow(a, others); err != nil {
				return err
			}
		}
		return tx.exec(`DELETE FROM account WHERE name = ?`, a.Name)
	})
}

// Account is one account with its authorities; not-found otherwise.
func (s *Store) Account(ctx context.Context, name string) (Account, error) {
	found, err := accounts(ctx, s.reads, `WHERE name = ?`, name)
	if err != nil {
		return Account{}, err
	}
	if len(found) == 0 {
		return Account{}, noAccount(name)
	}
	return found[0], nil
}

// Accounts lists all accounts by name.
func (s *Store) Accounts(ctx context.Context) ([]Account, error) {
	return accounts(ctx, s.reads, ``)
}

// account is one account, and all others.
func (tx *Tx) account(name string) (Account, []Account, error) {
	all, err := accounts(context.Background(), tx, ``)
	if err != nil {
		return Account{}, nil, err
	}
	var found *Account
	var others []Account
	for i := range all {
		if strings.EqualFold(all[i].Name, name) {
			found = &all[i]
		} else {
			others = append(others, all[i])
		}
	}
	if found == nil {
		return Account{}, nil, noAccount(name)
	}
	return *found, others, nil
}

func noAccount(name string) error {
	return fhir.Errorf(fhir.CodeNotFound, "there is no account %q", name)
}

// setAuthorities replaces the authorities of an account.
func (tx *Tx) setAuthorities(a Account) error {
	if err := tx.exec(`DELETE FROM authority WHERE account = ?`, a.Name); err != nil {
		return fmt.Errorf("authorities: %w", err)
	}
	for _, x := range a.Authorities {
		err := tx.exec(`INSERT INTO authority (account, permission, argument) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, a.Name, x.Permission, x.Argument)
		if err != nil {
			return fmt.Errorf("authorities: %w", err)
		}
	}
	return nil
}

// accounts reads the accounts that meet the condition, by name, each with its authorities in order.
func accounts(ctx context.Context, q querier, where string, args ...any) ([]Account, error) {
	rows, err := query(ctx, q, `SELECT name, given_name, family_name, password, password_changed, locked, disabled, created,
		coalesce(last_login, 0), coalesce(permission, ''), coalesce(argument, '')
		FROM account LEFT JOIN authority ON account = name `+where+` ORDER BY name COLLATE NOCASE, permission, argument`, args...)
	if err != nil {
		return nil, fmt.Errorf("read accounts: %w", err)
	}
	defer rows.Close()
	var all []Account
	for rows.Next() {
		var a Account
		var x Authority
		var changed, created, login int64
		err := rows.Scan(&a.Name, &a.GivenName, &a.FamilyName, &a.Password, &changed, &a.Locked, &a.Disabled, &created, &login, &x.Permission, &x.Argument)
		if err != nil {
			return nil, fmt.Errorf("read accounts: %w", err)
		}
		a.PasswordChanged, a.Created, a.LastLogin = instant(changed), instant(created), instant(login)
		if len(all) == 0 || all[len(all)-1].Name != a.Name {
			all = append(all, a)
		}
		if x.Permission != "" {
			last := &all[len(all)-1]
			last.Authorities = append(last.Authorities, x)
		}
	}
	return all, rows.Err()
}
