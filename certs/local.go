package certs

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"satchel/internal/durable"
)

// The files of a local authority. Each holds a key and the certificates that belong to it; what clients get is made by
// `satchel tls export-ca`.
const (
	authorityFile = "authority-private.pem"
	serverFile    = "server-private.pem"
)

const (
	authorityLife = 10 * 365 * 24 * time.Hour
	serverLife    = 397 * 24 * time.Hour // browsers refuse longer ones
	renewBefore   = 30 * 24 * time.Hour
)

// localCA is a certificate authority of this server alone, and the certificate that it gives the server.
type localCA struct {
	folder string
	names  func() []string // of the server, as they are now
}

// refresh returns the server's certificate, made anew if it ends soon or lacks a name that the server has by now.
func (a *localCA) refresh(now time.Time, old *tls.Certificate) (*tls.Certificate, error) {
	path := filepath.Join(a.folder, serverFile)
	if old == nil {
		var err error
		if old, err = readPair(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
	authority, err := a.authority(now)
	if err != nil {
		return nil, fmt.Errorf("local certificate authority: %w", err)
	}
	if old != nil && old.Leaf.CheckSignatureFrom(authority.Leaf) == nil && a.covers(old.Leaf, authority.Leaf, now) {
		return old, nil
	}
	if err := a.issue(path, authority, now); err != nil {
		return nil, fmt.Errorf("make a certificate for the server: %w", err)
	}
	return readPair(path)
}

// covers reports whether a certificate still does for all names. One that ends with its authority cannot become better.
func (a *localCA) covers(leaf, authority *x509.Certificate, now time.Time) bool {
	for _, name := range a.names() {
		if leaf.VerifyHostname(name) != nil {
			return false
		}
	}
	return now.Add(renewBefore).Before(leaf.NotAfter) || !leaf.NotAfter.Before(authority.NotAfter)
}

// authority reads the authority, or makes it at first use.
func (a *localCA) authority(now time.Time) (*tls.Certificate, error) {
	path := filepath.Join(a.folder, authorityFile)
	pair, err := readPair(path)
	if !errors.Is(err, os.ErrNotExist) {
		return pair, err
	}
	if err := durable.MkdirAll(a.folder, 0o700); err != nil {
		return nil, err
	}
	if err := durable.SameOwner(a.folder, filepath.Dir(a.folder)); err != nil { // root may have made it for the service
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: fmt.Sprintf("Satchel of %s %s", hostName(), now.Format(time.DateOnly))},
		// An hour back: the clocks of clients are not all right.
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(authorityLife),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		IsCA:     true, BasicConstraintsValid: true, MaxPathLenZero: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	if err := writePair(path, true, key, der); err != nil && !errors.Is(err, os.ErrExist) { // a second process was faster
		return nil, err
	}
	return readPair(path)
}

// issue makes a key and a certificate for the server.
func (a *localCA) issue(path string, authority *tls.Certificate, now time.Time) error {
	if !now.Before(authority.Leaf.NotAfter) {
		return fmt.Errorf("the local authority ended on %s; move %q away, start again, and give every client the new one (satchel tls export-ca)",
			authority.Leaf.NotAfter.Format(time.DateOnly), filepath.Join(a.folder, authorityFile))
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		Subject:   pkix.Name{CommonName: cmp.Or(hostName(), "localhost")},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(serverLife),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
	}
	if template.NotAfter.After(authority.Leaf.NotAfter) {
		template.NotAfter = authority.Leaf.NotAfter
	}
	for _, name := range a.names() {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, authority.Leaf, key.Public(), authority.PrivateKey.(crypto.Signer))
	if err != nil {
		return err
	}
	return writePair(path, false, key, der, authority.Leaf.Raw)
}

// localNames are all names and addresses under which clients of this network may know the machine.
func localNames(configured []string) []string {
	names := append([]string{"localhost", "127.0.0.1", "::1"}, configured...)
	if host := hostName(); host != "" {
		names = append(names, host)
	}
	addresses, _ := net.InterfaceAddrs() // without them the other names still do
	for _, a := range addresses {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().IsGlobalUnicast() {
			names = append(names, p.Addr().Unmap().String())
		}
	}
	for i, n := range names {
		names[i] = strings.ToLower(n)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// hostName is the machine's name, if it can stand in a certificate.
func hostName() string {
	host, err := os.Hostname()
	if err != nil || (&x509.Certificate{DNSNames: []string{host}}).VerifyHostname(host) != nil {
		return ""
	}
	return strings.ToLower(host)
}
