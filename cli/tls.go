package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"satchel/certs"
	"satchel/config"
)

func cmdTLS(at *common) *cobra.Command {
	c := &cobra.Command{Use: "tls", Short: "Show the server's certificate, or hand out the local authority's", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.AddCommand(cmdTLSStatus(at), &cobra.Command{
		Use:   "export-ca [FILE]",
		Short: "Write the certificate of the local authority for the clients, never its key",
		Long: `Writes the certificate of the local authority (tls.mode = "local-ca") as PEM, to FILE or to standard output.
Clients that trust it connect without a warning:

  Windows   certutil -addstore -f Root satchel-ca.crt      (as administrator)
  Debian    put it into /usr/local/share/ca-certificates/ and run update-ca-certificates
  curl      curl --cacert satchel-ca.crt https://…

Exit codes: 0 done, 1 failed, 2 wrong usage.`,
		Example: `  satchel tls export-ca satchel-ca.crt`,
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			cfg, err := at.load(nil)
			if err != nil {
				return err
			}
			return certs.Export(cfg, args, c.OutOrStdout())
		},
	})
	return c
}

func cmdTLSStatus(at *common) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "status",
		Short: "Say which certificate the server offers, for which names and until when",
		Long: `Says which certificate the server offers, for which names and until when, with its SHA-256 fingerprint.

Exit codes: 0 done, 1 it cannot be read or has ended.`,
		Example: `  satchel tls status --json`,
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := at.load(nil)
			if err != nil {
				return err
			}
			s, err := certs.StatusOf(c.Context(), cfg)
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(c.OutOrStdout()).Encode(s)
			}
			return printTLS(c.OutOrStdout(), s)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return c
}

func printTLS(out io.Writer, s certs.Status) error {
	fmt.Fprintf(out, "tls.mode     %s\n", s.Mode)
	if s.Mode != config.TLSOff && s.Certificate == nil {
		fmt.Fprintln(out, "there is no certificate yet; the server makes or fetches it at its first use")
	}
	printCertificate(out, "certificate", s.Certificate)
	printCertificate(out, "authority", s.Authority)
	if s.Certificate != nil && !time.Now().Before(s.Certificate.Until) {
		return fmt.Errorf("the certificate ended on %s", s.Certificate.Until.Format(time.DateOnly))
	}
	return nil
}

func printCertificate(out io.Writer, what string, i *certs.Info) {
	if i == nil {
		return
	}
	fmt.Fprintf(out, "%-12s %s\n", what, cmp.Or(i.Subject, strings.Join(i.Names, ", ")))
	if len(i.Names) > 0 {
		fmt.Fprintf(out, "  names      %s\n", strings.Join(i.Names, ", "))
	}
	fmt.Fprintf(out, "  issuer     %s\n  valid      %s to %s\n  SHA-256    %s\n", i.Issuer,
		i.From.Format(time.DateOnly), i.Until.Format(time.DateOnly), i.Fingerprint)
}
