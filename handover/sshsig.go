package handover

import (
	"crypto/rand"
	"crypto/sha512"
	"encoding/pem"
	"errors"
	"fmt"

	"golang.org/x/crypto/ssh"
)

// The signature format is OpenSSH's (PROTOCOL.sshsig): what ssh-keygen -Y sign makes and -Y verify checks.

const sshsigMagic = "SSHSIG"

// sshsigSigned is what the key signs, after the magic.
type sshsigSigned struct {
	Namespace, Reserved, HashAlgorithm string
	Hash                               []byte
}

// sshsigBlob is what the armor holds, after the magic.
type sshsigBlob struct {
	Version                            uint32
	PublicKey                          []byte
	Namespace, Reserved, HashAlgorithm string
	Signature                          []byte
}

// signedText is what is signed for a message.
func signedText(message []byte) []byte {
	sum := sha512.Sum512(message)
	return append([]byte(sshsigMagic), ssh.Marshal(sshsigSigned{signatureNamespace, "", "sha512", sum[:]})...)
}

// sign makes an armored signature over a message.
func (k *Key) sign(message []byte) (string, error) {
	s, err := k.signer.Sign(rand.Reader, signedText(message))
	if err != nil {
		return "", err
	}
	blob := append([]byte(sshsigMagic), ssh.Marshal(sshsigBlob{
		Version: 1, PublicKey: k.signer.PublicKey().Marshal(), Namespace: signatureNamespace,
		HashAlgorithm: "sha512", Signature: ssh.Marshal(s),
	})...)
	return string(pem.EncodeToMemory(&pem.Block{Type: "SSH SIGNATURE", Bytes: blob})), nil
}

// checkSignature checks an armored signature over a message and answers the fingerprint of the key that made it.
// Whose key that is, it does not know.
func checkSignature(armored, message []byte) (fingerprint string, err error) {
	block, _ := pem.Decode(armored)
	if block == nil || block.Type != "SSH SIGNATURE" {
		return "", errors.New("the signature file holds no SSH signature")
	}
	rest, ok := cutMagic(block.Bytes)
	if !ok {
		return "", errors.New("the signature file holds no SSH signature")
	}
	var blob sshsigBlob
	if err := ssh.Unmarshal(rest, &blob); err != nil {
		return "", fmt.Errorf("the signature cannot be read: %w", err)
	}
	if blob.Version != 1 || blob.Namespace != signatureNamespace || blob.HashAlgorithm != "sha512" {
		return "", fmt.Errorf("the signature is for %q with %q; want %q with sha512", blob.Namespace, blob.HashAlgorithm, signatureNamespace)
	}
	key, err := ssh.ParsePublicKey(blob.PublicKey)
	if err != nil {
		return "", fmt.Errorf("the key in the signature cannot be read: %w", err)
	}
	if key.Type() != ssh.KeyAlgoED25519 {
		return "", fmt.Errorf("the signature is by a %q key; want %q", key.Type(), ssh.KeyAlgoED25519)
	}
	var signature ssh.Signature
	if err := ssh.Unmarshal(blob.Signature, &signature); err != nil {
		return "", fmt.Errorf("the signature cannot be read: %w", err)
	}
	if err := key.Verify(signedText(message), &signature); err != nil {
		return "", errors.New("the signature does not fit the list of files")
	}
	return ssh.FingerprintSHA256(key), nil
}

func cutMagic(b []byte) ([]byte, bool) {
	if len(b) < len(sshsigMagic) || string(b[:len(sshsigMagic)]) != sshsigMagic {
		return nil, false
	}
	return b[len(sshsigMagic):], true
}
