package auth

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"satchel/audit"
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

// AddAccount makes an account, with the event, on behalf of somebody, who must hold all that it gets. must: whoever made it knows the
// password, so its owner has to choose another one at the first sign-in. What is wrong is a fhir.Error.
func (s *Service) AddAccount(ctx context.Context, e audit.Event, who Principal, a storage.Account, password string, must bool) error {
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
	return s.Store.AddAccount(ctx, e, a)
}

// ChangeAccount changes an account, with the event, on behalf of somebody, who must hold what the account holds before and after: else a
// new password would be a way to more than the own rights. The last administrator stays one. Of the own account only names
// and authorities change in this way: its password and second factor take proof, and nobody bars themselves. A refusal is a
// fhir.Error.
func (s *Service) ChangeAccount(ctx context.Context, e audit.Event, who Principal, name string, change func(*storage.Account) error) error {
	return s.Store.UpdateAccount(ctx, e, name, func(a *storage.Account, others []storage.Account) error {
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
		if err := KeepAdministrator(before, a, others); err != nil {
			return err
		}
		if isSelf(who, a.Name) && (a.Password != before.Password || string(a.TOTP) != string(before.TOTP) ||
			a.Locked != before.Locked || a.Disabled != before.Disabled || a.Service != before.Service) {
			return ownAccount(a.Name)
		}
		return nil
	})
}

// isSelf reports whether a name is that of the account that asks.
func isSelf(who Principal, name string) bool {
	return !who.Service && strings.EqualFold(who.Name, name)
}

// ownAccount refuses what whoever finds an open session could otherwise do to its owner.
func ownAccount(name string) error {
	return fhir.Errorf(fhir.CodeForbidden,
		"%q is your own account: change its password and second factor on its own page or at /api/account, and let another administrator lock, disable or remove it", name)
}

// RemoveAccount removes an account, with the event, on behalf of somebody else, who must hold what it holds. The last administrator stays. A
// refusal is a fhir.Error. What runs for the account is not stopped: see engine.Engine.CancelFor.
func (s *Service) RemoveAccount(ctx context.Context, e audit.Event, who Principal, name string) error {
	return s.Store.RemoveAccount(ctx, e, name, func(a storage.Account, others []storage.Account) error {
		if err := CheckGrant(who, a.Authorities); err != nil {
			return err
		}
		if err := KeepAdministrator(a, nil, others); err != nil {
			return err
		}
		if isSelf(who, a.Name) {
			return ownAccount(a.Name)
		}
		return nil
	})
}

// ChangeClient changes a backend client, with the event, on behalf of somebody, who must hold what the client holds before and after: else
// new keys would be a way to more than the own rights. Its tokens end. A refusal is a fhir.Error.
func (s *Service) ChangeClient(ctx context.Context, e audit.Event, who Principal, name string, change func(*storage.Client) error) error {
	return s.Store.UpdateClient(ctx, e, name, func(c *storage.Client) error {
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

// RemoveClient removes a backend client, with the event, on behalf of somebody, who must hold what it holds. Its tokens end. A refusal is a
// fhir.Error. What runs for the client is not stopped: see engine.Engine.CancelFor.
func (s *Service) RemoveClient(ctx context.Context, e audit.Event, who Principal, name string) error {
	return s.Store.RemoveClient(ctx, e, name, func(c storage.Client) error { return CheckGrant(who, c.Authorities) })
}
