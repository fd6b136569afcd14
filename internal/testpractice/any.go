package testpractice

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"satchel/demo"
	"satchel/internal/property"
	"satchel/storage"
)

// Any calls check with practices of up to so many numbered patients: with so many practices, or with SATCHEL_SEEDS.
// The seeds come from SATCHEL_SEED.
func Any(t *testing.T, seeds int, patients uint64, check func(t *testing.T, s *storage.Store)) {
	Sequential(t)
	if n, err := strconv.Atoi(os.Getenv("SATCHEL_SEEDS")); err == nil {
		seeds = n
	}
	random := rand.New(rand.NewPCG(uint64(cmp.Or(property.Seed(), rand.Int64())), 0))
	for range seeds {
		seed := random.Int64()
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			check(t, HereDemo(t, demo.Options{Seed: seed, Patients: 1 + int(uint64(seed)%patients)}))
		})
	}
}
