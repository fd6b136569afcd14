package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"satchel/app"
	"satchel/auth"
	"satchel/config"
	"satchel/engine"
	"satchel/engine/bulk"
	"satchel/fhir"
	"satchel/internal/durable"
	"satchel/storage"
)

// exportFlags are the parameters of an export as flags.
type exportFlags struct {
	out, since, until, capacity, size string
	types, patients                   []string
}

func cmdExport(at *common) *cobra.Command {
	var f exportFlags
	c := &cobra.Command{
		Use:   "export system|patients|patient ID|group ID --out DIR",
		Short: "Write a Bulk Data export into a folder, without a running server",
		Long: `Writes NDJSON files and manifest.json, as a Bulk Data $export does, into a new or empty folder. Whoever can read the
data directory may do this; accounts and their permissions play no part.

  system      every resource
  patients    everything that belongs to patients
  patient ID  everything that belongs to one patient
  group ID    everything that belongs to the members of a group

Exit codes: 0 done, 1 failed, 2 wrong usage.`,
		Example: `  satchel export patient 123 --out patient-123
  satchel export system --out all --type Patient,Observation --since 2026-01-01`,
		Args: exportArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if f.out == "" {
				return usagef("export needs --out DIR, a folder that is empty or does not exist")
			}
			flags := map[string]string{}
			for key, text := range map[string]string{"bulk_export.file_max_capacity": f.capacity, "bulk_export.file_max_size": f.size} {
				if text != "" {
					flags[key] = text
				}
			}
			request, err := f.request(args)
			if err != nil {
				return codeError{err, exitUsage}
			}
			cfg, s, err := at.openData(c.Context(), flags, storage.Options{})
			if err != nil {
				return err
			}
			err = exportInto(c.Context(), cfg, s, request, strings.Join(args, " "), f.out, c.OutOrStdout())
			return errors.Join(err, s.Close())
		},
	}
	c.Flags().StringVar(&f.out, "out", "", "folder for the files; it must be empty or not exist")
	c.Flags().StringSliceVar(&f.types, "type", nil, "only these resource types, separated by commas")
	c.Flags().StringVar(&f.since, "since", "", "only what changed after this time, such as 2026-01-31 or 2026-01-31T08:00:00Z")
	c.Flags().StringVar(&f.until, "until", "", "only what changed before this time")
	c.Flags().StringArrayVar(&f.patients, "patient", nil, "of patients or a group only this patient's id (repeatable)")
	c.Flags().StringVar(&f.capacity, "file-max-capacity", "", "resources per file (default from the settings)")
	c.Flags().StringVar(&f.size, "file-max-size", "", "bytes per file, such as 100MB (default from the settings)")
	return c
}

// exportArgs checks "system", "patients", "patient ID" and "group ID".
func exportArgs(c *cobra.Command, args []string) error {
	switch {
	case len(args) == 1 && (args[0] == "system" || args[0] == "patients"),
		len(args) == 2 && (args[0] == "patient" || args[0] == "group"):
		return nil
	}
	return usagef("say what to export: system, patients, patient ID or group ID; see: satchel export --help")
}

// request is the parsed request of the arguments and flags, read by the same parser as an HTTP kick-off.
func (f *exportFlags) request(args []string) (bulk.Request, error) {
	var p bulk.Params
	add := func(name, value string) {
		if value != "" {
			p = append(p, fhir.Param{Name: name, Value: value})
		}
	}
	add("_type", strings.Join(f.types, ","))
	add("_since", wholeTime(f.since))
	add("_until", wholeTime(f.until))
	for _, id := range f.patients {
		add("patient", "Patient/"+fhir.BarePatient(id))
	}
	level, group, patient := bulk.LevelSystem, "", ""
	switch args[0] {
	case "patients":
		level = bulk.LevelPatient
	case "patient":
		level, patient = bulk.LevelPatient, fhir.BarePatient(args[1])
	case "group":
		level, group = bulk.LevelGroup, strings.TrimPrefix(args[1], "Group/")
	}
	return bulk.ParseRequest(level, group, patient, p, fhir.Bases{}, true, false)
}

// wholeTime lets people write a day for the instant at which it begins in UTC.
func wholeTime(s string) string {
	if len(s) == len("2026-01-31") {
		return s + "T00:00:00Z"
	}
	return s
}

// exportInto runs an export into a folder and writes its manifest last: a folder with a manifest is complete.
func exportInto(ctx context.Context, cfg *config.Config, s *storage.Store, r bulk.Request, what, out string, say io.Writer) error {
	folder, err := emptyFolder(out)
	if err != nil {
		return err
	}
	defer folder.Close()
	if cfg.HTTP.PublicURL != "" {
		r.Base = strings.TrimSuffix(cfg.HTTP.PublicURL, "/") + "/fhir"
	}
	bar := newProgress("export "+what, false)
	jobs := engine.New(s, folder, app.EngineOptions(cfg, slog.New(slog.DiscardHandler)))
	m, err := app.ExportsOf(cfg, s, jobs).RunExport(ctx, auth.Command(whoRuns(), ""), r, folder, bar.step)
	bar.end()
	if ctx.Err() != nil {
		return errors.New("stopped; the export is not complete")
	}
	if err != nil {
		return err
	}
	if err := writeManifest(folder, m, "satchel export "+what); err != nil {
		return err
	}
	n := countFiles(m)
	fmt.Fprintf(say, "exported %d resources (%.1f MB) in %d files to %s, as of %s\n",
		n.resources, float64(n.bytes)/1e6, len(m.Files), out, fhir.FormatInstant(m.Snapshot.Time))
	for _, f := range m.Files {
		if f.List == bulk.ListError {
			fmt.Fprintf(say, "%s names %d things that are not in it, or were not understood\n", f.Name, f.Count)
		}
	}
	return nil
}

// emptyFolder opens a folder for output: a new one, or an empty one.
func emptyFolder(path string) (*os.Root, error) {
	entries, err := os.ReadDir(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if len(entries) > 0 {
		return nil, fmt.Errorf("%q is not empty; choose a folder that is empty or does not exist", path)
	}
	if err := durable.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	return os.OpenRoot(path)
}

// manifest is the Bulk Data manifest with URLs relative to itself.
type manifest struct {
	TransactionTime     string         `json:"transactionTime"`
	Request             string         `json:"request"`
	RequiresAccessToken bool           `json:"requiresAccessToken"`
	Output              []manifestFile `json:"output"`
	Deleted             []manifestFile `json:"deleted"`
	Error               []manifestFile `json:"error"`
}

type manifestFile struct {
	Type  string `json:"type"`
	URL   string `json:"url"`
	Count int64  `json:"count"`
}

// writeManifest writes manifest.json so that it is either whole or not there.
func writeManifest(folder *os.Root, m bulk.Manifest, request string) error {
	doc := manifest{
		TransactionTime: fhir.FormatInstant(m.Snapshot.Time), Request: request,
		Output: []manifestFile{}, Deleted: []manifestFile{}, Error: []manifestFile{},
	}
	for _, f := range m.Files {
		entry := manifestFile{Type: f.Type, URL: f.Name, Count: f.Count}
		switch f.List {
		case "deleted":
			doc.Deleted = append(doc.Deleted, entry)
		case "error":
			doc.Error = append(doc.Error, entry)
		default:
			doc.Output = append(doc.Output, entry)
		}
	}
	text, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return err
	}
	err = durable.In(folder).Write("manifest.json", durable.Options{}, durable.Bytes(append(text, '\n')))
	if err != nil {
		return fmt.Errorf("write manifest.json: %w", err)
	}
	return nil
}

// fileCount sums up files.
type fileCount struct{ resources, bytes int64 }

func countFiles(m bulk.Manifest) (n fileCount) {
	for _, f := range m.Files {
		n.bytes += f.Bytes
		if f.List == "output" {
			n.resources += f.Count
		}
	}
	return n
}
