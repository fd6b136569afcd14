package cli

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"satchel/config"
)

func cmdConfig(at *common) *cobra.Command {
	c := &cobra.Command{Use: "config", Short: "Check the settings, or show them with where they come from", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.AddCommand(&cobra.Command{
		Use:   "check",
		Short: "Check the settings file and the environment",
		Long: `Checks the settings file and the environment without starting anything.

Exit codes: 0 all is well, 1 something is wrong: it is said with its line.`,
		Example: `  satchel config check --data /var/lib/satchel`,
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := at.load(nil)
			if err == nil {
				fmt.Fprintf(c.OutOrStdout(), "%s is good\n", cfg.File)
			}
			return err
		},
	}, cmdConfigShow(at))
	return c
}

// shown is one setting as `config show` tells it.
type shown struct {
	Key    string `json:"key"`
	Value  any    `json:"value"`
	Source string `json:"source"`
}

func cmdConfigShow(at *common) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "show",
		Short: "Show every value in force and where it comes from",
		Long: `Shows every setting with the value in force and where it comes from: default, the line of the file, or the
environment variable.

Exit codes: 0 done, 1 the settings are wrong.`,
		Example: `  satchel config show --json`,
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := at.load(nil)
			if err != nil {
				return err
			}
			var all []shown
			for _, s := range cfg.Settings() {
				source := cfg.Source(s.Key)
				if source == "" {
					source = "default"
				}
				all = append(all, shown{s.Key, s.Field, source})
			}
			if asJSON {
				return json.NewEncoder(c.OutOrStdout()).Encode(all)
			}
			t := tabwriter.NewWriter(c.OutOrStdout(), 0, 8, 2, ' ', 0)
			fmt.Fprintf(t, "data directory\t%s\t\nsettings file\t%s\t\n", cfg.Data, cfg.File)
			for _, s := range all {
				fmt.Fprintf(t, "%s\t%s\t%s\n", s.Key, config.Show(s.Value), s.Source)
			}
			return t.Flush()
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return c
}
