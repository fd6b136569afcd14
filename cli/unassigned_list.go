package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"satchel/audit"
	"satchel/auth"
	"satchel/storage"
	"satchel/worklist"
)

// unassignedBatch is how many entries are read at once; each batch is an event of the audit log.
const unassignedBatch = 200

func cmdUnassignedList(at *common) *cobra.Command {
	var asJSON, decided bool
	var typ string
	var most int
	c := &cobra.Command{
		Use:   "list",
		Short: "List what is unassigned with whom it may be about, or what was decided",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if most < 0 {
				return usagef("--limit: %d is less than nothing", most)
			}
			if decided {
				return at.listDecided(c.Context(), most, asJSON, c.OutOrStdout())
			}
			return at.listUnassigned(c.Context(), typ, most, asJSON, c.OutOrStdout())
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "write JSON: one entry a line")
	c.Flags().BoolVar(&decided, "decided", false, "list what was decided and holds, the newest first")
	c.Flags().StringVar(&typ, "type", "", "only resources of this type")
	c.Flags().IntVar(&most, "limit", 0, "at most so many; 0: all")
	c.MarkFlagsMutuallyExclusive("decided", "type")
	return c
}

// eachBatch reads a list by batches, until it ends or there are so many (0: all), and writes what each had once the audit log has
// that it was read.
func eachBatch[T any](ctx context.Context, at *common, most int,
	read func(ctx context.Context, w worklist.Service, by auth.Actor, cursor string, most int) ([]T, string, audit.Note, error), write func(T) error) error {
	for cursor, left := "", most; ; {
		want := unassignedBatch
		if most > 0 {
			want = min(want, left)
		}
		var all []T
		err := at.withWorklist(ctx, "list", func(ctx context.Context, w worklist.Service, by auth.Actor) (note audit.Note, err error) {
			all, cursor, note, err = read(ctx, w, by, cursor, want)
			return note, err
		})
		for i := 0; i < len(all) && err == nil; i++ {
			err = write(all[i])
		}
		if left -= len(all); err != nil || cursor == "" || most > 0 && left <= 0 {
			return err
		}
	}
}

func (at *common) listUnassigned(ctx context.Context, typ string, most int, asJSON bool, out io.Writer) error {
	t := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	if !asJSON {
		fmt.Fprintln(t, "RESOURCE\tWRITTEN\tNAMES\tLIKELY")
	}
	err := eachBatch(ctx, at, most, func(ctx context.Context, w worklist.Service, by auth.Actor, cursor string, want int) ([]worklist.Entry, string, audit.Note, error) {
		return w.List(ctx, by, typ, cursor, want)
	}, func(e worklist.Entry) error {
		r, err := unassignedOf(e)
		if err != nil {
			return err
		}
		if asJSON {
			return json.NewEncoder(out).Encode(r)
		}
		var likely []string
		for _, l := range r.Likely {
			likely = append(likely, l.Patient+" ("+mentionWords[l.By]+")")
		}
		_, err = fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", r.Resource, r.Updated, seenText(strings.Join(r.Names, "; ")), strings.Join(likely, ", "))
		return err
	})
	if err != nil {
		return err
	}
	return t.Flush()
}

func (at *common) listDecided(ctx context.Context, most int, asJSON bool, out io.Writer) error {
	t := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	if !asJSON {
		fmt.Fprintln(t, "RESOURCE\tDECIDED")
	}
	err := eachBatch(ctx, at, most, func(ctx context.Context, w worklist.Service, by auth.Actor, cursor string, want int) ([]storage.Assignment, string, audit.Note, error) {
		return w.Assignments(ctx, by, cursor, want)
	}, func(a storage.Assignment) error {
		d := decidedOf(a)
		if asJSON {
			return json.NewEncoder(out).Encode(d)
		}
		_, err := fmt.Fprintf(t, "%s\t%s\n", d.Resource, decidedText(d))
		return err
	})
	if err != nil {
		return err
	}
	return t.Flush()
}
