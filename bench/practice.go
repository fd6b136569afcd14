package main

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"satchel/demo"
)

const (
	adminName     = "bench"
	adminPassword = "a bench needs no secret"
)

// importPractice makes about n resources with the generator, as one NDJSON file, and imports them with the command.
func importPractice(ctx context.Context, o options, dir string, n int, f *figures) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	source := filepath.Join(dir, "practice.ndjson")
	log.Printf("%d resources: generating", n)
	if err := generate(source, n, f); err != nil {
		return err
	}
	defer os.Remove(source)

	password := filepath.Join(dir, "password")
	if err := os.WriteFile(password, []byte(adminPassword+"\n"), 0o600); err != nil {
		return err
	}
	data := filepath.Join(dir, "data")
	if out, err := exec.CommandContext(ctx, o.satchel, "init", "--data", data, "--admin", adminName,
		"--password-file", password).CombinedOutput(); err != nil {
		return fmt.Errorf("init: %w: %s", err, out)
	}
	log.Printf("%d resources: importing %.0f MB", f.Resources, float64(f.Bytes)/1e6)
	start := time.Now()
	cmd := exec.CommandContext(ctx, o.satchel, "import", "--data", data, source)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("import: %w: %s", err, lastLines(out, 5))
	}
	f.ImportSeconds = time.Since(start).Seconds()
	f.ImportPeakRSS = maxRSS(cmd.ProcessState)
	if info, err := os.Stat(filepath.Join(data, "satchel.db")); err == nil {
		f.DatabaseBytes = info.Size()
	}
	return nil
}

// generate writes the first n living resources of a lean practice, and a patient with a long record behind them.
func generate(path string, n int, f *figures) error {
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	w := bufio.NewWriterSize(out, 1<<20)
	for item := range demo.Items(demo.Options{Seed: 1, Patients: n, Lean: true}) {
		if item.Op != demo.Put {
			continue
		}
		w.Write(item.JSON)
		w.WriteByte('\n')
		f.Resources++
		f.Bytes += int64(len(item.JSON)) + 1
		if f.Resources >= n {
			break
		}
	}
	resources, bytes := longRecord(w)
	f.Resources, f.Bytes = f.Resources+resources, f.Bytes+bytes
	if err := w.Flush(); err != nil {
		return err
	}
	return out.Sync()
}

func lastLines(b []byte, n int) string {
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
