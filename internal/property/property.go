// Package property sets how the property tests of a test program run; each that has some imports it, for this effect alone.
//
// A failing test of rapid tells its seed and what failed in its output; it would also write that into testdata/rapid, which
// then lies in the source tree and is run by every later test: here it does not. The first seed is the same in every run, so
// that what is green stays green until the code changes; SATCHEL_SEED is another one, and 0 means that each test takes its own.
package property

import (
	"flag"
	"fmt"
	"os"
	"strconv"

	_ "pgregory.net/rapid" // has the flags
)

func init() {
	seed := os.Getenv("SATCHEL_SEED")
	if seed == "" {
		seed = "1"
	}
	for name, value := range map[string]string{"rapid.nofailfile": "true", "rapid.seed": seed} {
		if err := flag.Set(name, value); err != nil {
			panic(fmt.Sprintf("SATCHEL_SEED=%s: %v", seed, err))
		}
	}
}

// Seed is what SATCHEL_SEED says, for tests that draw without rapid; 1 if it says nothing.
func Seed() int64 {
	n, _ := strconv.ParseUint(flag.Lookup("rapid.seed").Value.String(), 10, 64) // flag.Set has seen that it is a number
	return int64(n)
}
