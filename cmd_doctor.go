package main

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"satchel/storage"
)

func cmdDoctor(at *common) *cobra.Command {
	var asJSON, quick, rebuild bool
	var bundle string
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Examine the installation and say what to do",
		Long: `Examines settings, permissions, disk, certificate, backups, accounts, the database and everything in it, and says
what to do about what it finds. It changes nothing, and the server may run meanwhile. --bundle writes what a supporter
needs into a ZIP file: no health data, no names of patients or accounts, no keys or passwords.

Exit codes: 0 all is well, 1 there are problems, 2 wrong usage.`,
		Example: `  satchel doctor
  satchel doctor --quick --json
  satchel doctor --bundle support.zip`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if rebuild {
				return rebuildIndex(c.Context(), at, c.OutOrStdout())
			}
			d := &doctor{now: time.Now()}
			var err error
			if d.cfg, err = at.load(nil); err != nil {
				d.problem("settings", "satchel config check", nil, "%v", err)
			} else {
				d.examine(c.Context(), quick)
			}
			if bundle != "" {
				if err := writeBundle(c.Context(), d, bundle); err != nil {
					return err
				}
			}
			return d.tell(c.OutOrStdout(), asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	c.Flags().BoolVar(&quick, "quick", false, "do not read the whole database")
	c.Flags().StringVar(&bundle, "bundle", "", "write a support bundle into this new ZIP file")
	c.Flags().BoolVar(&rebuild, "rebuild", false, "make owners and search index anew from the resources, with the server stopped")
	return c
}

// tell writes the findings. Problems end with exit code 1.
func (d *doctor) tell(out io.Writer, asJSON bool) error {
	problems := 0
	for _, f := range d.findings {
		if f.State == stateProblem {
			problems++
		}
		if asJSON {
			continue
		}
		fmt.Fprintf(out, "%-8s %-14s %s\n", f.State, f.Check, f.Text)
		for _, line := range f.Details {
			fmt.Fprintf(out, "%24s%s\n", "", line)
		}
		if f.Do != "" {
			fmt.Fprintf(out, "%23s → %s\n", "", f.Do)
		}
	}
	if asJSON {
		report := struct {
			Healthy  bool      `json:"healthy"`
			Findings []finding `json:"findings"`
		}{problems == 0, d.findings}
		if err := json.NewEncoder(out).Encode(report); err != nil {
			return err
		}
	}
	if problems > 0 {
		return fmt.Errorf("the doctor found %d problems", problems)
	}
	return nil
}

// rebuildIndex makes the derived tables anew. The server must not run: it would answer from half a table.
func rebuildIndex(ctx context.Context, at *common, out io.Writer) error {
	cfg, s, err := at.openData(ctx, nil, storage.Options{})
	if err != nil {
		return err
	}
	defer s.Close()
	if !(&doctor{cfg: cfg}).running() {
		return fmt.Errorf("a Satchel serves %q; stop it first", cfg.Data)
	}
	if err := s.RebuildOwners(ctx); err != nil {
		return err
	}
	fmt.Fprintln(out, "owners and search index are made anew")
	return s.Close()
}

// bundleJob is a job as a support bundle tells it: neither who asked for it, nor for whom.
type bundleJob struct {
	State                   storage.State
	Created, Started, Ended time.Time
	Done, Total             int64
}

// writeBundle writes what a supporter needs: findings without their places, settings, the machine, counts. What could
// name a person is left out, not masked.
func writeBundle(ctx context.Context, d *doctor, path string) (err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			os.Remove(path)
		}
	}()
	findings := slices.Clone(d.findings)
	for i := range findings {
		findings[i].Details = nil
	}
	z := zip.NewWriter(f)
	parts := map[string]any{"version.json": aboutMe(), "findings.json": findings, "machine.json": map[string]any{
		"system": runtime.GOOS + "/" + runtime.GOARCH, "processors": runtime.NumCPU(), "time": d.now.UTC(),
	}}
	if d.cfg != nil {
		parts["settings.json"] = d.cfg.forSupport()
		if c, err := storage.Inspect(ctx, d.cfg.database()); err == nil {
			parts["database.json"] = c
			parts["jobs.json"] = supportJobs(ctx, d.cfg, c)
		}
		if s, err := statusOfTLS(ctx, d.cfg); err == nil && s.Certificate != nil {
			parts["certificate.json"] = map[string]any{"from": s.Certificate.From, "until": s.Certificate.Until, "names": len(s.Certificate.Names)}
		}
	}
	for _, name := range sortedKeys(parts) {
		w, err := z.Create(name)
		if err != nil {
			return err
		}
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		if err := e.Encode(parts[name]); err != nil {
			return err
		}
	}
	return errors.Join(z.Close(), f.Sync())
}

// forSupport are the settings whose values a support bundle shows: switches and numbers. Texts could hold names and
// paths; of those it tells only whether they are set.
func (c *Config) forSupport() map[string]any {
	shown := map[string]any{}
	open := []string{"tls.mode", "auth.basic", "log.level", "log.format"}
	for _, s := range c.settings() {
		switch f := s.field.(type) {
		case *string:
			if shown[s.key] = *f; !slices.Contains(open, s.key) {
				shown[s.key] = map[bool]string{true: "set", false: ""}[*f != ""]
			}
		case *[]string:
			shown[s.key] = fmt.Sprintf("%d values", len(*f))
		default:
			shown[s.key] = show(f)
		}
	}
	return shown
}

func supportJobs(ctx context.Context, cfg *Config, c storage.Contents) []bundleJob {
	if c.Schema != storage.Schema() {
		return nil
	}
	s, err := openStore(ctx, cfg, storage.Options{})
	if err != nil {
		return nil
	}
	defer s.Close()
	jobs, err := s.Jobs(ctx)
	if err != nil {
		return nil
	}
	var out []bundleJob
	for _, j := range jobs {
		out = append(out, bundleJob{j.State, j.Created, j.Started, j.Ended, j.Done, j.Total})
	}
	return out
}
