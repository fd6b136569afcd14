// Command release makes what is given to users out of one state of the source: a program per target, archives, Debian
// packages, a list of what is in them (SBOM), licences, and hashes of everything. The same source, Go and settings give
// the same bytes, wherever and whenever it runs.
//
// A target is an operating system and a processor, as Go writes them. The stage is the folder with the program of one
// target and what is laid beside it.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"time"
)

// target is what a program is built for.
type target struct{ system, arch string }

func (t target) String() string { return t.system + "-" + t.arch }

// release is one run.
type release struct {
	version, commit string
	made            time.Time // of the commit: the only time in anything
	out, tools      string    // folders
}

func main() {
	r := release{}
	flag.StringVar(&r.version, "version", "dev", "version of the program")
	flag.StringVar(&r.commit, "commit", "unknown", "commit of the source")
	flag.StringVar(&r.out, "out", "dist", "folder to make; one that is there is replaced")
	flag.StringVar(&r.tools, "tools", "bin/tools", "folder of nfpm and cyclonedx-gomod")
	epoch := flag.Int64("epoch", 0, "seconds since 1970 that every file is dated with")
	targets := flag.String("targets", "linux/amd64,linux/arm64,windows/amd64,windows/arm64", "what to build for")
	flag.Parse()
	r.made = time.Unix(*epoch, 0).UTC()
	if err := r.run(strings.Split(*targets, ",")); err != nil {
		fmt.Fprintln(os.Stderr, "release: "+err.Error())
		os.Exit(1)
	}
}

// run makes everything, in order.
func (r *release) run(targets []string) error {
	if err := os.RemoveAll(r.out); err != nil {
		return err
	}
	if err := os.MkdirAll(r.out, 0o755); err != nil {
		return err
	}
	var all []target
	for _, text := range targets {
		system, arch, ok := strings.Cut(text, "/")
		if !ok {
			return fmt.Errorf("%q is not a target; write it such as linux/amd64", text)
		}
		all = append(all, target{system, arch})
	}
	for _, t := range all {
		if err := r.build(t); err != nil {
			return fmt.Errorf("build for %s: %w", t, err)
		}
	}
	for _, t := range all {
		if err := r.pack(t); err != nil {
			return fmt.Errorf("pack for %s: %w", t, err)
		}
	}
	return r.sums()
}
