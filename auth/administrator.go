package auth

import (
	"slices"

	"satchel/fhir"
	"satchel/storage"
)

// IsAdministrator reports whether the account can administer accounts: it holds ROLE_SUPERUSER and is not locked.
func IsAdministrator(a storage.Account) bool {
	return !a.Locked && !a.Disabled && slices.Contains(a.Authorities, plain(roleSuperuser))
}

// KeepAdministrator refuses, by a fhir.Error conflict, the change that would leave no administrator. after is the
// account as it will be, nil if it is removed; others are all other accounts.
func KeepAdministrator(before storage.Account, after *storage.Account, others []storage.Account) error {
	if !IsAdministrator(before) || after != nil && IsAdministrator(*after) || slices.ContainsFunc(others, IsAdministrator) {
		return nil
	}
	return fhir.Errorf(fhir.CodeConflict,
		"%q is the last unlocked account with %s; give that role to another account first", before.Name, roleSuperuser)
}
