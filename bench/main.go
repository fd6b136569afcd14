// Command bench measures Satchel through its front doors: the commands for import, packages and their checking, and the
// HTTP server, on practices of growing size from the demo generator. It prints a table and can write the same as JSON.
//
// Each figure that depends on the disk stands beside a baseline measured in the same run: population exports alternate
// with a plain copy (read, write, fsync) of the very files that they made, and the ratio of the medians is reported.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
)

type options struct {
	satchel  string // path of the binary under test
	dir      string // work folder, on the disk to be measured
	rounds   int    // exports and copies, alternating
	patients int    // single-patient exports
	capacity int    // bulk_export.file_max_capacity
	keep     bool   // leave the practices in the work folder
}

func main() {
	log.SetFlags(0)
	var o options
	flag.StringVar(&o.satchel, "satchel", "bin/satchel", "the binary to measure")
	flag.StringVar(&o.dir, "dir", "", "work folder (default: a new temporary folder beside the binary, removed at the end)")
	flag.IntVar(&o.rounds, "rounds", 3, "population exports and plain copies, alternating")
	flag.IntVar(&o.patients, "patients", 100, "single-patient exports")
	flag.IntVar(&o.capacity, "file-max-capacity", 100000, "bulk_export.file_max_capacity of the server")
	flag.BoolVar(&o.keep, "keep", false, "leave the practices in the work folder, which must be named")
	sizes := flag.String("sizes", "100000,1000000", "numbers of resources, comma separated")
	out := flag.String("json", "", "file for the result as JSON")
	other := flag.String("against", "", "another binary: both run the same commands in turns, on one size, and their costs are compared")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if *other != "" {
		if err := against(ctx, o, *other, *sizes, os.Stdout); err != nil {
			log.Fatalf("bench: %v", err)
		}
		return
	}
	report, err := run(ctx, o, *sizes)
	if err != nil {
		log.Fatalf("bench: %v", err)
	}
	report.table(os.Stdout)
	if *out != "" {
		if err := report.write(*out); err != nil {
			log.Fatalf("bench: %v", err)
		}
	}
}

// run measures every size in its own folder, one after the other.
func run(ctx context.Context, o options, sizes string) (report, error) {
	if o.dir == "" {
		dir, err := os.MkdirTemp(filepath.Dir(o.satchel), "bench-")
		if err != nil {
			return report{}, err
		}
		o.dir = dir
		defer os.RemoveAll(dir)
	}
	r := newReport(o)
	for _, s := range strings.Split(sizes, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(s))
		if err != nil {
			return r, fmt.Errorf("size %q is not a number", s)
		}
		m, err := measure(ctx, o, n)
		if err != nil {
			return r, fmt.Errorf("%d resources: %w", n, err)
		}
		r.Sizes = append(r.Sizes, m)
	}
	return r, nil
}

// measure builds one practice and takes every figure of it.
func measure(ctx context.Context, o options, n int) (figures, error) {
	f := figures{Asked: n}
	dir := filepath.Join(o.dir, strconv.Itoa(n))
	if !o.keep {
		defer os.RemoveAll(dir)
	}
	if err := importPractice(ctx, o, dir, n, &f); err != nil {
		return f, err
	}
	srv, err := startServer(ctx, o, dir)
	if err != nil {
		return f, err
	}
	defer srv.stop()
	if err := populationExports(ctx, o, srv, dir, &f); err != nil {
		return f, err
	}
	if err := patientExports(ctx, o, srv, &f); err != nil {
		return f, err
	}
	if err := readsDuringExport(ctx, srv, &f); err != nil {
		return f, err
	}
	f.ServerPeakRSS = srv.peakRSS()
	return f, packages(ctx, o, srv, dir, &f)
}
