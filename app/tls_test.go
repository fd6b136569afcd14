package app

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"satchel/certs"
	"satchel/config"
	"satchel/internal/await"
	"satchel/internal/judge"
	"satchel/internal/testsatchel"
)

// exported is the certificate of the local authority as clients get it.
func exported(t *testing.T, cfg *config.Config) (path string, pool *x509.CertPool) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "ca.crt")
	if err := certs.Export(cfg, []string{path}, io.Discard); err != nil {
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
func localCAServer(t *testing.T) (cfg *config.Config, addr string) {
	cfg = testsatchel.New(t)
	cfg.TLS.Mode = config.TLSLocalCA
	return cfg, testsatchel.Start(t, cfg, Run)
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
	t.Parallel()
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
	t.Parallel()
	judge.Clock(t)
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
	t.Parallel()
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

// A certificate in files is read again when it changes. What half a change does is tested in certs.
func TestTLSFilesReload(t *testing.T) {
	t.Parallel()
	cfg := testsatchel.New(t)
	folder, other := t.TempDir(), testsatchel.New(t)
	other.TLS.Mode = config.TLSLocalCA // makes certificates to give
	made := filepath.Join(other.TlsFolder(), "server-private.pem")
	cfg.TLS.Mode, cfg.TLS.CertFile, cfg.TLS.KeyFile = config.TLSFiles, filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	give := func(files ...string) *big.Int {
		t.Helper()
		os.Remove(made)
		_, err := certs.New(other, slog.New(slog.DiscardHandler))
		testsatchel.Must(t, err)
		text, err := os.ReadFile(made)
		testsatchel.Must(t, err)
		pair, err := tls.X509KeyPair(text, text)
		testsatchel.Must(t, err)
		for _, f := range files { // both parts are in each file, and each is read for its own
			if err := os.WriteFile(f, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return pair.Leaf.SerialNumber
	}
	if _, err := certs.New(cfg, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "tls.cert_file") {
		t.Error(err)
	}
	first := give(cfg.TLS.CertFile, cfg.TLS.KeyFile)
	addr := testsatchel.Start(t, cfg, Run)
	authority, err := certs.Authority(other)
	testsatchel.Must(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(authority.Leaf)
	if got := offered(t, addr, pool).SerialNumber; got.Cmp(first) != 0 {
		t.Error("another certificate")
	}
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}}
	if resp, err := client.Get("https://" + addr + "/healthz"); err != nil || resp.Header.Get("Strict-Transport-Security") != "max-age=31536000" {
		t.Error(err, resp)
	}

	second := give(cfg.TLS.CertFile, cfg.TLS.KeyFile)
	await.Until(t, "the new certificate is in use", func() bool { return offered(t, addr, pool).SerialNumber.Cmp(second) == 0 })
}
