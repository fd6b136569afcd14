package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"satchel/config"
	"satchel/datadir"
)

func cmdConfig(at *common) *cobra.Command {
	c := &cobra.Command{Use: "config", Short: "Check the settings, show them with where they come from, or change them", Args: noArgs,
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
	}, cmdConfigShow(at), cmdConfigSet(at))
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

func cmdConfigSet(at *common) *cobra.Command {
	return &cobra.Command{
		Use:   "set KEY=VALUE...",
		Short: "Change settings in the settings file",
		Long: `Writes other values of settings into the settings file; everything else in it stays as it is. Several that only go
together are given together. Lists are separated by commas. Settings that are wrong are not written. A running server
takes them at its next start, and notes in the audit log which ones have changed.

Exit codes: 0 done, 1 they are wrong and nothing was changed, 2 wrong usage.`,
		Example: `  satchel config set http.listen=0.0.0.0:8443 tls.mode=local-ca
  satchel config set 'backup.folder=E:\satchel-backups'`,
		Args: someArgs(1, true, "a setting and its value, such as log.level=debug"),
		RunE: func(c *cobra.Command, args []string) error {
			var changes []config.Change
			for _, arg := range args {
				key, value, ok := strings.Cut(arg, "=")
				if !ok {
					return usagef("%q is no setting with a value; write KEY=VALUE, such as log.level=debug", arg)
				}
				changes = append(changes, config.Change{Key: strings.TrimSpace(key), Text: strings.TrimSpace(value)})
			}
			cfg, err := at.load(nil)
			if err != nil {
				return err
			}
			if _, err := os.Stat(cfg.Database()); err != nil {
				return datadir.Missing(cfg)
			}
			after, err := cfg.Edit(changes...)
			if err != nil {
				return err
			}
			for _, change := range changes {
				s, _ := after.Find(change.Key)
				fmt.Fprintf(c.OutOrStdout(), "%s = %s\n", s.Key, config.Show(s.Field))
				if source := after.Source(s.Key); config.Fixed(source) {
					fmt.Fprintf(c.OutOrStdout(), "  but %s comes before the file\n", source)
				}
			}
			return nil
		},
	}
}
