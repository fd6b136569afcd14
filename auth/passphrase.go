package auth

import "context"

// HashPassphrase makes the slow hash of a passphrase that the program itself made, so that no rules for passwords are
// asked of it. Too many at once are a fhir.Error throttled.
func HashPassphrase(ctx context.Context, passphrase string) (string, error) {
	return hash(ctx, passphrase)
}

// CheckPassphrase compares a passphrase with what [HashPassphrase] made, in constant time. Too many at once are a
// fhir.Error throttled.
func CheckPassphrase(ctx context.Context, stored, passphrase string) (bool, error) {
	right, _, err := verify(ctx, stored, passphrase)
	return right, err
}
