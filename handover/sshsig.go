package handover

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

// The signature format is OpenSSH's (PROTOCOL.sshsig): what ssh-keygen -Y sign makes and -Y verify checks.

// sign makes an armored signature over a message.
func (k *Key) sign(message []byte) (string, error) {
	s, err := sshsig.Sign(bytes.NewReader(message), k.signer, sshsig.HashSHA512, signatureNamespace)
	if err != nil {
		return "", err
	}
	return string(sshsig.Armor(s)), nil
}

// checkSignature checks an armored signature over a message and returns the fingerprint of the key that made it.
// Whose key that is, it does not know.
func checkSignature(armored, message []byte) (fingerprint string, err error) {
	s, err := sshsig.Unarmor(armored)
	if err != nil {
		return "", fmt.Errorf("the signature cannot be read: %w", err)
	}
	if s.Namespace != signatureNamespace || s.HashAlgorithm != sshsig.HashSHA512 {
		return "", fmt.Errorf("the signature is for %q with %q; want %q with sha512", s.Namespace, s.HashAlgorithm, signatureNamespace)
	}
	if s.PublicKey.Type() != ssh.KeyAlgoED25519 {
		return "", fmt.Errorf("the signature is by a %q key; want %q", s.PublicKey.Type(), ssh.KeyAlgoED25519)
	}
	if err := sshsig.Verify(bytes.NewReader(message), s, s.PublicKey, sshsig.HashSHA512, signatureNamespace); err != nil {
		return "", errors.New("the signature does not fit the list of files")
	}
	return ssh.FingerprintSHA256(s.PublicKey), nil
}
