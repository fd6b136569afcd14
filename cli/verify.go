package cli

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"satchel/handover"
)

// exitUnjudged is verify's exit code for what could not be judged: its other codes are verdicts, 2 among them.
const exitUnjudged = 4

// maxToldFindings is how many findings are printed; --json has more.
const maxToldFindings = 20

func cmdVerify() *cobra.Command {
	var fingerprint string
	var asJSON, alone bool
	c := &cobra.Command{
		Use:   "verify PATH",
		Short: "Check a package: whole, unchanged, and by whom it was signed",
		Long: `Checks a package that "satchel handover" made: a folder, a ZIP file, or a folder with all parts of one package. It needs
no data directory and no network, and changes nothing. One sentence says how it stands. Without --fingerprint any key may
have signed, and the sentence names it.

Exit codes: 0 good, 1 altered, 2 incomplete (also: sealed as INCOMPLETE), 3 not a package that this version reads,
4 not judged: wrong usage, or the disk could not be read.`,
		Example: `  satchel verify EHI_practice_single_20261123_k2m4.zip
  satchel verify /media/usb --fingerprint SHA256:… --json`,
		Args: func(c *cobra.Command, args []string) error {
			if err := someArgs(1, false, "the path of one package")(c, args); err != nil {
				return codeError{err, exitUnjudged}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			bar := newProgress("verify", true)
			o := handover.VerifyOptions{Fingerprint: fingerprint, Alone: alone, Progress: oneAtATime(bar.step)}
			r, err := handover.Verify(c.Context(), args[0], o)
			bar.end()
			if err != nil {
				return codeError{err, exitUnjudged}
			}
			return tellVerdict(c.OutOrStdout(), r, asJSON)
		},
	}
	c.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return codeError{fmt.Errorf("%w; see: %s --help", err, c.CommandPath()), exitUnjudged}
	})
	c.Flags().StringVar(&fingerprint, "fingerprint", "", "of the key that must have signed, as the practice told it: SHA256:…")
	c.Flags().BoolVar(&alone, "alone", false, "check one part of several without asking for the others")
	c.Flags().BoolVar(&asJSON, "json", false, "write all findings as JSON")
	return c
}

// tellVerdict writes the verdict and ends with its exit code.
func tellVerdict(out io.Writer, r *handover.Result, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(out)
		e.SetEscapeHTML(false)
		if err := e.Encode(r); err != nil {
			return codeError{err, exitUnjudged}
		}
	} else {
		fmt.Fprintln(out, r.Sentence)
		for _, m := range r.Missing[:min(len(r.Missing), maxToldFindings)] {
			fmt.Fprintf(out, "  it lacks: %s\n", m)
		}
		if len(r.Findings) > 1 {
			for _, f := range r.Findings[:min(len(r.Findings), maxToldFindings)] {
				fmt.Fprintf(out, "  %s: %s %s: %s\n", f.Outcome, f.Bag, f.Path, f.Problem)
			}
		}
		for _, n := range r.Notes {
			fmt.Fprintf(out, "note: %s\n", n)
		}
	}
	if r.Outcome == handover.Good {
		return nil
	}
	return codeError{fmt.Errorf("the package is not good: %s", r.Outcome), int(r.Outcome)}
}
