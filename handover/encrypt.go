package handover

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"strings"
	"unicode/utf8"

	"filippo.io/age"

	"satchel/internal/durable"
)

// minPassphrase is the least number of characters of a passphrase.
const minPassphrase = 12

// passphraseLetters has no letters that are confused in handwriting or on the telephone.
const passphraseLetters = "abcdefghkmnpqrstuvwxyz23456789"

// NewPassphrase makes a passphrase that can be dictated, of 97 random bits: five groups of four characters.
func NewPassphrase() (string, error) {
	var b strings.Builder
	for i := range 20 {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(passphraseLetters))))
		if err != nil {
			return "", err
		}
		if i > 0 && i%4 == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(passphraseLetters[n.Int64()])
	}
	return b.String(), nil
}

// CheckPassphrase refuses one that is too short.
func CheckPassphrase(passphrase string) error {
	if n := utf8.RuneCountInString(passphrase); n < minPassphrase {
		return fmt.Errorf("the passphrase has %d characters; use at least %d", n, minPassphrase)
	}
	return nil
}

// EncryptAge encrypts a sealed ZIP with a passphrase for the program age, as FILE.age beside it, and returns that path.
// The ZIP stays; removing it is the caller's part.
func EncryptAge(zipPath, passphrase string) (string, error) {
	path := zipPath + ".age"
	return path, EncryptAgeTo(zipPath, path, passphrase)
}

// EncryptAgeTo is [EncryptAge] into the file at path, which must not be there yet.
func EncryptAgeTo(zipPath, path, passphrase string) error {
	if err := CheckPassphrase(passphrase); err != nil {
		return err
	}
	recipient, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return err
	}
	return wrap(zipPath, path, func(out io.Writer, in *os.File, _ int64) error {
		w, err := age.Encrypt(out, recipient)
		if err != nil {
			return err
		}
		if _, err := io.CopyBuffer(w, struct{ io.Reader }{in}, make([]byte, chunkSize)); err != nil {
			return err
		}
		return w.Close()
	})
}

// DecryptAge decrypts a file that [EncryptAge] or age -p made into a new file. A passphrase that does not fit, and a file
// that was cut off or changed, are errors, and leave no file.
func DecryptAge(path, to, passphrase string) error {
	identity, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return err
	}
	return wrap(path, to, func(out io.Writer, in *os.File, _ int64) error {
		r, err := age.Decrypt(bufio.NewReaderSize(in, chunkSize), identity)
		var wrong *age.NoIdentityMatchError
		if errors.As(err, &wrong) {
			return errors.New("the passphrase does not fit")
		}
		if err != nil {
			return err
		}
		_, err = io.Copy(out, r)
		return err
	})
}

// wrap makes the file at path from the file at from: whole, durable, and never over another.
func wrap(from, path string, f func(out io.Writer, in *os.File, size int64) error) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	if err := freeName(path); err != nil {
		return err
	}
	return durable.Write(path, durable.Options{Exclusive: true}, func(file *durable.File) error { // Leftovers knows its name
		out := bufio.NewWriterSize(file, chunkSize)
		return errors.Join(f(out, in, info.Size()), out.Flush())
	})
}
