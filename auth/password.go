package auth

import (
	"context"
	_ "embed"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"satchel/fhir"
)

const (
	passwordMin = 12
	passwordMax = 128 // characters
)

//go:embed common.txt
var commonText string

// common holds passwords long enough for the rule that everybody tries first, in lower case.
var common = sync.OnceValue(func() map[string]bool {
	m := map[string]bool{}
	for line := range strings.Lines(commonText) {
		m[strings.TrimSpace(line)] = true
	}
	return m
})

// HashPassword makes an argon2id PHC string. A password that is too short, too long or a well-known one is a fhir.Error value.
func HashPassword(password string) (string, error) { return HashPasswordFor("", password) }

// HashPasswordFor is HashPassword for the account of that name, which the password must not repeat.
func HashPasswordFor(name, password string) (string, error) {
	if err := CheckPassword(name, password); err != nil {
		return "", err
	}
	return hash(context.Background(), password)
}

// CheckPassword refuses, by a fhir.Error value, a password that is too short, too long, well known, made of very few
// characters, or little more than the account's name. The text never repeats the password.
func CheckPassword(name, password string) error {
	if !utf8.ValidString(password) || strings.ContainsFunc(password, unicode.IsControl) {
		return fhir.Errorf(fhir.CodeValue, "the password holds control characters or is not UTF-8 text; type it anew")
	}
	password = strings.ToLower(norm.NFKC.String(password))
	name = strings.ToLower(name)
	n := utf8.RuneCountInString(password)
	switch {
	case n < passwordMin:
		return fhir.Errorf(fhir.CodeValue, "the password has %d characters; use %d or more, such as a few words", n, passwordMin)
	case n > passwordMax:
		return fhir.Errorf(fhir.CodeValue, "the password has %d characters; use at most %d", n, passwordMax)
	case common()[password] || distinct(password) < 4:
		return fhir.Errorf(fhir.CodeValue, "the password is one that is guessed first; use a few words that do not belong together")
	case len(name) > 2 && strings.Contains(password, name) && utf8.RuneCountInString(strings.ReplaceAll(password, name, "")) < 9:
		return fhir.Errorf(fhir.CodeValue, "the password is little more than the account's name; use a few words that do not belong together")
	}
	return nil
}

func distinct(s string) int {
	m := map[rune]bool{}
	for _, r := range s {
		m[r] = true
	}
	return len(m)
}
