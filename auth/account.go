package auth

import (
	"context"
	"slices"
	"time"

	"satchel/audit"
	"satchel/fhir"
	"satchel/storage"
)

// TwoFactorRoles are the roles and permissions whose holders need a second factor for a session, if [Service] names no
// others: those who administer accounts, and those who may export more than named patients.
func TwoFactorRoles() []string {
	return []string{roleSuperuser, createUser, updateUser, opExport, opExportSystem, opExportPatient, opExportGroup, approveRequests}
}

// NeedsSecondFactor reports whether the account holds, also as part of a role, one of the roles and permissions that
// demand a second factor. A permission whose argument may be left out demands one without it only: with the argument it
// is about one patient.
func (s *Service) NeedsSecondFactor(a storage.Account) bool {
	if a.Service {
		return false
	}
	named := s.TwoFactorRoles
	if named == nil {
		named = TwoFactorRoles()
	}
	have := holdings(a)
	return slices.ContainsFunc(named, func(name string) bool {
		if have.everything || have.set[plain(name)] {
			return true
		}
		return slices.ContainsFunc(permissions, func(p Permission) bool {
			return p.Name == name && p.Argument != "" && !p.Optional &&
				slices.ContainsFunc(a.Authorities, func(x storage.Authority) bool { return x.Permission == name })
		})
	})
}

// Must is what the account must do before anything else, however it signed in.
func (s *Service) Must(a storage.Account) Must {
	if a.MustChange || s.PasswordAge > 0 && !a.Service && s.now().Sub(a.PasswordChanged) >= s.PasswordAge {
		return MustPassword
	}
	return MustNothing
}

// ChangePassword gives the own account a new password; the old one is asked for. All its sessions end. Errors: forbidden for a
// client; login; throttled; value; conflict.
func (s *Service) ChangePassword(ctx context.Context, by Actor, old, renewed string) (audit.Note, error) {
	note, err := by.own(audit.PasswordChange)
	if err != nil {
		return note, err
	}
	a, err := s.SignInFrom(ctx, by.From, by.Principal.Name, old)
	if err != nil {
		return note, err
	}
	if old == renewed {
		return note, fhir.Errorf(fhir.CodeValue, "the new password is the old one; choose another")
	}
	if err := CheckPassword(a.Name, renewed); err != nil {
		return note, err
	}
	h, err := hash(ctx, renewed)
	if err != nil {
		return note, err
	}
	return stored(note, s.Store.UpdateAccount(ctx, note.Event, a.Name, func(b *storage.Account, _ []storage.Account) error {
		if b.Password != a.Password {
			return fhir.Errorf(fhir.CodeConflict, "the password was changed meanwhile; sign in again")
		}
		setPassword(b, h, s.now(), false)
		return nil
	}))
}

// setPassword puts the hash of a new password into an account, and forgets the wrong ones that were tried, since a new one
// is tried at once. must: whoever set it is not its owner, who has to choose another one at the first sign-in.
func setPassword(a *storage.Account, hash string, now time.Time, must bool) {
	Unlock(a)
	a.Password, a.PasswordChanged, a.MustChange = hash, now, must
}

// CheckGrant refuses, by a fhir.Error forbidden, to hand out what the holder does not hold: nobody makes another account
// mightier than the own one, or takes over a mightier one. It asks for each authority, and for each part of a role.
func CheckGrant(holder Principal, authorities []storage.Authority) error {
	have := holdings(holder.account())
	for _, x := range authorities {
		if have.covers(x) {
			continue
		}
		return fhir.Errorf(fhir.CodeForbidden,
			"account %q does not hold %s itself and so cannot decide who does; an administrator with %s can", holder.Name, Flag(x), roleSuperuser)
	}
	return nil
}

// covers reports whether what is held includes an authority: itself, without its argument, or all parts of a role.
func (h holding) covers(x storage.Authority) bool {
	if h.everything || h.set[x] {
		return true
	}
	i := slices.IndexFunc(permissions, func(p Permission) bool { return p.Name == x.Permission })
	if i < 0 || x == plain(roleSuperuser) {
		return false
	}
	if p := permissions[i]; p.Role {
		parts := Expand(x.Permission)
		return len(parts) > 0 && !slices.ContainsFunc(parts, func(name string) bool { return !h.set[plain(name)] })
	}
	return permissions[i].Optional && h.set[plain(x.Permission)]
}
