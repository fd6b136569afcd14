package auth

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"satchel/fhir"
	"satchel/storage"
)

// personNameMost is how many characters a given or family name may have.
const personNameMost = 80

// CheckPersonName refuses, by a fhir.Error value, a given or family name that is too long or not of one line. field is
// what the error calls it.
func CheckPersonName(field, name string) error {
	if utf8.RuneCountInString(name) > personNameMost || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return fhir.Errorf(fhir.CodeValue, "%s is longer than %d characters or holds control characters", field, personNameMost)
	}
	return nil
}

// AddAccount makes an account on behalf of somebody, who must hold all that it gets. must: whoever made it knows the
// password, so its owner has to choose another one at the first sign-in. What is wrong is a fhir.Error.
func (s *Service) AddAccount(ctx context.Context, who Principal, a storage.Account, password string, must bool) error {
	for _, x := range a.Authorities {
		if err := CheckAuthority(x); err != nil {
			return err
		}
	}
	if err := CheckGrant(who, a.Authorities); err != nil {
		return err
	}
	h, err := HashPasswordFor(a.Name, password)
	if err != nil {
		return err
	}
	SetPassword(&a, h, s.now(), must)
	return s.Store.AddAccount(ctx, a)
}

// ChangeAccount changes an account on behalf of somebody, who must hold what the account holds before and after: else a
// new password would be a way to more than the own rights. The last administrator stays one. A refusal is a fhir.Error.
func (s *Service) ChangeAccount(ctx context.Context, who Principal, name string, change func(*storage.Account) error) error {
	return s.Store.UpdateAccount(ctx, name, func(a *storage.Account, others []storage.Account) error {
		before := *a
		before.Authorities = slices.Clone(a.Authorities)
		if err := CheckGrant(who, before.Authorities); err != nil {
			return err
		}
		if err := change(a); err != nil {
			return err
		}
		if err := CheckGrant(who, a.Authorities); err != nil {
			return err
		}
		return KeepAdministrator(before, a, others)
	})
}

// RemoveAccount removes an account on behalf of somebody, who must hold what it holds. The last administrator stays. A
// refusal is a fhir.Error. What runs for the account is not stopped: see engine.Engine.CancelFor.
func (s *Service) RemoveAccount(ctx context.Context, who Principal, name string) error {
	return s.Store.RemoveAccount(ctx, name, func(a storage.Account, others []storage.Account) error {
		if err := CheckGrant(who, a.Authorities); err != nil {
			return err
		}
		return KeepAdministrator(a, nil, others)
	})
}

// ChangeClient changes a backend client on behalf of somebody, who must hold what the client holds before and after: else
// new keys would be a way to more than the own rights. Its tokens end. A refusal is a fhir.Error.
func (s *Service) ChangeClient(ctx context.Context, who Principal, name string, change func(*storage.Client) error) error {
	return s.Store.UpdateClient(ctx, name, func(c *storage.Client) error {
		if err := CheckGrant(who, c.Authorities); err != nil {
			return err
		}
		if err := change(c); err != nil {
			return err
		}
		for _, a := range c.Authorities {
			if err := CheckAuthority(a); err != nil {
				return err
			}
		}
		return CheckGrant(who, c.Authorities)
	})
}
