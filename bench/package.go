package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"satchel/demo"
)

// packed is what `satchel handover --json` says.
type packed struct {
	Verdict string
	Paths   []string
	Files   int64
	Bytes   int64
	Counts  map[string]struct{ ExportedVersions int64 }
}

// handOver makes a package by the command, and returns how long it took and the command's peak RSS.
func (o options) handOver(ctx context.Context, data, out string, what ...string) (p packed, seconds float64, rss int64, err error) {
	args := append([]string{"handover"}, what...)
	cmd := exec.CommandContext(ctx, o.satchel, append(args, "--data", data, "--out", out, "--json")...)
	start := time.Now()
	text, err := cmd.Output()
	seconds = time.Since(start).Seconds()
	if err != nil {
		if exit, ok := err.(*exec.ExitError); ok {
			err = fmt.Errorf("%w: %s", err, lastLines(exit.Stderr, 3))
		}
		return p, 0, 0, fmt.Errorf("handover %v: %w", what, err)
	}
	return p, seconds, maxRSS(cmd.ProcessState), json.Unmarshal(text, &p)
}

// packages measures the packages of one patient with a long record, of a typical one, and of everybody, the last beside
// exports of everything, and their checking beside sha256sum.
func packages(ctx context.Context, o options, s *server, dir string, f *figures) error {
	out := filepath.Join(dir, "packages")
	if err := patientPackages(ctx, o, s, out, f); err != nil {
		return err
	}
	var exports, handovers, verifies, sums []float64
	for i := range o.rounds + 1 {
		_, status, exported, err := s.export(ctx, "/$export")
		if err != nil {
			return err
		}
		if err := s.release(ctx, status); err != nil {
			return err
		}
		p, seconds, rss, err := o.handOver(ctx, s.data, out, "population", "--bag-size", "0")
		if err != nil {
			return err
		}
		checked, checkRSS, err := o.verify(ctx, p.Paths[0])
		if err != nil {
			return err
		}
		summed, err := sha256sum(ctx, p.Paths[0])
		if err != nil {
			return err
		}
		log.Printf("everything: export %.2f s, package %.2f s (%.0f MB, peak RSS %.0f MB), verify %.2f s, sha256sum %.2f s",
			exported.Seconds(), seconds, float64(p.Bytes)/1e6, float64(rss)/1e6, checked, summed)
		if err := os.RemoveAll(out); err != nil {
			return err
		}
		if i == 0 {
			continue // the first round warms the page cache for all
		}
		exports, handovers = append(exports, exported.Seconds()), append(handovers, seconds)
		verifies, sums = append(verifies, checked), append(sums, summed)
		f.PopulationBytes, f.PopulationFiles = p.Bytes, p.Files
		f.PopulationRSS, f.VerifyRSS = max(f.PopulationRSS, rss), max(f.VerifyRSS, checkRSS)
	}
	f.PopulationSeconds, f.PopulationExportSeconds = median(handovers), median(exports)
	f.VerifySeconds, f.SumSeconds = median(verifies), median(sums)
	return nil
}

// patientPackages measures packages of one patient: of the long record, and of a typical one, whose cost shows whether it
// grows with the practice.
func patientPackages(ctx context.Context, o options, s *server, out string, f *figures) error {
	var long, typical []float64
	for i := range 2*o.rounds + 1 {
		p, seconds, rss, err := o.handOver(ctx, s.data, out, "patient", longPatientID)
		if err != nil {
			return err
		}
		f.LongResources = 0
		for _, c := range p.Counts {
			f.LongResources += c.ExportedVersions
		}
		f.LongBytes, f.LongRSS = p.Bytes, max(f.LongRSS, rss)
		_, short, _, err := o.handOver(ctx, s.data, out, "patient", demo.TypicalPatientID)
		if err != nil {
			return err
		}
		if err := os.RemoveAll(out); err != nil {
			return err
		}
		if i > 0 {
			long, typical = append(long, seconds), append(typical, short)
		}
	}
	f.LongSeconds, f.TypicalSeconds = median(long), median(typical)
	return nil
}

// verify checks a package by the command.
func (o options) verify(ctx context.Context, path string) (seconds float64, rss int64, err error) {
	cmd := exec.CommandContext(ctx, o.satchel, "verify", path)
	start := time.Now()
	if text, err := cmd.CombinedOutput(); err != nil {
		return 0, 0, fmt.Errorf("verify: %w: %s", err, lastLines(text, 3))
	}
	return time.Since(start).Seconds(), maxRSS(cmd.ProcessState), nil
}

// sha256sum hashes the files of a package by the tool of that name, one after the other, as a receiver without Satchel
// does; 0 where there is no such tool.
func sha256sum(ctx context.Context, path string) (float64, error) {
	tool, err := exec.LookPath("sha256sum")
	if err != nil {
		return 0, nil
	}
	var files []string
	err = filepath.WalkDir(path, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	start := time.Now()
	for len(files) > 0 {
		n := min(len(files), 1000)
		if text, err := exec.CommandContext(ctx, tool, files[:n]...).CombinedOutput(); err != nil {
			return 0, fmt.Errorf("sha256sum: %w: %s", err, lastLines(text, 3))
		}
		files = files[n:]
	}
	return time.Since(start).Seconds(), nil
}
