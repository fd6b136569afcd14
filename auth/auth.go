// Package auth answers two questions: who is this, and what may they do.
//
// Nouns:
//
//   - An account is a local user; storage keeps it. Its name is written in one way only, see [Name].
//   - An authority is one role or permission that an account holds, Smile CDR's names, with its argument if it takes one.
//   - A role is a bundle of permissions.
//   - A client is a program that gets tokens for assertions that it signs, or for a secret; its scopes narrow what its authorities allow.
//   - A session is a person's sign-in, with a second factor where that is wanted.
//   - A [Principal] is who asks: an account or a client with its scopes.
//   - A verb is what somebody wants to do; an [Action] is a verb with all that matters about it.
//   - A need is one thing that an action requires: a list of authorities of which any one is enough. [Decide] allows an
//     action if all its needs are met, and denies everything else.
//
// How credentials travel (headers, cookies) is web's.
package auth

import (
	"context"
	"errors"
	"strings"
	"time"

	"satchel/fhir"
	"satchel/storage"
)

// Service checks credentials against the store. Its zero value with a Store is ready to use.
type Service struct {
	Store *storage.Store
	Now   func() time.Time // nil: time.Now

	SessionIdle    time.Duration // after which an unused session ends; 0: DefaultSessionIdle
	SessionMax     time.Duration // after which any session ends; 0: DefaultSessionMax
	TwoFactorRoles []string      // whose holders need a second factor for a session; nil: those of the function TwoFactorRoles
	PasswordAge    time.Duration // after which a person must change the password; 0: never

	known cache
	tries tries
}

// errLogin is the one answer to a wrong name, a wrong password, a locked and a disabled account: it gives no hint which.
var errLogin = fhir.Errorf(fhir.CodeLogin, "the name or the password is wrong, or the account is locked")

// SignIn is [Service.SignInFrom] for an unknown address.
func (s *Service) SignIn(ctx context.Context, name, password string) (storage.Account, error) {
	return s.SignInFrom(ctx, "", name, password)
}

// SignInFrom returns the account for a name and a password that came from an address. A wrong name, a wrong password, a
// locked and a disabled account are the same fhir.Error login and take the same time. A bounded number of hashes run at
// once; above that, and after too many wrong passwords, the answer is a fhir.Error throttled.
//
// The account is read from the store every time, so a lock, a new password and changed authorities hold at once; only
// the costly hash of a password that was right a moment ago is spared.
func (s *Service) SignInFrom(ctx context.Context, address, name, password string) (storage.Account, error) {
	now := s.now()
	name, nameErr := Name(strings.TrimSpace(name))
	give, err := s.tries.take(ctx, keyOf(kindPair, name, address))
	if err != nil {
		return storage.Account{}, err
	}
	defer give()
	g, err := s.newGuess(ctx, name, address, now)
	if err != nil {
		return storage.Account{}, err
	}
	if err := g.allowed(ctx); err != nil {
		return storage.Account{}, err
	}
	if nameErr != nil {
		err = refuse(ctx, password)
		if failed := g.counted(ctx, err); failed != nil {
			return storage.Account{}, failed
		}
		return storage.Account{}, err
	}
	a, err := s.check(ctx, name, password, now)
	if err == nil {
		g.name = a.Name
		g.right(ctx)
	}
	if failed := g.counted(ctx, err); failed != nil {
		return storage.Account{}, failed
	}
	return a, err
}

// check is SignIn for a name of legal form that has tries left.
func (s *Service) check(ctx context.Context, name, password string, now time.Time) (storage.Account, error) {
	a, err := s.Store.Account(ctx, name)
	if e := (*fhir.Error)(nil); errors.As(err, &e) && e.Code == fhir.CodeNotFound {
		return storage.Account{}, refuse(ctx, password)
	} else if err != nil {
		return storage.Account{}, err
	}
	barred := a.Locked || a.Disabled
	if !barred && s.known.has(a, password, now) {
		return a, nil
	}
	right, stale, err := verify(ctx, a.Password, password)
	if err != nil {
		return storage.Account{}, err
	}
	if !right || barred {
		return storage.Account{}, errLogin
	}
	return s.signedIn(ctx, a, password, stale, now)
}

// signedIn notes the time, makes a new hash if the old one is weaker than today's, and remembers that the password is right.
func (s *Service) signedIn(ctx context.Context, a storage.Account, password string, stale bool, now time.Time) (storage.Account, error) {
	verified := a.Password
	if stale {
		if h, err := hash(ctx, password); err == nil {
			a.Password = h
		}
	}
	// Best effort: a full disk must not keep the administrator out who comes to make room.
	err := s.Store.NoteSignIn(ctx, a.Name, now, verified, a.Password)
	if err != nil {
		a.Password = verified
	}
	a.LastLogin, a.LastActive = now, now
	s.known.add(a, password, now)
	return a, nil
}

// refuse spends the time of a real check and returns errLogin, so that nobody can tell a name that does not exist.
func refuse(ctx context.Context, password string) error {
	if _, _, err := verify(ctx, dummyHash(), password); err != nil {
		return err
	}
	return errLogin
}

func (s *Service) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}
