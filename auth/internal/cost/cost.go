// Package cost holds what one hash of a password costs. Only packages below auth can import it: auth reads it, and
// auth/authtest lowers it for tests, so nothing in the product can weaken a password.
package cost

// The cost of one hash: OWASP's first choice for argon2id, about 40 ms on a small machine.
var (
	Memory uint32 = 19456 // KiB
	Time   uint32 = 2     // passes
)
