package storage

import (
	"context"
	"time"
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
func (s *Store) AddAccount(ctx context.Context, a Account) error { panic("todo") }

// UpdateAccount reads the account, lets f change it and stores it, in one transaction; not-found if there is none.
// f may refuse by an error. others are all other accounts, for rules such as "one administrator must stay".
func (s *Store) UpdateAccount(ctx context.Context, name string, f func(a *Account, others []Account) error) error {
	panic("todo")
}

// RemoveAccount deletes the account unless allow refuses.
func (s *Store) RemoveAccount(ctx context.Context, name string, allow func(a Account, others []Account) error) error {
	panic("todo")
}

// Account is one account with its authorities; not-found otherwise.
func (s *Store) Account(ctx context.Context, name string) (Account, error) { panic("todo") }

// Accounts lists all accounts by name.
func (s *Store) Accounts(ctx context.Context) ([]Account, error) { panic("todo") }
