package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// The values of tls.mode.
const (
	tlsOff     = "off"
	tlsFiles   = "files"    // certificate and key from two files, read again when they change
	tlsLocalCA = "local-ca" // an own authority and a certificate of it, made here
	tlsACME    = "acme"     // from an authority on the internet
)

// scheme is that of the server's own address.
func (c *Config) scheme() string {
	if c.TLS.Mode == tlsOff {
		return "http"
	}
	return "https"
}

// tlsFolder holds what the server makes itself for TLS: keys, certificates and what ACME keeps.
func (c *Config) tlsFolder() string { return filepath.Join(c.Data, "tls") }

// tlsNames are the names and addresses that the settings give the server: tls.names and the host of http.public_url.
func (c *Config) tlsNames() []string {
	names := slices.Clone(c.TLS.Names)
	if u, err := url.Parse(c.HTTP.PublicURL); err == nil && u.Hostname() != "" && !slices.Contains(names, u.Hostname()) {
		names = append(names, u.Hostname())
	}
	return names
}

// newTLS makes what the listener offers; nil with tls.mode "off". It fails if there is no certificate to begin with.
func newTLS(cfg *Config, log *slog.Logger) (*tls.Config, error) {
	t := &tls.Config{
		MinVersion: tls.VersionTLS12,
		// For TLS 1.2: forward secrecy and authenticated encryption only. TLS 1.3 has no others.
		CipherSuites: []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		},
		NextProtos: []string{"h2", "http/1.1"},
	}
	c := &certificate{log: log, now: time.Now}
	switch cfg.TLS.Mode {
	case tlsOff:
		return nil, nil
	case tlsACME:
		m := acmeManager(cfg)
		t.NextProtos = append(t.NextProtos, acme.ALPNProto)
		t.GetCertificate = m.GetCertificate
		return t, nil
	case tlsFiles:
		c.every, c.refresh = time.Second, (&keyPair{cert: cfg.TLS.CertFile, key: cfg.TLS.KeyFile}).refresh
	case tlsLocalCA:
		c.every, c.refresh = time.Minute, (&localCA{folder: cfg.tlsFolder(), names: func() []string { return localNames(cfg.tlsNames()) }}).refresh
	}
	t.GetCertificate = c.get
	_, err := c.get(nil)
	return t, err
}

// acmeManager gets certificates for the names of the settings, and for no others, over the port that the server listens
// on (TLS-ALPN-01).
func acmeManager(cfg *Config) *autocert.Manager {
	return &autocert.Manager{
		Prompt:     autocert.AcceptTOS,
		HostPolicy: autocert.HostWhitelist(cfg.tlsNames()...),
		Cache:      autocert.DirCache(filepath.Join(cfg.tlsFolder(), "acme")), // made with mode 0700
		Client:     &acme.Client{DirectoryURL: cfg.TLS.ACMEDirectory, UserAgent: "satchel/" + version},
		Email:      cfg.TLS.ACMEEmail,
	}
}

// certificate is the server's certificate. It is looked at again now and then when a client connects, so that a new one
// needs no restart.
type certificate struct {
	refresh func(now time.Time, old *tls.Certificate) (*tls.Certificate, error) // answers old if nothing has changed
	every   time.Duration                                                       // between two looks
	now     func() time.Time
	log     *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	looked  time.Time
}

// get is tls.Config.GetCertificate. What cannot be read now is told in the log, and the certificate before it stays.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if c.current != nil && now.Sub(c.looked) < c.every && !now.Before(c.looked) {
		return c.current, nil
	}
	c.looked = now
	fresh, err := c.refresh(now, c.current)
	switch {
	case err != nil && c.current == nil:
		return nil, err
	case err != nil:
		c.log.Warn("the new certificate cannot be used; the one before it stays", "err", err)
	case fresh != c.current:
		if c.current != nil {
			c.log.Info("certificate changed", "until", fresh.Leaf.NotAfter)
		}
		c.current = fresh
	}
	return c.current, nil
}

// hsts tells browsers to come by HTTPS only from now on. Not for a local authority, whose certificate a browser may not
// know yet: there the warning could then not be passed.
func hsts(cfg *Config, next http.Handler) http.Handler {
	if cfg.TLS.Mode != tlsFiles && cfg.TLS.Mode != tlsACME {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Strict-Transport-Security", "max-age=31536000")
		next.ServeHTTP(w, r)
	})
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
	case tlsOff, tlsLocalCA:
	case tlsFiles:
		if t.CertFile == "" || t.KeyFile == "" {
			return fmt.Errorf("tls.mode is %q; name the two PEM files with tls.cert_file and tls.key_file", t.Mode)
		}
	case tlsACME:
		if len(c.tlsNames()) == 0 {
			return fmt.Errorf("tls.mode is %q; give the host name that the internet knows as tls.names or http.public_url", t.Mode)
		}
		if u, err := url.Parse(t.ACMEDirectory); err != nil || u.Scheme != "https" || u.Host == "" {
			return fmt.Errorf("tls.acme_directory is %q; write an address such as %q", t.ACMEDirectory, acme.LetsEncryptURL)
		}
	default:
		return fmt.Errorf("tls.mode is %q; write one of %q, %q, %q, %q", t.Mode, tlsOff, tlsFiles, tlsLocalCA, tlsACME)
	}
	return nil
}

// expiryWarnings are the days before the end of a certificate on which the log warns.
var expiryWarnings = []int{30, 7, 1}

// warnOfExpiry answers the sentence for the log if leaf ends within the days of [expiryWarnings], else "".
func warnOfExpiry(leaf *x509.Certificate, now time.Time) string {
	left := leaf.NotAfter.Sub(now)
	if left <= 0 {
		return "the certificate has ended; clients refuse to connect"
	}
	for _, days := range slices.Backward(expiryWarnings) {
		if left <= time.Duration(days)*24*time.Hour {
			return fmt.Sprintf("the certificate ends in less than %d days; renew it", days)
		}
	}
	return ""
}
