package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"satchel/app"
	"satchel/audit"
	"satchel/handover"
	"satchel/requests"
	"satchel/storage"
)

func cmdRequest(at *common) *cobra.Command {
	c := &cobra.Command{
		Use:   "request",
		Short: "Record, list and write out requests of people for records",
		Long: `Works on the ledger of people who ask for records: patients, their representatives, other practices. It works on the
data directory, also while the server runs. Checking identity, approving, making and handing over the copy is done on the
server's pages.

Whoever can read the data directory may do this; accounts and their permissions play no part. The lists hold names of
patients: keep what you write out as safe as a chart.

Exit codes: 0 done, 1 failed, 2 wrong usage.`,
		Example: `  satchel request list
  satchel request show 2026-0017
  satchel request add --file request.json
  satchel request export --format csv --out requests.csv`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(cmdRequestList(at), cmdRequestShow(at), cmdRequestAdd(at), cmdRequestExport(at))
	return c
}

// withLedger runs f on the ledger of the data directory. No packages can be made by it.
func (at *common) withLedger(ctx context.Context, f func(s *storage.Store, l *requests.Ledger) error) error {
	cfg, s, err := at.openData(ctx, nil, storage.Options{})
	if err != nil {
		return err
	}
	return errors.Join(f(s, app.Ledger(cfg, s, func() handover.Practice { return app.PracticeOf(cfg) }, nil, nil)), s.Close())
}

// requestFlags select requests.
type requestFlags struct {
	states               []string
	patient, text        string
	dueUpto, since, till string
	open, late           bool
}

func (f *requestFlags) add(c *cobra.Command) {
	c.Flags().StringSliceVar(&f.states, "state", nil, "only in these states, such as received,verifying (repeatable)")
	c.Flags().BoolVar(&f.open, "open", false, "only those to which an answer is owed")
	c.Flags().StringVar(&f.patient, "patient", "", "only for the patient with this id")
	c.Flags().StringVar(&f.text, "text", "", "only with these words in number, names, birth date or contact")
	c.Flags().StringVar(&f.dueUpto, "due", "", "only due on this day or earlier, such as 2026-01-31")
	c.Flags().StringVar(&f.since, "since", "", "only received on this day or later")
	c.Flags().StringVar(&f.till, "until", "", "only received before this day")
	c.Flags().BoolVar(&f.late, "late", false, "only those answered after their due date")
	c.MarkFlagsMutuallyExclusive("state", "open")
}

// filter reads the flags.
func (f *requestFlags) filter() (requests.Filter, error) {
	x := requests.Filter{Patient: f.patient, Text: f.text, Late: f.late}
	for _, d := range []struct {
		flag, text string
		to         *requests.Day
	}{{"due", f.dueUpto, &x.DueUpto}, {"since", f.since, &x.Since}, {"until", f.till, &x.Until}} {
		day, err := requests.ParseDay(d.text)
		if err != nil {
			return x, usagef("--%s: %w", d.flag, err)
		}
		*d.to = day
	}
	for _, s := range f.states {
		state, err := requests.ParseState(s)
		if err != nil {
			return x, usagef("--state: %w", err)
		}
		x.States = append(x.States, state)
	}
	if f.open {
		x.States = requests.Open()
	}
	return x, nil
}

func cmdRequestList(at *common) *cobra.Command {
	var f requestFlags
	var asJSON bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List requests, those due first",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			filter, err := f.filter()
			if err != nil {
				return err
			}
			return at.withLedger(c.Context(), func(s *storage.Store, l *requests.Ledger) error {
				all, err := everyRequest(c.Context(), l, filter)
				if err != nil {
					return err
				}
				note := audit.Event{Who: whoRuns(), Action: audit.RequestList, Detail: fmt.Sprintf("%d requests", len(all)), Patients: patientsOf(all)}
				if err := s.Audit(c.Context(), note); err != nil {
					return err
				}
				if asJSON {
					return json.NewEncoder(c.OutOrStdout()).Encode(all)
				}
				return printRequests(c.OutOrStdout(), l, all)
			})
		},
	}
	f.add(c)
	c.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return c
}

// everyRequest reads all pages.
func everyRequest(ctx context.Context, l *requests.Ledger, f requests.Filter) ([]requests.Request, error) {
	all := []requests.Request{}
	for p := (requests.Page{Count: 500}); ; {
		page, next, err := l.Requests(ctx, f, p)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if p.Cursor = next; next == "" {
			return all, nil
		}
	}
}

// patientsOf are the ids of the patients whose records are asked for.
func patientsOf(all []requests.Request) []string {
	var ids []string
	for _, r := range all {
		if r.Patient != "" {
			ids = append(ids, r.Patient)
		}
	}
	return ids
}

func printRequests(out io.Writer, l *requests.Ledger, all []requests.Request) error {
	t := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "NUMBER\tSTATE\tDUE\tLEFT\tREQUESTER\tPATIENT\tASKED")
	for _, r := range all {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s (%s)\t%s\t%s\n", r.Number, r.State, r.Due, daysLeft(l, r), seenText(r.Requester.Name), r.Requester.Role,
			seenText(subjectOf(r)), r.Scope)
	}
	return t.Flush()
}

// daysLeft says for people how a request stands with its due date.
func daysLeft(l *requests.Ledger, r requests.Request) string {
	switch level := l.Level(r, l.Today()); level {
	case requests.LevelNone:
		if r.Late {
			return "answered late"
		}
		return "answered"
	case requests.LevelCalm:
		return fmt.Sprintf("%d days", r.Left(l.Today()))
	default:
		return fmt.Sprintf("%d days, %s", r.Left(l.Today()), level)
	}
}

// subjectOf is whose record it is about, for people.
func subjectOf(r requests.Request) string {
	switch {
	case r.Scope == requests.ScopePopulation:
		return "everybody"
	case r.Patient == "":
		return r.Subject.Name + " (not yet identified)"
	case r.Subject.Name == "":
		return "Patient/" + r.Patient
	}
	return r.Subject.Name + " (Patient/" + r.Patient + ")"
}
