package certs

import (
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"time"

	"satchel/config"
	"satchel/datadir"
)

// Authority is the authority of tls.mode "local-ca", which is made if there is none yet.
func Authority(cfg *config.Config) (*tls.Certificate, error) {
	return (&localCA{folder: cfg.TlsFolder()}).authority(time.Now())
}

// Export writes the certificate of the local authority, which it makes if there is none yet.
func Export(cfg *config.Config, args []string, out io.Writer) error {
	if cfg.TLS.Mode != config.TLSLocalCA {
		return fmt.Errorf("tls.mode is %q, which has no local authority; set it to %q first", cfg.TLS.Mode, config.TLSLocalCA)
	}
	if _, err := os.Stat(cfg.Database()); err != nil {
		return datadir.Missing(cfg)
	}
	pair, err := Authority(cfg)
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
