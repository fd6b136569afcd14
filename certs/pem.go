package certs

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/crypto/acme/autocert"

	"satchel/config"
	"satchel/internal/durable"
)

// keyPair is a certificate with its chain and its key in two PEM files.
type keyPair struct {
	cert, key string
	stamp     [2]fileStamp // of what was read last
}

// fileStamp reports whether a file was written anew.
type fileStamp struct {
	changed time.Time
	size    int64
}

// refresh reads the pair again if one of the files was written since.
func (p *keyPair) refresh(_ time.Time, old *tls.Certificate) (*tls.Certificate, error) {
	var stamp [2]fileStamp
	for i, name := range []string{p.cert, p.key} {
		info, err := os.Stat(name)
		if err != nil {
			return nil, fmt.Errorf("read the certificate (tls.cert_file, tls.key_file): %w", err)
		}
		stamp[i] = fileStamp{info.ModTime(), info.Size()}
	}
	if old != nil && stamp == p.stamp {
		return old, nil
	}
	pair, err := tls.LoadX509KeyPair(p.cert, p.key)
	if err != nil {
		return nil, fmt.Errorf("read the certificate %q with the key %q: %w", p.cert, p.key, err)
	}
	p.stamp = stamp // a pair that does not fit is tried again: perhaps only one of the files is new yet
	return &pair, nil
}

// writePair writes a key and its certificates into one file that its owner alone may read, so that they are exchanged
// together or not at all. With fresh it leaves a file alone that is there already: os.ErrExist.
func writePair(path string, fresh bool, key any, chain ...[]byte) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	_ = pem.Encode(&text, &pem.Block{Type: "PRIVATE KEY", Bytes: der}) // a buffer takes everything
	for _, c := range chain {
		_ = pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: c})
	}
	return durable.Write(path, durable.Options{Exclusive: fresh, FolderOwner: true}, durable.Bytes(text.Bytes()))
}

// readPair reads a file of writePair.
func readPair(path string) (*tls.Certificate, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(text, text)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", path, err)
	}
	return &pair, nil
}

// Leaf is the certificate that the server of these settings offers; nil without TLS or before the first one.
func Leaf(ctx context.Context, cfg *config.Config) (*x509.Certificate, error) {
	var text []byte
	var err error
	switch cfg.TLS.Mode {
	case config.TLSFiles:
		text, err = os.ReadFile(cfg.TLS.CertFile)
	case config.TLSLocalCA:
		text, err = os.ReadFile(filepath.Join(cfg.TlsFolder(), serverFile))
	case config.TLSACME:
		m := acmeManager(cfg)
		if text, err = m.Cache.Get(ctx, cfg.TlsNames()[0]); errors.Is(err, autocert.ErrCacheMiss) {
			return nil, nil
		}
	}
	if errors.Is(err, os.ErrNotExist) && cfg.TLS.Mode == config.TLSLocalCA {
		return nil, nil
	}
	if err != nil || text == nil {
		return nil, err
	}
	return firstCertificate(text)
}

// firstCertificate is the first certificate of a PEM text, which is the leaf.
func firstCertificate(text []byte) (*x509.Certificate, error) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			return x509.ParseCertificate(block.Bytes)
		}
	}
	return nil, errors.New("there is no certificate in the PEM file")
}
