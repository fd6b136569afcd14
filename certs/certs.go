// Package certs gives the server its certificate: from files, from an authority of its own, or by ACME.
package certs

import (
	"crypto/tls"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"

	"satchel/config"
	"satchel/internal/about"
)

// New makes what the listener offers; nil with tls.mode "off". It fails if there is no certificate to begin with.
func New(cfg *config.Config, log *slog.Logger) (*tls.Config, error) {
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
	case config.TLSOff:
		return nil, nil
	case config.TLSACME:
		m := acmeManager(cfg)
		t.NextProtos = append(t.NextProtos, acme.ALPNProto)
		t.GetCertificate = m.GetCertificate
		return t, nil
	case config.TLSFiles:
		c.every, c.refresh = time.Second, (&keyPair{cert: cfg.TLS.CertFile, key: cfg.TLS.KeyFile}).refresh
	case config.TLSLocalCA:
		c.every, c.refresh = time.Minute, (&localCA{folder: cfg.TlsFolder(), names: func() []string { return localNames(cfg.TlsNames()) }}).refresh
	}
	t.GetCertificate = c.get
	_, err := c.get(nil)
	return t, err
}

// acmeManager gets certificates for the names of the settings, and for no others, over the port that the server listens
// on (TLS-ALPN-01).
func acmeManager(cfg *config.Config) *autocert.Manager {
	return &autocert.Manager{
		Prompt:     autocert.AcceptTOS,
		HostPolicy: autocert.HostWhitelist(cfg.TlsNames()...),
		Cache:      autocert.DirCache(filepath.Join(cfg.TlsFolder(), "acme")), // made with mode 0700
		Client:     &acme.Client{DirectoryURL: cfg.TLS.ACMEDirectory, UserAgent: "satchel/" + about.Version},
		Email:      cfg.TLS.ACMEEmail,
	}
}

// certificate is the server's certificate. It is looked at again now and then when a client connects, so that a new one
// needs no restart.
type certificate struct {
	refresh func(now time.Time, old *tls.Certificate) (*tls.Certificate, error) // returns old if nothing has changed
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
