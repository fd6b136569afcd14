package handover

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/crypto/ssh"

	"satchel/internal/durable"
)

// Names in signatures.
const (
	signatureNamespace = "satchel-ehi" // so that no signature made for something else passes for one of a package
	signerName         = "satchel"     // by which allowed_signers names the key
	signatureFile      = "signature/tagmanifest-sha256.txt.sig"
)

// Key signs packages. It is an Ed25519 key in a file that ssh-keygen reads too.
type Key struct {
	signer  ssh.Signer
	comment string
}

// NewKey makes a key and writes it to a file that only its owner can read; a file that is there is not replaced.
// comment is written beside the public key, such as the name of the practice; it may be empty.
func NewKey(path, comment string) (*Key, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	comment = strings.Join(strings.Fields(comment), " ")
	block, err := ssh.MarshalPrivateKey(private, comment)
	if err != nil {
		return nil, err
	}
	err = durable.Write(path, durable.Options{Exclusive: true, FolderOwner: true}, durable.Bytes(pem.EncodeToMemory(block)))
	if err != nil {
		return nil, fmt.Errorf("make a signing key: %w", err)
	}
	return LoadKey(path, comment)
}

// LoadKey reads a key. It refuses a file that others on the machine can read.
func LoadKey(path, comment string) (*Key, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("signing key %q can be read by others; run: chmod 600 %q", path, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	signer, err := ssh.ParsePrivateKey(text)
	if err != nil {
		return nil, fmt.Errorf("signing key %q: %w", path, err)
	}
	k := &Key{signer, strings.Join(strings.Fields(comment), " ")}
	return k, k.check()
}

// check refuses keys of other kinds.
func (k *Key) check() error {
	if k.signer == nil || k.signer.PublicKey().Type() != ssh.KeyAlgoED25519 {
		return errors.New("the signing key is not an Ed25519 key; make one with NewKey or ssh-keygen -t ed25519")
	}
	return nil
}

// Public is the public key as one line, as in a .pub file of ssh-keygen.
func (k *Key) Public() string {
	line := strings.TrimSuffix(string(ssh.MarshalAuthorizedKey(k.signer.PublicKey())), "\n")
	return strings.TrimSpace(line + " " + k.comment)
}

// Fingerprint is that of the public key, as ssh-keygen -l prints it: SHA256:….
func (k *Key) Fingerprint() string { return ssh.FingerprintSHA256(k.signer.PublicKey()) }

func (k *Key) fingerprint() string {
	if k == nil {
		return ""
	}
	return k.Fingerprint()
}

// paper is a small text file of a bag.
type paper struct{ path, text string }

// papers are the files beside the signature.
func (k *Key) papers() []paper {
	public := strings.TrimSuffix(string(ssh.MarshalAuthorizedKey(k.signer.PublicKey())), "\n")
	return []paper{
		{"signature/signer.pub", k.Public() + "\n"},
		{"signature/allowed_signers", fmt.Sprintf("%s namespaces=%q %s\n", signerName, signatureNamespace, public)},
		{"signature/HOW-TO-VERIFY.txt", fmt.Sprintf(howToVerify, k.Fingerprint())},
	}
}

const howToVerify = `How to check the signature of this package
==========================================

What it proves: nothing in this folder was changed since the owner of the key
below sealed it. Whose key it is, only the practice can tell you: compare the
fingerprint with the one on its letter or ask by telephone. A fingerprint that
came together with the package proves nothing about who sent it.

    %s

In a terminal, in the folder that has bagit.txt in it:

1. The signature (ssh-keygen is part of Windows 10 and later, macOS and Linux):

   ssh-keygen -Y verify -f signature/allowed_signers -I satchel -n satchel-ehi -s signature/tagmanifest-sha256.txt.sig < tagmanifest-sha256.txt

   In PowerShell, which has no "<":

   cmd /c "ssh-keygen -Y verify -f signature/allowed_signers -I satchel -n satchel-ehi -s signature/tagmanifest-sha256.txt.sig < tagmanifest-sha256.txt"

   The fingerprint of the key:

   ssh-keygen -l -f signature/signer.pub

2. The lists that the signature covers, and the files that they cover:

   sha256sum -c tagmanifest-sha256.txt
   sha256sum -c manifest-sha256.txt

   README.txt says how to do that on Windows and macOS.

Or all in one: satchel verify FOLDER
`
