package requests

import (
	"crypto/rand"
	_ "embed"
	"math/big"
	"strings"
)

// wordList is one word per line: short, common English words that are told apart on the telephone.
//
//go:embed words.txt
var wordList string

var words = strings.Fields(wordList)

// passphraseWords is how many words a passphrase has. With more than 1,024 words to choose from that is over 60 bits.
const passphraseWords = 6

// NewPassphrase makes a passphrase that can be told on the telephone: six words with hyphens between.
func NewPassphrase() string {
	chosen := make([]string, passphraseWords)
	for i := range chosen {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(words))))
		if err != nil {
			panic(err) // crypto/rand never fails
		}
		chosen[i] = words[n.Int64()]
	}
	return strings.Join(chosen, "-")
}

// Passphrase is what somebody typed, as it was meant: small letters, and one hyphen for whatever stands between words.
func Passphrase(typed string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(typed), func(r rune) bool { return r < 'a' || r > 'z' }), "-")
}
