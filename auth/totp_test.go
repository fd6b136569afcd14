package auth

// TOTP is the code of a secret for a time step.
func TOTP(secret []byte, step int64) string { return totp(secret, step) }
