package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"satchel/app"
	"satchel/auth"
	"satchel/config"
	"satchel/datadir"
	"satchel/engine"
	"satchel/engine/pack"
	"satchel/fhir"
	"satchel/handover"
	"satchel/internal/secretfile"
	"satchel/storage"
)

// handoverFlags say how a package is made.
type handoverFlags struct {
	out, practice, contact, purpose, job, docs, passphrase, bag string
	linked, confirmed                                           []string
	zip, sign, html, json                                       bool
}

func cmdHandover(at *common) *cobra.Command {
	var f handoverFlags
	c := &cobra.Command{
		Use:   "handover patient ID|population|linked ID --out DIR",
		Short: "Make a sealed package of one patient's record or of everything, for whoever gets it next",
		Long: `Writes a package into the folder DIR: the resources with their earlier versions and deletions, documents and pictures
as files, for one patient pages to read in a browser, for the population the audit log, accounts (without secrets)
and settings. What was written is read back and compared with what the store counts; the verdict is on the package's
first page. The package is signed with the key of the data directory. A server may run meanwhile.

  patient ID  the record of one patient
  population  everything the practice holds, in parts of at most --bag-size
  linked ID   makes nothing: lists who is linked with the patient by Patient.link, with name and birth date

Of linked patients only those come along that --with-linked names; one who differs in name, birth date, sex or numbers only
if --confirm-linked names it, too. Those that are left out are named in the package.

With --passphrase-file the package is one encrypted file: for the program age, or with --html a page that opens itself
in a browser. Whoever can read the data directory may do this; accounts and their permissions play no part.

Exit codes: 0 done, 1 failed, or the package is INCOMPLETE (it is made all the same, and says so), 2 wrong usage.`,
		Example: `  satchel handover patient 123 --out /media/usb --zip
  satchel handover patient 123 --out . --passphrase-file pass --html
  satchel handover population --out /mnt/handover --practice "Practice Dr. Sommer"`,
		Args: handoverArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if args[0] == "linked" {
				return f.listLinked(c, at, args[1])
			}
			return f.run(c, at, args)
		},
	}
	c.Flags().StringVar(&f.out, "out", "", "folder in which the package shall stand")
	c.Flags().BoolVar(&f.zip, "zip", false, "make a ZIP file instead of a folder")
	c.Flags().BoolVar(&f.sign, "sign", true, "sign with the key of the data directory (--sign=false leaves it out)")
	c.Flags().StringVar(&f.passphrase, "passphrase-file", "", "file whose first line is a passphrase to encrypt the package with")
	c.Flags().BoolVar(&f.html, "html", false, "encrypt into a page that opens itself in a browser, instead of for age")
	c.Flags().StringVar(&f.practice, "practice", "", "name of the practice, for the package's name and first page")
	c.Flags().StringVar(&f.contact, "contact", "", "whom to ask about the package, for its first page")
	c.Flags().StringVar(&f.purpose, "purpose", "", "access, handover or backup (default access for a patient, handover for the population)")
	c.Flags().StringVar(&f.job, "job", "", "your own name for the request, without names of persons (default a random one)")
	c.Flags().StringVar(&f.docs, "documentation-url", "", "public page that documents the format (default /docs/format/VERSION of http.public_url; without that, the copy in the package)")
	c.Flags().StringVar(&f.bag, "bag-size", "", "most bytes of one part of a population, such as 3.5GB; 0 makes one part of all (default package.bag_size of the settings)")
	c.Flags().StringArrayVar(&f.linked, "with-linked", nil, "id of another Patient that staff know to be the same person, and whose record comes along (repeatable)")
	c.Flags().StringArrayVar(&f.confirmed, "confirm-linked", nil, "id of one of these that differs from the patient, to confirm it once more (repeatable)")
	c.Flags().BoolVar(&f.json, "json", false, "write the outcome as JSON")
	return c
}

// run is `satchel handover`.
func (f *handoverFlags) run(c *cobra.Command, at *common, args []string) error {
	r, err := f.request(args)
	if err != nil {
		return err
	}
	secret, err := secretfile.Passphrase(f.passphrase)
	if err != nil {
		return err
	}
	cfg, s, err := at.openData(c.Context(), nil, storage.Options{})
	if err != nil {
		return err
	}
	if r.Key == nil && f.sign {
		if r.Key, err = datadir.SigningKey(cfg); err != nil {
			return errors.Join(err, s.Close())
		}
	}
	if f.bag == "" {
		r.BagSize = int64(cfg.Package.BagSize)
	}
	app.DescribePackage(cfg, &r)
	if r.Patient == "" {
		r.Requests = app.RequestLines(s)
	}
	err = handOver(c.Context(), cfg, s, r, secret, f, c.OutOrStdout())
	return errors.Join(err, s.Close())
}

// handoverArgs checks "population", "patient ID" and "linked ID".
func handoverArgs(_ *cobra.Command, args []string) error {
	if len(args) == 1 && args[0] == "population" || len(args) == 2 && (args[0] == "patient" || args[0] == "linked") {
		return nil
	}
	return usagef("say what to hand over: patient ID or population, or linked ID to look first; see: satchel handover --help")
}

// request is what the arguments and flags ask for.
func (f *handoverFlags) request(args []string) (pack.Run, error) {
	r := pack.Run{Order: handover.Order{Purpose: f.purpose}, Dir: f.out, Job: f.job, DocumentationURL: f.docs}
	switch {
	case f.out == "":
		return r, usagef("handover needs --out DIR, the folder for the package")
	case f.html && f.passphrase == "":
		return r, usagef("--html encrypts: give --passphrase-file FILE, too")
	}
	if err := readSize(f.bag, &r.BagSize); err != nil {
		return r, usagef("--bag-size: %w", err)
	}
	if !f.zip && f.passphrase == "" {
		r.Form = handover.FormFolder
	}
	r.Sender = handover.Practice{Name: f.practice, Contact: f.contact}
	for _, id := range f.linked {
		r.Linked = append(r.Linked, fhir.BarePatient(id))
	}
	for _, id := range f.confirmed {
		r.Confirmed = append(r.Confirmed, fhir.BarePatient(id))
	}
	if args[0] == "patient" {
		r.Patient = fhir.BarePatient(args[1])
	}
	r.Population = args[0] == "population"
	if err := r.Check(); err != nil {
		return r, usagef("%w", err)
	}
	return r, nil
}

// readSize reads a size as the settings write it; 0 is allowed.
func readSize(text string, to *int64) error {
	if text == "0" || text == "" {
		return nil
	}
	size, err := config.ParseSize(text)
	*to = int64(size)
	return err
}

// handOver makes the package, encrypts it if there is a passphrase, and says how it ended.
func handOver(ctx context.Context, cfg *config.Config, s *storage.Store, r pack.Run, secret string, f *handoverFlags, out io.Writer) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50) // a server may run beside this on a small machine: less memory for a little more time
	}
	dir := r.Dir
	tidyLeftovers(dir)
	if secret != "" { // what is not encrypted yet stands where nobody takes it for a package, also if this is killed
		done, err := hide(&r)
		if err != nil {
			return err
		}
		defer done()
	}
	bar := newProgress("handover", false)
	jobs := engine.New(s, nil, engine.Options{Log: slog.New(slog.DiscardHandler)})
	h, err := app.ExportsOf(cfg, s, jobs).RunPackage(ctx, auth.Command(whoRuns(), ""), r, bar.step, func(h *pack.Made) (err error) {
		if secret != "" {
			h.Paths, err = encrypt(h.Paths, secret, f.html, dir)
		}
		return err
	})
	bar.end()
	if ctx.Err() != nil {
		return errors.New("stopped; there is no package")
	}
	if err != nil {
		return err
	}
	if f.json {
		err = json.NewEncoder(out).Encode(outcomeOf(h))
	} else {
		tellHandover(out, h, secret != "")
	}
	if err == nil && h.Verdict == handover.Incomplete {
		err = fmt.Errorf("the package is INCOMPLETE: %s", strings.Join(h.Problems, "; "))
	}
	return err
}

// handoverOutcome is the outcome of a handover as JSON.
type handoverOutcome struct {
	Verdict         handover.Verdict          `json:"verdict"`
	Problems        []string                  `json:"problems,omitempty"`
	Paths           []string                  `json:"paths"`
	Job             string                    `json:"job"`
	TransactionTime string                    `json:"transactionTime"`
	Files           int64                     `json:"files"`
	Bytes           int64                     `json:"bytes"`
	Signer          string                    `json:"signer,omitempty"`
	Counts          map[string]handover.Count `json:"counts"`
	LeftOut         []handover.LinkedRecord   `json:"linkedLeftOut,omitempty"` // linked with the record, not in it
}

func outcomeOf(h pack.Made) handoverOutcome {
	return handoverOutcome{h.Verdict, h.Problems, h.Paths, h.Job, fhir.FormatInstant(h.Snapshot.Time), h.Files, h.Bytes, h.Signer, h.Counts, h.LeftOut}
}

// tellHandover says how it ended, where the package is, and how to check it.
func tellHandover(out io.Writer, h pack.Made, encrypted bool) {
	n := totalOf(h)
	left := ""
	if n.excluded > 0 {
		left = fmt.Sprintf(", %d excluded for stated reasons", n.excluded)
	}
	fmt.Fprintf(out, "%s: %d resources, %d earlier versions, %d deletions%s; %d files (%.1f MB) as of %s, in:\n",
		h.Verdict, n.current, n.earlier, n.deleted, left, h.Files, float64(h.Bytes)/1e6, fhir.FormatInstant(h.Snapshot.Time))
	for _, p := range h.Paths {
		fmt.Fprintf(out, "  %s\n", p)
	}
	for _, l := range h.LeftOut {
		fmt.Fprintln(out, l)
	}
	key := "It is not signed."
	if h.Signer != "" {
		key = "Signed with the key " + h.Signer + "; tell the receiver this fingerprint on another way."
	}
	fmt.Fprintln(out, key)
	if encrypted {
		fmt.Fprintln(out, "It is encrypted; tell the passphrase on another way, too. After opening it, the ZIP is checked with: satchel verify FILE")
		return
	}
	fmt.Fprintf(out, "Check it with: satchel verify %s\n", h.Paths[0])
}

// handoverTotal sums up the counts of a package.
type handoverTotal struct{ current, earlier, deleted, excluded int64 }

func totalOf(h pack.Made) (n handoverTotal) {
	for _, c := range h.Counts {
		n.current += c.ExportedCurrent
		n.earlier += c.ExportedVersions - c.ExportedCurrent
		n.deleted += c.ExportedDeleted
		for _, m := range []map[string]int64{c.ExcludedVersions, c.ExcludedDeleted} {
			for _, k := range m {
				n.excluded += k
			}
		}
	}
	return n
}
