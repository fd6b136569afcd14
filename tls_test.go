package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"satchel/internal/judge"
)

// started is a running server of these settings: its address.
func started(t *testing.T, cfg *Config) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan string, 1), make(chan error, 1)
	go func() { done <- run(ctx, cfg, func(addr string) { ready <- addr }) }()
	select {
	case err := <-done:
		cancel()
		t.Fatal(err)
	case addr := <-ready:
		t.Cleanup(func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
		return addr
	}
	return ""
}

// exported is the certificate of the local authority as clients get it.
func exported(t *testing.T, cfg *Config) (path string, pool *x509.CertPool) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "ca.crt")
	if err := exportCA(cfg, []string{path}, io.Discard); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil || bytes.Contains(text, []byte("PRIVATE")) {
		t.Fatalf("%s %v", text, err)
	}
	pool = x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		t.Fatal("no certificate")
	}
	return path, pool
}

// localCAServer is a running server with a local authority.
func localCAServer(t *testing.T) (cfg *Config, addr string) {
	cfg = initialised(t)
	cfg.TLS.Mode = tlsLocalCA
	return cfg, started(t, cfg)
}

// offered is the certificate that a server shows.
func offered(t *testing.T, addr string, pool *x509.CertPool) *x509.Certificate {
	t.Helper()
	c, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: pool, ServerName: "localhost"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0]
}

// Only TLS 1.2 and 1.3 connect, and in 1.2 no cipher without forward secrecy.
func TestTLSVersions(t *testing.T) {
	cfg, addr := localCAServer(t)
	_, pool := exported(t, cfg)
	for v, good := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		c, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: pool, MinVersion: v, MaxVersion: v})
		// Refused for the version itself, and not only because no cipher fits.
		if (err == nil) != good || err != nil && !strings.Contains(err.Error(), "protocol version") {
			t.Errorf("%s: %v", tls.VersionName(v), err)
		}
		if err == nil {
			c.Close()
		}
	}
	for _, weak := range append(tls.InsecureCipherSuites(), tls.CipherSuites()...) {
		if strings.HasPrefix(weak.Name, "TLS_ECDHE") && (strings.Contains(weak.Name, "GCM") || strings.Contains(weak.Name, "CHACHA20")) {
			continue
		}
		c, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: pool, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{weak.ID}})
		if err == nil {
			t.Errorf("%s connects", tls.CipherSuiteName(c.ConnectionState().CipherSuite))
			c.Close()
		}
	}
}

// The same as foreign programs see it: openssl with each version, curl with the exported authority and without it.
func TestTLSForeignClients(t *testing.T) {
	cfg, addr := localCAServer(t)
	ca, _ := exported(t, cfg)
	_, port, _ := net.SplitHostPort(addr)
	for _, c := range []struct {
		good bool
		line []string
	}{
		{false, []string{"openssl", "s_client", "-connect", addr, "-CAfile", ca, "-verify_return_error", "-tls1", "-cipher", "DEFAULT@SECLEVEL=0"}},
		{false, []string{"openssl", "s_client", "-connect", addr, "-CAfile", ca, "-verify_return_error", "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"}},
		{true, []string{"openssl", "s_client", "-connect", addr, "-CAfile", ca, "-verify_return_error", "-tls1_2"}},
		{true, []string{"openssl", "s_client", "-connect", addr, "-CAfile", ca, "-verify_return_error", "-tls1_3"}},
		{true, []string{"curl", "-sf", "--cacert", ca, "https://" + addr + "/healthz"}},
		{true, []string{"curl", "-sf", "--cacert", ca, "https://localhost:" + port + "/readyz"}},
		{false, []string{"curl", "-sf", "https://" + addr + "/healthz"}},
		{false, []string{"curl", "-sf", "http://" + addr + "/healthz"}},
	} {
		t.Run(strings.Join(c.line, " "), func(t *testing.T) {
			path := judge.Program(t, c.line[0])
			out, err := exec.CommandContext(t.Context(), path, c.line[1:]...).CombinedOutput()
			if (err == nil) != c.good {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// A FHIR answer knows that it was asked for by HTTPS, the scheme is announced, HSTS is left out, HTTP/2 works.
func TestTLSAddresses(t *testing.T) {
	cfg, addr := localCAServer(t)
	_, pool := exported(t, cfg)
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}}
	defer client.CloseIdleConnections()
	resp, err := client.Get("https://" + addr + "/fhir/metadata")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if !bytes.Contains(body, []byte(`"https://`+addr+`/fhir"`)) || resp.ProtoMajor != 2 || resp.Header.Get("Strict-Transport-Security") != "" {
		t.Errorf("%s %v\n%.300s", resp.Proto, resp.Header, body)
	}
}

// The local authority's files are the owner's alone; the certificate is kept while it does, and made anew for a new
// name, before its end, and never beyond the authority's end.
func TestLocalCA(t *testing.T) {
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
	if runtime.GOOS == "windows" {
		return
	}
	for file, mode := range map[string]os.FileMode{"": 0o700 | os.ModeDir, authorityFile: 0o600, serverFile: 0o600} {
		if i, err := os.Stat(filepath.Join(a.folder, file)); err != nil || i.Mode() != mode {
			t.Errorf("%q: %v %v", file, i.Mode(), err)
		}
	}
}

// A lost authority takes its certificate with it: clients are to see one that fits the authority they are given.
func TestLocalCALost(t *testing.T) {
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

// A certificate in files is read again when it changes; half a change, or rubbish, leaves the old one in use.
func TestTLSFilesReload(t *testing.T) {
	cfg := initialised(t)
	folder := t.TempDir()
	ca := &localCA{folder: folder, names: func() []string { return []string{"localhost", "127.0.0.1"} }}
	cfg.TLS.Mode, cfg.TLS.CertFile, cfg.TLS.KeyFile = tlsFiles, filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	give := func(files ...string) *big.Int {
		t.Helper()
		os.Remove(filepath.Join(folder, serverFile))
		pair, err := ca.refresh(time.Now(), nil)
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(folder, serverFile))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files { // both parts are in each file, and each is read for its own
			if err := os.WriteFile(f, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return pair.Leaf.SerialNumber
	}
	if _, err := newTLS(cfg, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "tls.cert_file") {
		t.Error(err)
	}
	first := give(cfg.TLS.CertFile, cfg.TLS.KeyFile)
	addr := started(t, cfg)
	authority, err := ca.authority(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(authority.Leaf)
	if got := offered(t, addr, pool).SerialNumber; got.Cmp(first) != 0 {
		t.Error("another certificate")
	}
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}}
	if resp, err := client.Get("https://" + addr + "/healthz"); err != nil || resp.Header.Get("Strict-Transport-Security") != "max-age=31536000" {
		t.Error(err, resp)
	}

	give(cfg.TLS.CertFile)
	time.Sleep(1100 * time.Millisecond)
	if got := offered(t, addr, pool).SerialNumber; got.Cmp(first) != 0 {
		t.Error("a certificate without its key is in use")
	}
	second := give(cfg.TLS.CertFile, cfg.TLS.KeyFile)
	time.Sleep(1100 * time.Millisecond)
	if got := offered(t, addr, pool).SerialNumber; got.Cmp(second) != 0 {
		t.Error("the new certificate is not in use")
	}
	if err := os.WriteFile(cfg.TLS.CertFile, []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	time.Sleep(1100 * time.Millisecond)
	if got := offered(t, addr, pool).SerialNumber; got.Cmp(second) != 0 {
		t.Error("rubbish ended the certificate")
	}
}

// With ACME, what the folder keeps is used without asking anybody, and only configured names are asked for at all.
func TestTLSACME(t *testing.T) {
	cfg := initialised(t)
	cfg.TLS.Mode, cfg.TLS.Names = tlsACME, []string{"records.example.org"}
	ca := &localCA{folder: t.TempDir(), names: func() []string { return cfg.TLS.Names }}
	if _, err := ca.refresh(time.Now(), nil); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(ca.folder, serverFile))
	if err != nil {
		t.Fatal(err)
	}
	if leaf, err := leafOnDisk(t.Context(), cfg); leaf != nil || err != nil {
		t.Error(leaf, err)
	}
	if err := acmeManager(cfg).Cache.Put(t.Context(), "records.example.org", asECKey(t, text)); err != nil {
		t.Fatal(err)
	}
	conf, err := newTLS(cfg, slog.New(slog.DiscardHandler))
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
	if leaf, err := leafOnDisk(t.Context(), cfg); leaf == nil || err != nil {
		t.Error(err)
	}
	if i, err := os.Stat(filepath.Join(cfg.tlsFolder(), "acme")); err != nil || runtime.GOOS != "windows" && i.Mode().Perm() != 0o700 {
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
	now := time.Now()
	for left, want := range map[time.Duration]string{
		31 * 24 * time.Hour: "", 29 * 24 * time.Hour: "less than 30 days", 5 * 24 * time.Hour: "less than 7 days",
		time.Hour: "less than 1 days", -time.Hour: "has ended",
	} {
		got := warnOfExpiry(&x509.Certificate{NotAfter: now.Add(left)}, now)
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
