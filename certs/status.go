package certs

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"satchel/config"
)

// Status is what `tls status` tells.
type Status struct {
	Mode        string `json:"mode"`
	Certificate *Info  `json:"certificate,omitempty"` // none yet: null
	Authority   *Info  `json:"authority,omitempty"`   // with local-ca
}

type Info struct {
	Subject     string    `json:"subject"`
	Issuer      string    `json:"issuer"`
	Names       []string  `json:"names,omitempty"`
	From        time.Time `json:"from"`
	Until       time.Time `json:"until"`
	Fingerprint string    `json:"sha256"`
}

func infoOf(c *x509.Certificate) *Info {
	if c == nil {
		return nil
	}
	names := c.DNSNames
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	return &Info{c.Subject.String(), c.Issuer.String(), names, c.NotBefore, c.NotAfter, fingerprint(c)}
}

// fingerprint is the SHA-256 of a certificate as browsers show it.
func fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return strings.ReplaceAll(fmt.Sprintf("% X", sum[:]), " ", ":")
}

// StatusOf reads what is on the disk.
func StatusOf(ctx context.Context, cfg *config.Config) (Status, error) {
	s := Status{Mode: cfg.TLS.Mode}
	leaf, err := Leaf(ctx, cfg)
	if err != nil {
		return s, err
	}
	s.Certificate = infoOf(leaf)
	if pair, err := readPair(filepath.Join(cfg.TlsFolder(), authorityFile)); err == nil && cfg.TLS.Mode == config.TLSLocalCA {
		s.Authority = infoOf(pair.Leaf)
	}
	return s, nil
}
