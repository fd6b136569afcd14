// Command mutate changes the product's code at random, a place at a time, and runs the tests: a change that no test notices is
// a hole in the net. Nothing in the tree is touched: the changed file reaches the compiler by its -overlay.
//
//	go run ./testdata/mutate -n 30 -seed 7 auth exports storage=storage,engine
//
// Each argument is a package, with the packages whose tests must notice after "=", in order; without it, its own. It prints a
// line for each mutant and lists the survivors at the end. It is run by hand: it takes minutes and its result needs a reader.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	n := flag.Int("n", 20, "mutants of each package")
	seed := flag.Uint64("seed", 1, "of the choice; the same seed makes the same mutants of the same code")
	timeout := flag.Duration("timeout", 4*time.Minute, "of one package's tests; a mutant that hangs is noticed")
	flag.Parse()
	var survivors []string
	for _, arg := range flag.Args() {
		pkg, tests, ok := strings.Cut(arg, "=")
		if !ok {
			tests = pkg
		}
		places, err := read(pkg)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		random := rand.New(rand.NewPCG(*seed, uint64(len(places))))
		random.Shuffle(len(places), func(i, j int) { places[i], places[j] = places[j], places[i] })
		killed, done := 0, 0
		for _, p := range places {
			if done == *n {
				break
			}
			end, by := try(p, strings.Split(tests, ","), *timeout)
			if end == "" { // does not compile: no mutant
				continue
			}
			done++
			fmt.Printf("%-8s %s  %s\n", end, p, by)
			if end == "killed" {
				killed++
			} else {
				survivors = append(survivors, p.String())
			}
		}
		fmt.Printf("%s: %d of %d killed, %d places in all\n", pkg, killed, done, len(places))
	}
	fmt.Printf("%d survivors\n", len(survivors))
	for _, s := range survivors {
		fmt.Println("  " + s)
	}
}

// try runs the tests with the mutant: "killed" and by which package, "SURVIVED", or "" if it does not compile.
func try(p place, tests []string, timeout time.Duration) (end, by string) {
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	overlay, err := lay(dir, p)
	if err != nil {
		panic(err)
	}
	if run(timeout, "build", "-overlay", overlay, "./"+p.pkg) != nil {
		return "", ""
	}
	for _, test := range tests {
		err := run(timeout, "test", "-short", "-failfast", "-overlay", overlay, "-timeout", timeout.String(), "./"+test)
		if err != nil {
			return "killed", test
		}
	}
	return "SURVIVED", ""
}

// lay writes the mutated file and the overlay that puts it in its place.
func lay(dir string, p place) (string, error) {
	changed := filepath.Join(dir, filepath.Base(p.file))
	file, err := filepath.Abs(p.file)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(map[string]map[string]string{"Replace": {file: changed}})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, errors.Join(os.WriteFile(changed, p.text(), 0o600), os.WriteFile(overlay, text, 0o600))
}

// run runs the go command and returns an error if it fails, or does not end.
func run(timeout time.Duration, args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout+time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "go", args...)
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	return c.Run()
}
