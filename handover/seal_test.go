package handover

import (
	"context"
	"errors"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

func TestKeyFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	k, err := NewKey(path, "Practice on\nthe Hill")
	if err != nil {
		t.Fatal(err)
	}
	if info, _ := os.Stat(path); runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	again, err := LoadKey(path, "")
	if err != nil || again.Fingerprint() != k.Fingerprint() || !strings.HasPrefix(k.Fingerprint(), "SHA256:") {
		t.Error(err, k.Fingerprint())
	}
	if !strings.HasPrefix(k.Public(), "ssh-ed25519 AAAA") || !strings.HasSuffix(k.Public(), " Practice on the Hill") {
		t.Error(k.Public())
	}
	if _, err := NewKey(path, ""); err == nil {
		t.Error("a key was replaced")
	}
	if runtime.GOOS != "windows" {
		os.Chmod(path, 0o644)
		if _, err := LoadKey(path, ""); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Error("a key that others can read was taken:", err)
		}
	}
}

func TestPassphrases(t *testing.T) {
	t.Parallel()
	a, err := NewPassphrase()
	b, _ := NewPassphrase()
	if err != nil || a == b || len(a) != 24 || CheckPassphrase(a) != nil {
		t.Error(a, b, err)
	}
	if _, err := EncryptAge("x.zip", "short"); err == nil {
		t.Error("a short passphrase was taken")
	}
}

func sealedZip(t *testing.T) string {
	o := options(t.TempDir())
	o.Zip = true
	return build(t, o).Paths[0]
}

func TestAge(t *testing.T) {
	t.Parallel()
	path := sealedZip(t)
	secret, _ := NewPassphrase()
	encrypted, err := EncryptAge(path, secret)
	if err != nil {
		t.Fatal(err)
	}
	wantOutcome(t, verify(t, encrypted, VerifyOptions{}), Unknown, "age -d")
	back := filepath.Join(t.TempDir(), "back.zip")
	if err := DecryptAge(encrypted, back, secret+"x"); err == nil || !strings.Contains(err.Error(), "does not fit") {
		t.Error(err)
	}
	text, _ := os.ReadFile(encrypted)
	os.WriteFile(encrypted, text[:len(text)-100], 0o600)
	if err := DecryptAge(encrypted, back, secret); err == nil {
		t.Error("a cut file was decrypted")
	}
	if _, err := os.Stat(back); err == nil {
		t.Error("a failed decryption left a file")
	}
	os.WriteFile(encrypted, text, 0o600)
	if err := DecryptAge(encrypted, back, secret); err != nil {
		t.Fatal(err)
	}
	wantOutcome(t, verify(t, back, VerifyOptions{}), Good, "")
}

func TestSelfOpeningLimit(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "big.zip")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	f.Truncate(MaxSelfOpening + 1)
	f.Close()
	if _, err := EncryptHTML(path, "correct horse battery"); err == nil || !strings.Contains(err.Error(), "at most") {
		t.Error(err)
	}
}

var inline = regexp.MustCompile(`(?s)<(style|script)>(.*?)</(?:style|script)>`)

// checkCSP checks that a page lets its own style and script run, and that nothing asks for the network.
func checkCSP(t *testing.T, page string, scripted bool) {
	t.Helper()
	_, after, _ := strings.Cut(page, `Content-Security-Policy" content="`)
	csp, _, _ := strings.Cut(after, `"`)
	csp = html.UnescapeString(csp)
	if !strings.HasPrefix(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("CSP is %q", csp)
	}
	n := 0
	for _, m := range inline.FindAllStringSubmatch(page, -1) {
		n++
		if !strings.Contains(csp, cspHash(m[2])) {
			t.Errorf("the CSP %q does not allow the page's own %s", csp, m[1])
		}
	}
	if n == 0 || strings.Contains(page, "<script>") != scripted || strings.Contains(page, " src=") {
		t.Errorf("%d inline parts; scripts wanted: %v", n, scripted)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	files := content(t, build(t, options(t.TempDir())).Paths[0])
	for name, text := range files {
		if strings.HasSuffix(name, ".html") && !strings.HasPrefix(name, "data/view/") {
			checkCSP(t, text, false)
		}
		if (strings.HasSuffix(name, ".html") || strings.HasSuffix(name, ".txt")) && !strings.HasPrefix(name, "data/attachments/") && strings.Contains(text, "\r") {
			t.Errorf("%s has CR", name)
		}
	}
	first := files["OPEN-ME-FIRST.html"]
	for _, want := range []string{"<strong>COMPLETE</strong>", "Pat &lt;Example&gt;", "data/view/index.html", "https://docs.example.org/ehi/1.0.0/", "Get-FileHash", "sha256sum -c", "satchel verify"} {
		if !strings.Contains(first, want) {
			t.Errorf("the first page does not say %q", want)
		}
	}
	for name, text := range files {
		if !strings.HasPrefix(name, "data/") && name != "OPEN-ME-FIRST.html" && strings.Contains(text, "Pat <Example>") {
			t.Errorf("%s names the patient", name)
		}
	}
}

// What was changed after the judgement is not taken for sound.
func TestReaderHashesAgain(t *testing.T) {
	t.Parallel()
	o := options(t.TempDir())
	path := build(t, o).Paths[0]
	p, err := Open(context.Background(), path, VerifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	edit(t, path, somePatients, func(s string) string { return strings.Replace(s, `"Patient"`, `"Patient" `, 1) })
	var failed error
	for _, err := range p.Resources(Current) {
		if err != nil {
			failed = err
		}
	}
	if failed == nil {
		t.Error("a changed file was read without a word")
	}
	var notGood *NotGood
	if _, err := Open(context.Background(), path, VerifyOptions{}); !errors.As(err, &notGood) || notGood.Result.Outcome != Altered {
		t.Error(err)
	}
}
