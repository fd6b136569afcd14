// Package auth answers two questions: who is this, and what may they do.
//
// An account holds authorities: Smile CDR's roles and permissions, each with an optional argument. [Decide] is the one
// place where they are weighed; what it does not allow is denied.
package auth

import (
	"context"
	"time"

	"satchel/storage"
)

// Service checks credentials against the store.
type Service struct {
	Store *storage.Store
	Now   func() time.Time // nil: time.Now
}

// SignIn answers the account for a name and a password. A wrong name, a wrong password, a locked and a disabled account
// are the same fhir.Error login and take the same time. A bounded number of hashes run at once.
func (s *Service) SignIn(ctx context.Context, name, password string) (storage.Account, error) {
	panic("todo")
}

// HashPassword makes an argon2id PHC string. A password that is too short, too long or a well-known one is a fhir.Error value.
func HashPassword(password string) (string, error) { panic("todo") }

// CheckAuthority refuses an authority that does not exist, lacks a needed argument or has one of a wrong form.
func CheckAuthority(a storage.Authority) error { panic("todo") }

// Permission is a role or permission name that an account can hold.
type Permission struct {
	Name     string
	Role     bool
	Argument string // "" takes none, "Patient/[id]" etc.: the form of the argument
	Optional bool   // the argument may be left out
	Text     string // one plain sentence: what it allows
}

// Permissions lists every authority that accounts can hold, in the order of the documentation.
func Permissions() []Permission { panic("todo") }
