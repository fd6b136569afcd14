package config

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/crypto/acme"
)

// The values of tls.mode.
const (
	TLSOff     = "off"
	TLSFiles   = "files"    // certificate and key from two files, read again when they change
	TLSLocalCA = "local-ca" // an own authority and a certificate of it, made here
	TLSACME    = "acme"     // from an authority on the internet
)

// Scheme is that of the server's own address.
func (c *Config) Scheme() string {
	if c.TLS.Mode == TLSOff {
		return "http"
	}
	return "https"
}

// TlsNames are the names and addresses that the settings give the server: tls.names and the host of http.public_url.
func (c *Config) TlsNames() []string {
	names := slices.Clone(c.TLS.Names)
	if u, err := url.Parse(c.HTTP.PublicURL); err == nil && u.Hostname() != "" && !slices.Contains(names, u.Hostname()) {
		names = append(names, u.Hostname())
	}
	return names
}

// checkTLS checks the settings of TLS together.
func (c *Config) checkTLS() error {
	t := &c.TLS
	for _, f := range []*string{&t.CertFile, &t.KeyFile} {
		if *f != "" {
			*f = c.path(*f)
		}
	}
	for _, name := range t.Names {
		if net.ParseIP(name) == nil && (name == "" || strings.ContainsAny(name, " /:,*")) {
			return fmt.Errorf("tls.names has %q; write host names or addresses, without scheme and port", name)
		}
	}
	switch t.Mode {
	case TLSOff, TLSLocalCA:
	case TLSFiles:
		if t.CertFile == "" || t.KeyFile == "" {
			return fmt.Errorf("tls.mode is %q; name the two PEM files with tls.cert_file and tls.key_file", t.Mode)
		}
	case TLSACME:
		if len(c.TlsNames()) == 0 {
			return fmt.Errorf("tls.mode is %q; give the host name that the internet knows as tls.names or http.public_url", t.Mode)
		}
		if u, err := url.Parse(t.ACMEDirectory); err != nil || u.Scheme != "https" || u.Host == "" {
			return fmt.Errorf("tls.acme_directory is %q; write an address such as %q", t.ACMEDirectory, acme.LetsEncryptURL)
		}
	default:
		return fmt.Errorf("tls.mode is %q; write one of %q, %q, %q, %q", t.Mode, TLSOff, TLSFiles, TLSLocalCA, TLSACME)
	}
	return nil
}
