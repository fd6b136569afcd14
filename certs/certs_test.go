package certs

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"satchel/config"
	"satchel/internal/testsatchel"
)

// The local authority's files are the owner's alone; the certificate is kept while it does, and made anew for a new
// name, before its end, and never beyond the authority's end.
func TestLocalCA(t *testing.T) {
	t.Parallel()
	names := []string{"localhost", "127.0.0.1"}
	now := time.Now()
	a := &localCA{folder: filepath.Join(t.TempDir(), "tls"), names: func() []string { return names }}
	renewed := func(want bool, old *tls.Certificate, what string) *tls.Certificate {
		t.Helper()
		fresh, err := a.refresh(now, old)
		if err != nil {
			t.Fatal(what, err)
		}
		if old != nil && (fresh != old) != want {
			t.Errorf("%s: renewed %v", what, fresh != old)
		}
		if life := fresh.Leaf.NotAfter.Sub(fresh.Leaf.NotBefore); life > serverLife+2*time.Hour {
			t.Errorf("%s: lives %s", what, life)
		}
		return fresh
	}
	first := renewed(true, nil, "first")
	if _, err := os.Stat(filepath.Join(a.folder, serverFile)); err != nil {
		t.Fatal(err)
	}
	if again := renewed(true, nil, "after a restart"); !again.Leaf.Equal(first.Leaf) {
		t.Error("a restart made a new certificate")
	}
	renewed(false, first, "nothing changed")
	now = now.Add(serverLife - renewBefore - 2*time.Hour)
	renewed(false, first, "before the time")
	now = now.Add(3 * time.Hour)
	second := renewed(true, first, "30 days before its end")
	names = append(names, "records.practice.lan", "192.0.2.7")
	third := renewed(true, second, "a new name")
	for _, n := range names {
		if err := third.Leaf.VerifyHostname(n); err != nil {
			t.Error(err)
		}
	}
	authority, err := a.authority(now)
	if err != nil {
		t.Fatal(err)
	}
	now = authority.Leaf.NotAfter.Add(-time.Hour)
	last := renewed(true, third, "shortly before the authority's end")
	if !last.Leaf.NotAfter.Equal(authority.Leaf.NotAfter) {
		t.Errorf("%s is not the authority's end", last.Leaf.NotAfter)
	}
	renewed(false, last, "no better one can be made")
	now = now.Add(2 * time.Hour)
	names = append(names, "other")
	if _, err := a.refresh(now, last); err == nil || !strings.Contains(err.Error(), "local authority ended") {
		t.Error(err)
	}
	private(t, a.folder)
}

// private holds the files of a local authority to be its owner's alone.
func private(t *testing.T, folder string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		return
	}
	for file, mode := range map[string]os.FileMode{"": 0o700 | os.ModeDir, authorityFile: 0o600, serverFile: 0o600} {
		if i, err := os.Stat(filepath.Join(folder, file)); err != nil || i.Mode() != mode {
			t.Errorf("%q: %v %v", file, i.Mode(), err)
		}
	}
}

// A lost authority takes its certificate with it: clients are to see one that fits the authority they are given.
func TestLocalCALost(t *testing.T) {
	t.Parallel()
	a := &localCA{folder: t.TempDir(), names: func() []string { return []string{"localhost"} }}
	old, err := a.refresh(time.Now(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(a.folder, authorityFile)); err != nil {
		t.Fatal(err)
	}
	fresh, err := a.refresh(time.Now(), old)
	if err != nil || fresh.Leaf.Equal(old.Leaf) {
		t.Error(err)
	}
}

// With ACME, what the folder keeps is used without asking anybody, and only configured names are asked for at all.
func TestTLSACME(t *testing.T) {
	t.Parallel()
	cfg := testsatchel.New(t)
	cfg.TLS.Mode, cfg.TLS.Names = config.TLSACME, []string{"records.example.org"}
	ca := &localCA{folder: t.TempDir(), names: func() []string { return cfg.TLS.Names }}
	if _, err := ca.refresh(time.Now(), nil); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(ca.folder, serverFile))
	if err != nil {
		t.Fatal(err)
	}
	if leaf, err := Leaf(t.Context(), cfg); leaf != nil || err != nil {
		t.Error(leaf, err)
	}
	if err := acmeManager(cfg).Cache.Put(t.Context(), "records.example.org", asECKey(t, text)); err != nil {
		t.Fatal(err)
	}
	conf, err := New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	hello := func(name string) *tls.ClientHelloInfo {
		return &tls.ClientHelloInfo{ServerName: name, CipherSuites: conf.CipherSuites, SupportedVersions: []uint16{tls.VersionTLS13},
			SignatureSchemes: []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256}, SupportedCurves: []tls.CurveID{tls.CurveP256}}
	}
	if pair, err := conf.GetCertificate(hello("records.example.org")); err != nil || pair.Leaf.VerifyHostname("records.example.org") != nil {
		t.Error(err)
	}
	if _, err := conf.GetCertificate(hello("elsewhere.example.org")); err == nil || !strings.Contains(err.Error(), "not configured") {
		t.Error(err)
	}
	if leaf, err := Leaf(t.Context(), cfg); leaf == nil || err != nil {
		t.Error(err)
	}
	if i, err := os.Stat(filepath.Join(cfg.TlsFolder(), "acme")); err != nil || runtime.GOOS != "windows" && i.Mode().Perm() != 0o700 {
		t.Error(i, err)
	}
}

// asECKey writes the key of a file of writePair in the form in which autocert keeps it.
func asECKey(t *testing.T, text []byte) []byte {
	t.Helper()
	block, rest := pem.Decode(text)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return append(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: marshalEC(t, key)}), rest...)
}

func TestWarnOfExpiry(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for left, want := range map[time.Duration]string{
		31 * 24 * time.Hour: "", 29 * 24 * time.Hour: "less than 30 days", 5 * 24 * time.Hour: "less than 7 days",
		time.Hour: "less than 1 days", -time.Hour: "has ended",
	} {
		got := WarnOfExpiry(&x509.Certificate{NotAfter: now.Add(left)}, now)
		if (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%s: %q", left, got)
		}
	}
}

func marshalEC(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalECPrivateKey(key.(*ecdsa.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	return der
}
