package cli

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"satchel/internal/about"
)

func cmdVersion() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "version",
		Short: "Say which version this is",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			a := about.Me()
			if asJSON {
				return json.NewEncoder(c.OutOrStdout()).Encode(a)
			}
			fmt.Fprintf(c.OutOrStdout(), "satchel %s (commit %s, %s, %s, database schema %d)\n", a.Version, a.Commit, a.Go, a.System, a.Schema)
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return c
}
