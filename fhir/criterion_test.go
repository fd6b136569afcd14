package fhir

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestSplitAndUnescape(t *testing.T) {
	for text, want := range map[string][]string{
		"a,b":         {"a", "b"},
		`a\,b,c`:      {"a,b", "c"},
		`a\\,b`:       {`a\`, "b"},
		`a\|b\$c\\\,`: {`a|b$c\,`},
		`a\b\`:        {`a\b\`},
		"":            {""},
		",":           {"", ""},
	} {
		parts := splitUnescaped(text, ',')
		for i := range parts {
			parts[i] = unescape(parts[i])
		}
		if !slices.Equal(parts, want) {
			t.Errorf("%s: %q, want %q", text, parts, want)
		}
	}
}

func TestFold(t *testing.T) {
	for text, want := range map[string]string{
		"":                      "",
		"  A \t b\n":            "a b",
		"MÜLLER":                "muller",
		"Straße":                "strasse",
		"e\u0301":               "e",
		"\u00a0x\u00a0 y\u00a0": "x y",
		"ΆΣ":                    "ασ",
		"İ":                     "i",
		"日本 ":                   "日本",
	} {
		if got := fold(text); got != want {
			t.Errorf("%q folds to %q, want %q", text, got, want)
		}
	}
}

// A text is found by each of its beginnings, and what is found lies in the range that the search names.
func TestFoldedBeginnings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.SampledFrom([]rune("aÄ é\u0301\u00a0ßİﬁŁ\t")))).Draw(t, "text")
		runes := []rune(s)
		query := fold(string(runes[:rapid.IntRange(0, len(runes)).Draw(t, "length")]))
		if query == "" {
			return
		}
		if !strings.HasPrefix(fold(s), query) {
			return // the cut went through a letter of several runes
		}
		if !hasFoldedPrefix(s, query) {
			t.Fatalf("%q does not begin with %q", s, query)
		}
		r := stringTest{folded: query}.ranges(&param{})[0]
		if letters, _ := firstLetters(s); letters < r.From || letters > r.To {
			t.Fatalf("%x of %q is not from %x to %x of %q", letters, s, r.From, r.To, query)
		}
		if again := fold(query); again != query {
			t.Fatalf("%q folds again to %q", query, again)
		}
	})
}
