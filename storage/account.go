package storage

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"satchel/audit"
	"satchel/fhir"
)

// Account is one local user.
type Account struct {
	Name            string
	PID             int64 // a number that no other account has or had; given when it is stored
	GivenName       string
	FamilyName      string
	Password        string // argon2id PHC string; never leaves the server
	PasswordChanged time.Time
	MustChange      bool   // may do nothing but give itself a new password
	Locked          bool   // barred for now
	Disabled        bool   // no longer in use
	Service         bool   // a program: it has no sessions
	TOTP            []byte // secret of the second factor, sealed (see Seal); nil: there is none. Never leaves the server
	TOTPNext        []byte // a secret that was shown and not yet proven
	TOTPStep        int64  // the last time step whose code was used; changed by UseStep alone
	Created         time.Time
	LastLogin       time.Time // zero: never
	LastActive      time.Time // to a minute or so; zero: never
	Authorities     []Authority

	// What a write of the account does besides; never filled when an account is read.
	RecoveryCodes [][sha256.Size]byte // hashes that take the place of the account's recovery codes; nil: those stay
	ForgetTries   TriesOf             // counts of wrong tries that are set to none
}

// Authority is one role or permission with its argument, Smile CDR's names.
type Authority struct {
	Permission string `json:"permission"`
	Argument   string `json:"argument,omitempty"` // "Patient/123", "Group/a"; "" for none
}

// AddAccount stores a new account with the event, in one transaction; a name that is taken (names do not differ by case alone) is a fhir.Error duplicate.
// Created and PasswordChanged are now if they are zero. Jobs that somebody of that name left are cancelled: they are not
// for whoever has the name now. The event's target becomes the name if it has none, and one more event says what the
// account was granted.
func (s *Store) AddAccount(ctx context.Context, e audit.Event, a Account) error {
	return s.write(ctx, func(tx *Tx) error { return tx.addAccount(e, a) })
}

// AddFirstAccount is AddAccount for a store without any; a fhir.Error conflict if there is one.
func (s *Store) AddFirstAccount(ctx context.Context, e audit.Event, a Account) error {
	return s.write(ctx, func(tx *Tx) error {
		if all, err := accounts(ctx, tx, ``); err != nil {
			return err
		} else if len(all) > 0 {
			return fhir.Errorf(fhir.CodeConflict, "there is an account already; nothing was changed")
		}
		return tx.addAccount(e, a)
	})
}

// NoAccounts reports whether there is no account at all.
func (s *Store) NoAccounts(ctx context.Context) (bool, error) {
	var none bool
	err := scan(ctx, s.reads, `SELECT NOT EXISTS (SELECT 1 FROM account)`, nil, &none)
	if err != nil {
		return false, fmt.Errorf("look for accounts: %w", err)
	}
	return none, nil
}

// addAccount is [Store.AddAccount] in a transaction.
func (tx *Tx) addAccount(e audit.Event, a Account) error {
	if a.Created.IsZero() {
		a.Created = tx.Time
	}
	if a.PasswordChanged.IsZero() {
		a.PasswordChanged = tx.Time
	}
	if err := tx.scan(`UPDATE clock SET account_pid = account_pid + 1 RETURNING account_pid`, nil, &a.PID); err != nil {
		return fmt.Errorf("add account: %w", err)
	}
	n, err := tx.change(`INSERT INTO account (name, pid, given_name, family_name, password, password_changed, must_change, locked, disabled,
		service, created, last_login, last_active) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING`,
		a.Name, a.PID, a.GivenName, a.FamilyName, a.Password, millis(a.PasswordChanged), a.MustChange, a.Locked, a.Disabled,
		a.Service, millis(a.Created), millis(a.LastLogin), millis(a.LastActive))
	if err != nil {
		return fmt.Errorf("add account: %w", err)
	}
	if n == 0 {
		return fhir.Errorf(fhir.CodeDuplicate, "there is an account %q already; choose another name", a.Name)
	}
	if err := tx.dropJobs(a.Name); err != nil {
		return err
	}
	if err := tx.setAuthorities(a); err != nil {
		return err
	}
	if err := tx.forgetTriesOf(a.ForgetTries); err != nil {
		return err
	}
	e.Target = cmp.Or(e.Target, a.Name)
	tx.granted(a.Name, nil, a.Authorities)
	return tx.record(e)
}

// UpdateAccount reads the account, lets f change it and stores it with the event, in one transaction; not-found if there is
// none. The event is given words for what has changed, and one more says what was granted or taken away.
// f may refuse by an error. others are all other accounts, for rules such as "one administrator must stay".
// The name, the time of creation and the last time step stay as they are. All sessions of the account end if it is barred
// or if its password, its second factor or its authorities change. Recovery codes go with the second factor.
func (s *Store) UpdateAccount(ctx context.Context, e audit.Event, name string, f func(a *Account, others []Account) error) error {
	return s.write(ctx, func(tx *Tx) error {
		a, others, err := tx.account(name)
		if err != nil {
			return err
		}
		before := a
		before.Authorities = slices.Clone(a.Authorities)
		if err := f(&a, others); err != nil {
			return err
		}
		a.Name = before.Name
		err = tx.exec(`UPDATE account SET given_name = ?, family_name = ?, password = ?, password_changed = ?, must_change = ?, locked = ?,
			disabled = ?, service = ?, totp = ?, totp_next = ?, last_login = ?, last_active = ? WHERE name = ?`,
			a.GivenName, a.FamilyName, a.Password, millis(a.PasswordChanged), a.MustChange, a.Locked, a.Disabled, a.Service, a.TOTP, a.TOTPNext,
			millis(a.LastLogin), millis(a.LastActive), a.Name)
		if err != nil {
			return fmt.Errorf("update account: %w", err)
		}
		if err := tx.setAuthorities(a); err != nil {
			return err
		}
		tx.granted(a.Name, before.Authorities, a.Authorities)
		tx.altered(before, a)
		if err := tx.endAfter(before, a); err != nil {
			return err
		}
		if err := tx.changeSecrets(a); err != nil {
			return err
		}
		e.Target = cmp.Or(e.Target, a.Name)
		return tx.record(e)
	})
}

// changeSecrets does what an update of an account does besides.
func (tx *Tx) changeSecrets(a Account) error {
	if a.RecoveryCodes != nil {
		if err := tx.setRecoveryCodes(a.Name, a.RecoveryCodes); err != nil {
			return err
		}
	}
	return tx.forgetTriesOf(a.ForgetTries)
}

// endAfter ends what must not outlive a change of the account.
func (tx *Tx) endAfter(before, after Account) error {
	if !bytes.Equal(before.TOTP, after.TOTP) {
		if err := tx.exec(`DELETE FROM recovery_code WHERE account = ?`, after.Name); err != nil {
			return fmt.Errorf("end recovery codes: %w", err)
		}
	}
	if !after.Locked && !after.Disabled && before.Service == after.Service && before.Password == after.Password &&
		bytes.Equal(before.TOTP, after.TOTP) && sameAuthorities(before.Authorities, after.Authorities) {
		return nil
	}
	return tx.dropSessions(after.Name)
}

// sameAuthorities compares without regard to order.
func sameAuthorities(a, b []Authority) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(x Authority) bool { return !slices.Contains(b, x) })
}

// NoteSignIn notes that the account signed in at a time, and puts a new hash of the very same password in the place of
// the old one, unless the password was changed meanwhile. No session ends. It is no error if the account is gone.
func (s *Store) NoteSignIn(ctx context.Context, name string, t time.Time, old, renewed string) error {
	return s.write(ctx, func(tx *Tx) error {
		return tx.exec(`UPDATE account SET last_login = ?1, last_active = `+greater("last_active", "?1")+`,
			password = CASE WHEN password = ?2 THEN ?3 ELSE password END
			WHERE name = ?4`, millis(t), old, renewed, name)
	})
}

// TouchLogin notes when the account last logged in. It is no error if the account is gone.
func (s *Store) TouchLogin(ctx context.Context, name string, t time.Time) error {
	return s.write(ctx, func(tx *Tx) error {
		return tx.exec(`UPDATE account SET last_login = ? WHERE name = ?`, millis(t), name)
	})
}

// TouchActive notes when the account last did something. It is no error if the account is gone.
func (s *Store) TouchActive(ctx context.Context, name string, t time.Time) error {
	return s.write(ctx, func(tx *Tx) error {
		return tx.exec(`UPDATE account SET last_active = `+greater("last_active", "?")+` WHERE name = ?`, millis(t), name)
	})
}

// RemoveAccount deletes the account, with the event, unless allow refuses; a nil allow never does. Its sessions end, and its jobs are
// cancelled, unless a request waits for them: a later account of that name must not find them. Their files go when the engine next looks after its folder.
func (s *Store) RemoveAccount(ctx context.Context, e audit.Event, name string, allow func(a Account, others []Account) error) error {
	return s.write(ctx, func(tx *Tx) error {
		a, others, err := tx.account(name)
		if err != nil {
			return err
		}
		if allow != nil {
			if err := allow(a, others); err != nil {
				return err
			}
		}
		if err := tx.dropJobs(a.Name); err != nil {
			return err
		}
		if err := tx.exec(`DELETE FROM account WHERE name = ?`, a.Name); err != nil { // the rest goes by reference
			return err
		}
		e.Target = cmp.Or(e.Target, a.Name)
		return tx.record(e)
	})
}

// dropJobs cancels all jobs of an account, and forgets what it waits for. A package that was made for a request stays, as
// nobody's job: it is the practice's answer, and who works on requests still hands it out.
func (tx *Tx) dropJobs(account string) error {
	err := tx.exec(`UPDATE job SET account = '' WHERE `+named("account")+` AND id IN (SELECT job FROM request WHERE job <> '')`, account)
	if err != nil {
		return fmt.Errorf("keep the packages of requests: %w", err)
	}
	if err := tx.exec(`DELETE FROM job WHERE `+named("account"), account); err != nil {
		return fmt.Errorf("cancel jobs: %w", err)
	}
	return tx.dropEHIExports(account)
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
	rows, err := query(ctx, q, `SELECT name, pid, given_name, family_name, password, password_changed, must_change, locked, disabled, service,
		totp, totp_next, totp_step, created, coalesce(last_login, 0), last_active, coalesce(permission, ''), coalesce(argument, '')
		FROM account LEFT JOIN authority ON account = name `+where+` ORDER BY `+byName("name")+`, permission, argument`, args...)
	var all []Account
	err = eachRow(rows, err, func(scan row) error {
		var a Account
		var x Authority
		var changed, created, login, active int64
		err := scan(&a.Name, &a.PID, &a.GivenName, &a.FamilyName, &a.Password, &changed, &a.MustChange, &a.Locked, &a.Disabled, &a.Service,
			&a.TOTP, &a.TOTPNext, &a.TOTPStep, &created, &login, &active, &x.Permission, &x.Argument)
		if err != nil {
			return err
		}
		a.PasswordChanged, a.Created, a.LastLogin, a.LastActive = instant(changed), instant(created), instant(login), instant(active)
		if len(all) == 0 || all[len(all)-1].Name != a.Name {
			all = append(all, a)
		}
		if x.Permission != "" {
			last := &all[len(all)-1]
			last.Authorities = append(last.Authorities, x)
		}
		return nil
	})
	return all, wrap("read accounts", err)
}
