package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/spf13/cobra"

	"satchel/audit"
	"satchel/config"
	"satchel/fhir"
	"satchel/storage"
)

func cmdAudit(at *common) *cobra.Command {
	c := &cobra.Command{
		Use:   "audit",
		Short: "Verify the audit log, or write it out",
		Args:  noArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(cmdAuditVerify(at), cmdAuditExport(at))
	return c
}

func cmdAuditVerify(at *common) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "verify",
		Short: "Show whether anything in the audit log was changed, removed or added",
		Long: `Walks along the whole audit log, also while the server runs, and compares it with the anchors that the server
noted at each start and stop in audit-anchors.txt in the data directory. Keep a copy of that file elsewhere: whoever
can write the database can write that file too.

Exit codes: 0 the log is whole, 1 it was changed, or could not be read to its end, 2 wrong usage.`,
		Example: `  satchel audit verify --data /var/lib/satchel
  satchel audit verify --json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, s, err := at.openData(c.Context(), nil, storage.Options{})
			if err != nil {
				return err
			}
			err = verifyAudit(c.Context(), cfg, s, asJSON, c.OutOrStdout())
			return errors.Join(err, s.Close())
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return c
}

// verdictText is a verdict as JSON.
type verdictText struct {
	Whole   bool        `json:"whole"`
	Events  int64       `json:"events"`
	Anchors int         `json:"anchors"`
	Head    headText    `json:"head"`
	Faults  []faultText `json:"faults"`
	More    int         `json:"moreFaults"`
}

type headText struct {
	Seq    int64  `json:"seq"`
	SHA256 string `json:"sha256"`
}

type faultText struct {
	Kind audit.FaultKind `json:"kind"`
	From int64           `json:"from"`
	To   int64           `json:"to"`
	Text string          `json:"text"`
}

// verifyAudit says whether the log is whole, and notes that somebody looked unless it is not: then nothing is added to it.
func verifyAudit(ctx context.Context, cfg *config.Config, s *storage.Store, asJSON bool, out io.Writer) error {
	anchors, unread := storage.ReadAuditAnchors(cfg.Anchors())
	v, err := s.VerifyAudit(ctx, anchors...)
	if err != nil {
		return err
	}
	if unread != nil {
		v.Add(audit.Rewritten, 0, 0, "anchors that cannot be read: %s", unread)
	}
	if asJSON {
		t := verdictText{v.OK(), v.Rows, v.Anchors, headText{v.Head.Seq, fmt.Sprintf("%x", v.Head.Hash)}, []faultText{}, v.More}
		for _, f := range v.Faults {
			t.Faults = append(t.Faults, faultText{f.Kind, f.From, f.To, f.Text})
		}
		err = json.NewEncoder(out).Encode(t)
	} else {
		_, err = fmt.Fprintln(out, v)
	}
	if err != nil {
		return err
	}
	if !v.OK() {
		return fmt.Errorf("the audit log is not as it was written, in %d places; keep this data directory as it is, and find out who could write to it", len(v.Faults)+v.More)
	}
	return s.Audit(ctx, audit.Event{Who: whoRuns(), Action: audit.AuditVerify, Detail: fmt.Sprintf("whole, %d events, %d anchors", v.Rows, v.Anchors)})
}

// auditFlags select events.
type auditFlags struct {
	since, until, who, patient, format, out string
	actions                                 []string
}

// auditFormats are the ways to write the log out.
var auditFormats = map[string]func(io.Writer, iter.Seq2[audit.Event, error]) error{
	"ndjson": audit.WriteNDJSON, "csv": audit.WriteCSV, "fhir": audit.WriteFHIR,
}

func cmdAuditExport(at *common) *cobra.Command {
	var f auditFlags
	c := &cobra.Command{
		Use:   "export",
		Short: "Write the audit log, or a part of it, to a file",
		Long: `Writes the events of the audit log in order: as NDJSON with all that the chain of hashes covers, as CSV for a
spreadsheet, or as FHIR R4 AuditEvents, one per line.

Exit codes: 0 done, 1 failed, 2 wrong usage.`,
		Example: `  satchel audit export --patient p17 --since 2026-01-01 --format csv --out p17.csv
  satchel audit export --who front --action read,search`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			filter, err := f.filter()
			if err != nil {
				return err
			}
			write := auditFormats[f.format]
			if write == nil {
				return usagef("--format is %q; write ndjson, csv or fhir", f.format)
			}
			_, s, err := at.openData(c.Context(), nil, storage.Options{})
			if err != nil {
				return err
			}
			err = f.export(c.Context(), s, filter, write, c.OutOrStdout())
			return errors.Join(err, s.Close())
		},
	}
	c.Flags().StringVar(&f.since, "since", "", "only events at or after this time, such as 2026-01-31 or 2026-01-31T08:00:00Z")
	c.Flags().StringVar(&f.until, "until", "", "only events before this time")
	c.Flags().StringVar(&f.who, "who", "", "only of this account, client or user of the operating system")
	c.Flags().StringSliceVar(&f.actions, "action", nil, "only these actions, such as read,search (repeatable)")
	c.Flags().StringVar(&f.patient, "patient", "", "only about the patient with this id")
	c.Flags().StringVar(&f.format, "format", "ndjson", "ndjson, csv or fhir")
	c.Flags().StringVar(&f.out, "out", "", "file to write; it must not exist (default standard output)")
	return c
}

// filter reads the flags.
func (f *auditFlags) filter() (audit.Filter, error) {
	x := audit.Filter{Who: f.who, Patient: f.patient, Actions: actionsOf(f.actions)}
	for _, t := range []struct {
		name, text string
		to         *time.Time
	}{{"since", f.since, &x.Since}, {"until", f.until, &x.Until}} {
		if t.text == "" {
			continue
		}
		at, err := fhir.ParseInstant(wholeTime(t.text))
		if err != nil {
			return x, usagef("--%s is %q; write a time such as 2026-01-31 or 2026-01-31T08:00:00Z", t.name, t.text)
		}
		*t.to = at
	}
	if err := x.Check(); err != nil {
		return x, usagef("%w", err)
	}
	return x, nil
}

// export writes the events to the file or out. That it does is an event too, and noted first.
func (f *auditFlags) export(ctx context.Context, s *storage.Store, filter audit.Filter, write func(io.Writer, iter.Seq2[audit.Event, error]) error, out io.Writer) error {
	note := audit.Event{Who: whoRuns(), Action: audit.AuditExport, Detail: "as " + f.format}
	if f.patient != "" {
		note.Patients = []string{f.patient}
	}
	if err := s.Audit(ctx, note); err != nil {
		return err
	}
	return writeTo(f.out, out, func(w io.Writer) error { return write(w, s.AuditStream(ctx, filter, audit.Sort{})) })
}
