package certs

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"satchel/internal/testsatchel"
)

// given writes a new certificate with its key into files. Both parts are in each file, and each is read for its own.
func given(t *testing.T, files ...string) (serial string) {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "tls")
	pair, err := (&localCA{folder: folder, names: func() []string { return []string{"localhost"} }}).refresh(time.Now(), nil)
	testsatchel.Must(t, err)
	text, err := os.ReadFile(filepath.Join(folder, serverFile))
	testsatchel.Must(t, err)
	for _, file := range files {
		testsatchel.Must(t, os.WriteFile(file, text, 0o600))
	}
	return pair.Leaf.SerialNumber.String()
}

// Files are looked at once a second; half a change, or rubbish, leaves the certificate before it in use and is told in the log.
func TestFilesReload(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	now := time.Now()
	folder := t.TempDir()
	cert, key := filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	c := &certificate{log: slog.New(slog.NewTextHandler(&log, nil)), now: func() time.Time { return now }, every: time.Second, refresh: (&keyPair{cert: cert, key: key}).refresh}
	if _, err := c.get(nil); err == nil {
		t.Error("no error without a certificate")
	}
	first := given(t, cert, key)
	for _, step := range []struct {
		what  string
		later time.Duration
		do    func() (want string)
		says  string // in the log
	}{
		{"the first", time.Second, func() string { return first }, ""},
		{"a certificate without its key", time.Second, func() string { given(t, cert); return first }, "cannot be used"},
		{"a pair, too early to be looked at", 999 * time.Millisecond, func() string { given(t, cert, key); return first }, ""},
		{"another pair", time.Second, func() string { return given(t, cert, key) }, "certificate changed"},
	} {
		log.Reset()
		want := step.do()
		now = now.Add(step.later)
		got, err := c.get(nil)
		if err != nil || got.Leaf.SerialNumber.String() != want || !strings.Contains(log.String(), step.says) || step.says == "" && log.Len() > 0 {
			t.Errorf("%s: %v, %v, %s", step.what, got.Leaf.SerialNumber, err, log.String())
		}
	}
	last := c.current
	testsatchel.Must(t, os.WriteFile(cert, []byte("rubbish"), 0o600))
	now = now.Add(time.Second)
	if got, err := c.get(nil); err != nil || got != last || !strings.Contains(log.String(), "cannot be used") {
		t.Errorf("rubbish: %v, %s", err, log.String())
	}
}
