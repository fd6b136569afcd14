package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"text/tabwriter"
	"time"
)

// deed is one command that both programs run, each on a data directory of its own.
type deed struct {
	name string
	args func(dir string) []string
}

// deeds are what is compared: bringing data in, and every way out that a command has.
var deeds = []deed{
	{"import", func(dir string) []string { return []string{"import", filepath.Join(dir, "practice.ndjson")} }},
	{"export system", func(dir string) []string { return []string{"export", "system", "--out", filepath.Join(dir, "out")} }},
	{"export patients", func(dir string) []string { return []string{"export", "patients", "--out", filepath.Join(dir, "out")} }},
	{"export patient", func(dir string) []string {
		return []string{"export", "patient", longPatientID, "--out", filepath.Join(dir, "out")}
	}},
	{"handover patient", func(dir string) []string {
		return []string{"handover", "patient", longPatientID, "--out", filepath.Join(dir, "out")}
	}},
	{"handover population", func(dir string) []string {
		return []string{"handover", "population", "--bag-size", "0", "--out", filepath.Join(dir, "out")}
	}},
}

// cost is what one run of a command took, in seconds.
type cost struct{ wall, processor float64 }

// against runs the same commands by two programs in turns, each time on a new practice of about n resources, and writes a table
// of the medians. Processor time is what to compare on a busy machine.
func against(ctx context.Context, o options, other, sizes string, out io.Writer) error {
	n, err := strconv.Atoi(sizes)
	if err != nil {
		return fmt.Errorf("a comparison takes one size, not %q", sizes)
	}
	if o.dir == "" {
		if o.dir, err = os.MkdirTemp(filepath.Dir(o.satchel), "bench-"); err != nil {
			return err
		}
		defer os.RemoveAll(o.dir)
	}
	var f figures
	if err := generate(filepath.Join(o.dir, "practice.ndjson"), n, &f); err != nil {
		return err
	}
	programs := [2]string{o.satchel, other}
	var costs [2]map[string][]cost
	for i := range programs {
		costs[i] = map[string][]cost{}
	}
	for round := range o.rounds {
		for turn := range programs {
			i := (round + turn) % 2 // neither is always the first
			log.Printf("round %d of %d: %s", round+1, o.rounds, programs[i])
			if err := runDeeds(ctx, o.dir, programs[i], costs[i]); err != nil {
				return err
			}
		}
	}
	return compared(out, f, o.rounds, costs)
}

// runDeeds makes a new practice and runs every command on it.
func runDeeds(ctx context.Context, dir, program string, costs map[string][]cost) error {
	data := filepath.Join(dir, "data")
	defer os.RemoveAll(data)
	password := filepath.Join(dir, "password")
	if err := os.WriteFile(password, []byte(adminPassword+"\n"), 0o600); err != nil {
		return err
	}
	if text, err := exec.CommandContext(ctx, program, "init", "--data", data, "--admin", adminName, "--password-file", password).CombinedOutput(); err != nil {
		return fmt.Errorf("init: %w: %s", err, lastLines(text, 5))
	}
	for _, d := range deeds {
		cmd := exec.CommandContext(ctx, program, append(d.args(dir), "--data", data)...)
		began := time.Now()
		text, err := cmd.CombinedOutput()
		took := time.Since(began)
		os.RemoveAll(filepath.Join(dir, "out"))
		if err != nil {
			return fmt.Errorf("%s: %w: %s", d.name, err, lastLines(text, 5))
		}
		costs[d.name] = append(costs[d.name], cost{took.Seconds(), (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()})
	}
	return nil
}

// compared writes the table.
func compared(out io.Writer, f figures, rounds int, costs [2]map[string][]cost) error {
	fmt.Fprintf(out, "%d resources, %.0f MB, medians of %d runs in turns, seconds\n\n", f.Resources, float64(f.Bytes)/1e6, rounds)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tprocessor\tother\tratio\telapsed\tother\tratio\t")
	for _, d := range deeds {
		var cpu, wall [2]float64
		for i := range costs {
			var cpus, walls []float64
			for _, c := range costs[i][d.name] {
				cpus, walls = append(cpus, c.processor), append(walls, c.wall)
			}
			cpu[i], wall[i] = median(cpus), median(walls)
		}
		fmt.Fprintf(w, "%s\t%.2f\t%.2f\t%.3f\t%.2f\t%.2f\t%.3f\t\n", d.name, cpu[0], cpu[1], cpu[0]/cpu[1], wall[0], wall[1], wall[0]/wall[1])
	}
	return w.Flush()
}
