package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"satchel/storage"
)

// listing is a command that lists what the store holds: as a table for people, or as JSON.
type listing[T any] struct {
	short string
	read  func(*storage.Store, context.Context) ([]T, error)
	json  func([]T) any
	head  []string
	row   func(T) []string
}

// command is the listing as the command "list".
func (l listing[T]) command(at *common) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "list",
		Short: l.short,
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, s, err := at.openData(c.Context(), nil, storage.Options{})
			if err != nil {
				return err
			}
			all, err := l.read(s, c.Context())
			if err = errors.Join(err, s.Close()); err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(c.OutOrStdout()).Encode(l.json(all))
			}
			t := tabwriter.NewWriter(c.OutOrStdout(), 0, 8, 2, ' ', 0)
			fmt.Fprintln(t, strings.Join(l.head, "\t"))
			for _, x := range all {
				fmt.Fprintln(t, strings.Join(l.row(x), "\t"))
			}
			return t.Flush()
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return c
}
