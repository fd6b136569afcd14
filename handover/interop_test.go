package handover

import (
	"bytes"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"satchel/internal/judge"
)

// These tests ask other programs about our packages; see internal/judge.

// in runs a program in a folder and returns what it says and whether it is content.
func in(t *testing.T, dir, stdin, name string, args ...string) (string, bool) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	if stdin != "" {
		f, err := os.Open(filepath.Join(dir, stdin))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		cmd.Stdin = f
	}
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}

// judged makes a signed package as a folder and unpacked from a ZIP, and lets f judge both.
func judged(t *testing.T, f func(t *testing.T, root string)) {
	forms(t, func(t *testing.T, o Options) {
		o.Key = testKey()
		root := build(t, o).Paths[0]
		if o.Zip {
			root = unzip(t, root)
		}
		f(t, root)
	})
}

func TestPythonBagit(t *testing.T) {
	t.Parallel()
	python := judge.Python(t, "bagit")
	judged(t, func(t *testing.T, root string) {
		if out, ok := in(t, root, "", python, "-m", "bagit", "--validate", "."); !ok {
			t.Errorf("bagit refuses: %s", out)
		}
		write(t, root, somePatients, "x")
		if out, ok := in(t, root, "", python, "-m", "bagit", "--validate", "."); ok {
			t.Errorf("bagit accepts what was changed: %s", out)
		}
	})
}

func TestSha256sum(t *testing.T) {
	t.Parallel()
	program := judge.Program(t, "sha256sum")
	judged(t, func(t *testing.T, root string) {
		for _, list := range []string{payloadManifest, tagManifest} {
			if out, ok := in(t, root, "", program, "--strict", "-c", list); !ok {
				t.Errorf("%s: %s", list, out)
			}
		}
	})
}

// The very commands of HOW-TO-VERIFY.txt.
func TestSSHKeygen(t *testing.T) {
	t.Parallel()
	judge.Program(t, "ssh-keygen")
	shell := judge.Program(t, "sh")
	judged(t, func(t *testing.T, root string) {
		var verifying, showing string
		for line := range strings.Lines(read(t, root, "signature/HOW-TO-VERIFY.txt")) {
			line = strings.TrimSpace(line)
			if strings.HasPrefix(line, "ssh-keygen -Y") {
				verifying = line
			} else if strings.HasPrefix(line, "ssh-keygen -l") {
				showing = line
			}
		}
		out, ok := in(t, root, "", shell, "-c", verifying)
		if !ok || !strings.Contains(out, "Good") || !strings.Contains(out, testKey().Fingerprint()) {
			t.Errorf("%s: %s", verifying, out)
		}
		if out, ok := in(t, root, "", shell, "-c", showing); !ok || !strings.Contains(out, testKey().Fingerprint()) {
			t.Errorf("%s: %s", showing, out)
		}
		edit(t, root, tagManifest, func(s string) string { return s + "\n" })
		if out, ok := in(t, root, "", shell, "-c", verifying); ok {
			t.Errorf("ssh-keygen accepts a changed list: %s", out)
		}
	})
}

// A signature that ssh-keygen made with our key is as good as ours: the same bytes, but for the length of the lines.
func TestSSHKeygenSigns(t *testing.T) {
	t.Parallel()
	program := judge.Program(t, "ssh-keygen")
	dir := t.TempDir()
	k, err := NewKey(filepath.Join(dir, "key"), "")
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "list", "hello\n")
	if out, ok := in(t, dir, "", program, "-Y", "sign", "-n", signatureNamespace, "-f", "key", "list"); !ok {
		t.Fatal(out)
	}
	signature := []byte(read(t, dir, "list.sig"))
	ours, err := k.sign([]byte("hello\n"))
	if err != nil || !bytes.Equal(unarmored(t, signature), unarmored(t, []byte(ours))) {
		t.Errorf("ssh-keygen makes\n%s\nwe make (%v)\n%s", signature, err, ours)
	}
	if fingerprint, err := checkSignature(signature, []byte("hello\n")); err != nil || fingerprint != k.Fingerprint() {
		t.Error(fingerprint, err)
	}
	if _, err := checkSignature(signature, []byte("hello")); err == nil {
		t.Error("another text passes")
	}
	if out, ok := in(t, dir, "", program, "-Y", "sign", "-n", "file", "-f", "key", "key"); !ok {
		t.Fatal(out)
	}
	if _, err := checkSignature([]byte(read(t, dir, "key.sig")), []byte(read(t, dir, "key"))); err == nil {
		t.Error("a signature for another purpose passes")
	}
}

func unarmored(t *testing.T, text []byte) []byte {
	t.Helper()
	block, rest := pem.Decode(text)
	if block == nil || block.Type != "SSH SIGNATURE" || len(rest) > 0 {
		t.Fatalf("no armored signature: %s", text)
	}
	return block.Bytes
}

func TestUnzip(t *testing.T) {
	t.Parallel()
	program := judge.Program(t, "unzip")
	path := sealedZip(t)
	if out, ok := in(t, "", "", program, "-tq", path); !ok {
		t.Error(out)
	}
	if out, ok := in(t, "", "", program, "-Z", "-v", path); !ok || strings.Contains(strings.ToLower(out), "warning") {
		t.Error(out)
	}
}

func TestAgeProgram(t *testing.T) {
	t.Parallel()
	program := judge.Program(t, "age")
	script := judge.Program(t, "script") // age wants its passphrase from a terminal
	path := sealedZip(t)
	encrypted, err := EncryptAge(path, "correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	back := filepath.Join(t.TempDir(), "back.zip")
	cmd := exec.Command(script, "-qec", "'"+program+"' -d -o '"+back+"' '"+encrypted+"'", "/dev/null")
	cmd.Stdin = strings.NewReader("correct horse battery\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	wantOutcome(t, verify(t, back, VerifyOptions{}), Good, "")
}
