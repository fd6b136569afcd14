package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
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
			return exportCA(cfg, args, c.OutOrStdout())
		},
	})
	return c
}

// exportCA writes the certificate of the local authority, which it makes if there is none yet.
func exportCA(cfg *Config, args []string, out io.Writer) error {
	if cfg.TLS.Mode != tlsLocalCA {
		return fmt.Errorf("tls.mode is %q, which has no local authority; set it to %q first", cfg.TLS.Mode, tlsLocalCA)
	}
	if _, err := os.Stat(cfg.database()); err != nil {
		return noSatchel(cfg)
	}
	pair, err := (&localCA{folder: cfg.tlsFolder()}).authority(time.Now())
	if err != nil {
		return err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Leaf.Raw})
	if len(args) == 0 {
		_, err = out.Write(text)
		return err
	}
	if err := os.WriteFile(args[0], text, 0o644); err != nil {
		return err
	}
	fmt.Fprintf(out, "wrote the certificate of %q to %s; its SHA-256 fingerprint is %s\n", pair.Leaf.Subject.CommonName, args[0], fingerprint(pair.Leaf))
	return nil
}

// tlsStatus is what `tls status` tells.
type tlsStatus struct {
	Mode        string           `json:"mode"`
	Certificate *certificateInfo `json:"certificate,omitempty"` // none yet: null
	Authority   *certificateInfo `json:"authority,omitempty"`   // with local-ca
}

type certificateInfo struct {
	Subject     string    `json:"subject"`
	Issuer      string    `json:"issuer"`
	Names       []string  `json:"names,omitempty"`
	From        time.Time `json:"from"`
	Until       time.Time `json:"until"`
	Fingerprint string    `json:"sha256"`
}

func infoOf(c *x509.Certificate) *certificateInfo {
	if c == nil {
		return nil
	}
	names := c.DNSNames
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	return &certificateInfo{c.Subject.String(), c.Issuer.String(), names, c.NotBefore, c.NotAfter, fingerprint(c)}
}

// fingerprint is the SHA-256 of a certificate as browsers show it.
func fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return strings.ReplaceAll(fmt.Sprintf("% X", sum[:]), " ", ":")
}

// statusOfTLS reads what is on the disk.
func statusOfTLS(ctx context.Context, cfg *Config) (tlsStatus, error) {
	s := tlsStatus{Mode: cfg.TLS.Mode}
	leaf, err := leafOnDisk(ctx, cfg)
	if err != nil {
		return s, err
	}
	s.Certificate = infoOf(leaf)
	if pair, err := readPair(filepath.Join(cfg.tlsFolder(), authorityFile)); err == nil && cfg.TLS.Mode == tlsLocalCA {
		s.Authority = infoOf(pair.Leaf)
	}
	return s, nil
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
			s, err := statusOfTLS(c.Context(), cfg)
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

func printTLS(out io.Writer, s tlsStatus) error {
	fmt.Fprintf(out, "tls.mode     %s\n", s.Mode)
	if s.Mode != tlsOff && s.Certificate == nil {
		fmt.Fprintln(out, "there is no certificate yet; the server makes or fetches it at its first use")
	}
	printCertificate(out, "certificate", s.Certificate)
	printCertificate(out, "authority", s.Authority)
	if s.Certificate != nil && !time.Now().Before(s.Certificate.Until) {
		return fmt.Errorf("the certificate ended on %s", s.Certificate.Until.Format(time.DateOnly))
	}
	return nil
}

func printCertificate(out io.Writer, what string, i *certificateInfo) {
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
