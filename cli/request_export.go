package cli

import (
	"fmt"
	"io"
	"iter"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"satchel/audit"
	"satchel/internal/durable"
	"satchel/requests"
	"satchel/storage"
)

// requestFormats are the ways to write the ledger out.
var requestFormats = map[string]func(io.Writer, iter.Seq2[requests.Entry, error]) error{
	"csv": requests.WriteCSV, "fhir": requests.WriteFHIR, "bundle": requests.WriteBundle,
}

func cmdRequestExport(at *common) *cobra.Command {
	var f requestFlags
	var format, out string
	c := &cobra.Command{
		Use:   "export",
		Short: "Write the ledger of requests, or a part of it, to a file",
		Long: `Writes requests in order of their numbers: as CSV for a spreadsheet; as FHIR R4, one resource per line: a Task for each
request, and a Provenance for each decision and for whatever was given; or the same as one Bundle.

Exit codes: 0 done, 1 failed, 2 wrong usage.`,
		Example: `  satchel request export --format csv --since 2026-01-01 --out requests.csv
  satchel request export --format fhir --out requests.ndjson`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			filter, err := f.filter()
			if err != nil {
				return err
			}
			write := requestFormats[format]
			if write == nil {
				return usagef("--format is %q; write csv, fhir or bundle", format)
			}
			return at.withLedger(c.Context(), func(s *storage.Store, l *requests.Ledger) error {
				patients, err := requests.Patients(c.Context(), s, filter)
				if err != nil {
					return err
				}
				if err := s.Audit(c.Context(), audit.Event{Who: whoRuns(), Action: audit.RequestExport, Patients: patients, Detail: "as " + format}); err != nil {
					return err
				}
				return writeTo(out, c.OutOrStdout(), func(w io.Writer) error { return write(w, l.Entries(c.Context(), filter)) })
			})
		},
	}
	f.add(c)
	c.Flags().StringVar(&format, "format", "csv", "csv, fhir or bundle")
	c.Flags().StringVar(&out, "out", "", "file to write; it must not exist (default standard output)")
	return c
}

// writeTo writes to a new file of the owner alone, or to out if there is no name. What cannot be written to its end leaves no
// file.
func writeTo(name string, out io.Writer, write func(io.Writer) error) error {
	if name == "" {
		return write(out)
	}
	err := durable.Write(name, durable.Options{Exclusive: true}, func(f *durable.File) error { return write(f) })
	if err != nil {
		return fmt.Errorf("write %q: %w", name, err)
	}
	return nil
}

// seenText is a text for a terminal: one line, without what would move the cursor.
func seenText(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf) {
			return ' '
		}
		return r
	}, s)
}
