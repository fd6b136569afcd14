package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"satchel/doctor"
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
			d := &doctor.Examination{Now: time.Now()}
			var err error
			if d.Config, err = at.load(nil); err != nil {
				d.Problem("settings", "satchel config check", nil, "%v", err)
			} else {
				d.Examine(c.Context(), quick)
			}
			if bundle != "" {
				if err := doctor.WriteBundle(c.Context(), d, bundle); err != nil {
					return err
				}
			}
			return tellFindings(d, c.OutOrStdout(), asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	c.Flags().BoolVar(&quick, "quick", false, "do not read the whole database")
	c.Flags().StringVar(&bundle, "bundle", "", "write a support bundle into this new ZIP file")
	c.Flags().BoolVar(&rebuild, "rebuild", false, "make owners and search index anew from the resources, with the server stopped")
	return c
}

// tellFindings writes what the doctor found. Problems end with exit code 1.
func tellFindings(d *doctor.Examination, out io.Writer, asJSON bool) error {
	problems := 0
	for _, f := range d.Findings {
		if f.State == doctor.StateProblem {
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
			Healthy  bool             `json:"healthy"`
			Findings []doctor.Finding `json:"findings"`
		}{problems == 0, d.Findings}
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
	if !(&doctor.Examination{Config: cfg}).Running() {
		return fmt.Errorf("a Satchel serves %q; stop it first", cfg.Data)
	}
	if err := s.RebuildOwners(ctx); err != nil {
		return err
	}
	fmt.Fprintln(out, "owners and search index are made anew")
	return s.Close()
}
