package auth

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"satchel/fhir"
)

const nameMax = 64

// Name returns the one way to write an account's name: NFKC, 1 to 64 letters, digits and any of . _ - @, the first and
// the last of them a letter or a digit. Everything else (spaces, colons, control, bidirectional and zero-width characters)
// is a fhir.Error value, so that two names that look the same are the same.
func Name(name string) (string, error) {
	n := norm.NFKC.String(name)
	ends := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	first, _ := utf8.DecodeRuneInString(n)
	last, _ := utf8.DecodeLastRuneInString(n)
	bad := strings.ContainsFunc(n, func(r rune) bool { return !ends(r) && !strings.ContainsRune("._-@", r) })
	if bad || !utf8.ValidString(name) || utf8.RuneCountInString(n) > nameMax || !ends(first) || !ends(last) {
		return "", fhir.Errorf(fhir.CodeValue,
			"account name %.80q is not usable; use 1 to %d letters, digits and . _ - @, beginning and ending with a letter or digit", name, nameMax)
	}
	return n, nil
}
