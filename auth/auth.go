// Package auth answers two questions: who is this, and what may they do.
//
// Nouns:
//
//   - An account is a local user; storage keeps it. Its name is written in one way only, see [Name].
//   - An authority is one role or permission that an account holds, Smile CDR's names, with its argument if it takes one.
//   - A role is a bundle of permissions.
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

	known cache
	tries tries
}

// errLogin is the one answer to a wrong name, a wrong password, a locked and a disabled account: it gives no hint which.
var errLogin = fhir.Errorf(fhir.CodeLogin, "the name or the password is wrong, or the account is locked")

// SignIn answers the account for a name and a password. A wrong name, a wrong password, a locked and a disabled account
// are the same fhir.Error login and take the same time. A bounded number of hashes run at once; above that, and after
// too many wrong passwords for one name, the answer is a fhir.Error throttled.
//
// The account is read from the store every time, so a lock, a new password and changed authorities hold at once; only
// the costly hash of a password that was right a moment ago is spared.
func (s *Service) SignIn(ctx context.Context, name, password string) (storage.Account, error) {
	now := s.now()
	name, nameErr := Name(strings.TrimSpace(name))
	if nameErr != nil {
		return storage.Account{}, refuse(ctx, password)
	}
	done, err := s.tries.begin(ctx, name, now)
	if err != nil {
		return storage.Account{}, err
	}
	a, err := s.check(ctx, name, password, now)
	done(errors.Is(err, errLogin), err == nil)
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
	err := s.Store.UpdateAccount(ctx, a.Name, func(b *storage.Account, _ []storage.Account) error {
		b.LastLogin = now
		if b.Password == verified { // else it was changed meanwhile, and that one stands
			b.Password = a.Password
		}
		return nil
	})
	if err != nil {
		a.Password = verified
	}
	a.LastLogin = now
	s.known.add(a, password, now)
	return a, nil
}

// refuse spends the time of a real check and answers errLogin, so that nobody can tell a name that does not exist.
func refuse(ctx context.Context, password string) error {
	if _, _, err := verify(ctx, dummyHash, password); err != nil {
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
