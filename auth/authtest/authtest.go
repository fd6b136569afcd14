// Package authtest is imported by tests for its effect: in their process a hash of a password costs next to nothing. Tests of
// what a hash costs must not import it.
package authtest

import "satchel/auth/internal/cost"

func init() { cost.Memory, cost.Time = 64, 1 }
