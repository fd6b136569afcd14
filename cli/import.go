package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"satchel/audit"
	"satchel/auth"
	"satchel/engine/imports"
	"satchel/exports"
	"satchel/handover"
	"satchel/storage"
)

const importLong = `Reads .ndjson, .ndjson.gz, .json (a resource or a Bundle), .zip, and folders of these. What is there already with
the same content stays as it is, so an import can be repeated. Lines that cannot be stored are refused, one by one,
and named in a report file with file, line and reason; a report is only made if there is something to say.

A package that "satchel handover" made (folder, ZIP file, or a folder with all its parts) is checked and then restored
with its ids, versions, deletions and attachments. That needs a data directory in which nothing was ever stored, and
no running server. Audit log, accounts and settings of a package are not taken over. A package that was changed is never
restored; one that is unchanged and was made as INCOMPLETE only with --accept-incomplete, and what it lacks is told.

A reference such as https://old.example/fhir/Patient/1 leads to another server and to nobody's record here, whatever ids
there are, unless --base says that the resources of that address are the ones taken over. The store keeps such addresses.

What the files say of their versions (meta.versionId and meta.lastUpdated) decides which is newer, in whatever order they are
read: something older never replaces what is newer. Where they say nothing, the later one counts. What was changed or deleted
here after it was imported stays: the import names it, and leaves out what the files say, unless --overwrite asks for that.
Deletions in the files (deleted/ folders of exports, DELETE entries) are listed, and carried out with --apply-deletions.

An id may be another person's here: two practices both have a Patient/1. By name, birth date and identifiers such persons
are found before anything is stored, shown side by side, and held back with all that refers to them. If it is the same
person, import again with --same; if it is another one, with --another, and --source with a name for where the files
come from: then the person and what is theirs get ids of their own, keep the old ones as identifiers, and the next import
of that source finds them again.

Exit codes: 0 all is in the store, 1 failed or stopped, 2 wrong usage, 3 some lines were refused, or not taken because of
changes made here.`

func cmdImport(at *common) *cobra.Command {
	var report, fingerprint string
	var incomplete bool
	var bases []string
	var m imports.Import
	c := &cobra.Command{
		Use:   "import PATH…",
		Short: "Read resources into the store",
		Long:  importLong,
		Example: `  satchel import export-of-the-old-system/
  satchel import --base https://old.example/fhir export-of-the-old-system/
  satchel import --strict patients.ndjson.gz --report findings.ndjson
  satchel import EHI_practice_population_20261123_k2m4_bag-001.zip`,
		Args: someArgs(1, true, "a file or folder to read"),
		RunE: func(c *cobra.Command, args []string) error {
			if i := slices.IndexFunc(args, imports.IsPackage); i >= 0 && len(args) > 1 {
				return usagef("%q is a package; import it alone", args[i])
			} else if i >= 0 {
				return importPackage(c.Context(), at, args[0], handover.VerifyOptions{Fingerprint: fingerprint, Incomplete: incomplete}, c.OutOrStdout())
			}
			if err := m.Choices.Check(); err != nil {
				return usagef("%v", err)
			}
			cfg, s, err := at.openData(c.Context(), nil, storage.Options{Bulk: true})
			if err != nil {
				return err
			}
			if report == "" {
				report = filepath.Join(cfg.Data, "import-report-"+time.Now().Format("20060102-150405")+".ndjson")
			}
			for _, base := range bases {
				if err := s.AddBase(c.Context(), audit.Event{Who: whoRuns(), Action: audit.SettingChange}, base); err != nil {
					return errors.Join(err, s.Close())
				}
			}
			err = importPaths(c.Context(), s, m, args, report, c.OutOrStdout())
			return errors.Join(err, s.Close())
		},
	}
	c.Flags().StringVar(&report, "report", "", "file for refused lines and findings (default import-report-TIME.ndjson in the data directory)")
	c.Flags().StringArrayVar(&bases, "base", nil, "FHIR base URL of the server whose resources these are: references below it are meant for them; may be repeated")
	c.Flags().BoolVar(&m.Strict, "strict", false, "refuse resources that break rules of FHIR's structure, instead of storing and reporting them")
	c.Flags().BoolVar(&m.Overwrite, "overwrite", false, "take what the files say also where it is older than what is here, or where that was changed here since")
	c.Flags().BoolVar(&m.Deletions, "apply-deletions", false, "carry out the deletions that the files ask for, instead of listing them")
	c.Flags().StringArrayVar(&m.Same, "same", nil, "Patient/ID (or Practitioner …) that was held back: it is the same person here and in the files; may be repeated")
	c.Flags().StringArrayVar(&m.Another, "another", nil, "Patient/ID (or Practitioner …) that was held back: it is another person, who gets another id; may be repeated")
	c.Flags().StringVar(&m.Source, "source", "", "a name for where the files come from, such as the old system's: the same name gives the same ids again")
	c.Flags().StringVar(&fingerprint, "fingerprint", "", "of a package: the key that must have signed it, SHA256:…")
	c.Flags().BoolVar(&incomplete, "accept-incomplete", false, "of a package: restore it although it was made as INCOMPLETE and says so")
	return c
}

// importPaths reads paths into the store, and says by type what it did.
func importPaths(ctx context.Context, s *storage.Store, m imports.Import, paths []string, report string, out io.Writer) error {
	begin := time.Now()
	r := &reportFile{path: report}
	bar := newProgress("import", true)
	door := exports.Service{Store: s}
	var loose imports.Unassigned
	var held []imports.Held
	m.Progress, m.Finding, m.Unassigned = bar.step, r.add, func(u imports.Unassigned) { loose = u }
	m.Held = func(h imports.Held) { held = append(held, h) }
	counts, err := door.RunImport(ctx, auth.Command(whoRuns(), ""), m, paths...)
	bar.end()
	err = errors.Join(err, r.close())
	printCounts(out, counts, time.Since(begin))
	if r.lines > 0 {
		fmt.Fprintf(out, "findings: %d, of them refused: %d; see %s\n", r.lines, r.refused, r.path)
	}
	printHeld(out, held)
	if loose.N > 0 {
		fmt.Fprintf(out, "unassigned: %d of these say of nobody whose they are, so that no patient's copy holds them: %s\nsee: satchel unassigned list\n",
			loose.N, first(loose))
	}
	switch {
	case ctx.Err() != nil:
		return errors.New("stopped; what is counted above is in the store, and the same import again continues from there")
	case err != nil:
		return err
	case r.refused > 0:
		return codeError{fmt.Errorf("refused: %d; the reasons are in %s", r.refused, r.path), exitRefused}
	}
	return nil
}

// printHeld shows who is held back, side by side with whoever has the id, and what to do.
func printHeld(out io.Writer, held []imports.Held) {
	for _, h := range held {
		here, another := "here", " --another "+h.Key+" --source NAME"
		if h.InFiles {
			here = "files"
		}
		fmt.Fprintf(out, "held back: %s, and what refers to it: the id is another person's, by %s\n", h.Key, strings.Join(h.Differs, " and "))
		fmt.Fprintf(out, "  %-6s %s\n  %-6s %s (%s:%d)\n", here+":", namedText(h.Here), "files:", namedText(h.There), h.File, h.Line)
		fmt.Fprintf(out, "  the same person: import again with --same %s\n  another person:  import again with%s\n", h.Key, another)
	}
}

func namedText(n imports.HeldName) string {
	return cmp.Or(n.Name, "(no name)") + ", born " + cmp.Or(n.BirthDate, "(not told)")
}

// first names the first of what is unassigned.
func first(u imports.Unassigned) string {
	text := strings.Join(u.First, " ")
	if more := u.N - int64(len(u.First)); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// printCounts prints a table of what was done, by type.
func printCounts(out io.Writer, counts map[string]imports.Counts, took time.Duration) {
	t := tabwriter.NewWriter(out, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "type\tcreated\tupdated\tunchanged\tdeleted\tolder\trefused\t")
	row := func(typ string, n imports.Counts) {
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t\n", cmp.Or(typ, "(unreadable)"), n.Created, n.Updated, n.Unchanged, n.Deleted, n.Older, n.Refused)
	}
	var sum imports.Counts
	for _, typ := range slices.Sorted(maps.Keys(counts)) {
		sum.Add(counts[typ])
		row(typ, counts[typ])
	}
	row("all", sum)
	t.Flush()
	fmt.Fprintf(out, "%d resources in %.1f s\n", sum.Sum(), took.Seconds())
}
