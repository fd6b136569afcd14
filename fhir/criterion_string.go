package fhir

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// stringTest compares text with the values of an element.
type stringTest struct {
	modifier string // "", "exact" or "contains"
	text     string // as written
	folded   string
}

func parseString(name, modifier, value string) (test, error) {
	t := stringTest{modifier: modifier, text: unescape(value)}
	if t.folded = fold(t.text); t.folded == "" {
		return nil, badValue(name, value, "give at least one letter")
	}
	return t, nil
}

func (t stringTest) matches(e *end, v node) bool {
	return !texts(v, e.typ, func(s string) bool {
		switch t.modifier {
		case "exact":
			return s != t.text
		case "contains":
			return !strings.Contains(fold(s), t.folded)
		}
		return !hasFoldedPrefix(s, t.folded)
	})
}

func (t stringTest) ranges(p *param) []Range {
	if t.modifier == "contains" {
		return nil
	}
	from, n := pack([]byte(t.folded))
	return []Range{{Key: p.key, From: from, To: from | (1<<(8*(7-n)) - 1)}}
}

// texts calls f with every string of a value, until f returns false; it reports whether f never did.
// The strings live until the document's next Reset.
func texts(v node, typ string, f func(string) bool) bool {
	if typ != "HumanName" && typ != "Address" {
		return f(view(v.bytes()))
	}
	for m := v.first(); m.ok(); m = m.next() {
		switch m.knownName() {
		case "family", "given", "prefix", "suffix", "text", "line", "city", "district", "state", "postalCode", "country":
		default:
			continue
		}
		if m.kind() == '"' && !f(view(m.bytes())) {
			return false
		}
		for item := m.first(); item.ok(); item = item.next() {
			if item.kind() == '"' && !f(view(item.bytes())) {
				return false
			}
		}
	}
	return true
}

// firstLetters packs the first seven bytes of the folded text, so that the texts with a common beginning are a range
// of numbers. n is how many bytes there were, at most seven.
func firstLetters(s string) (letters int64, n int) {
	var short [64]byte
	return pack(appendFolded(short[:0], s, 7))
}

// pack is firstLetters for text that is folded already.
func pack(folded []byte) (letters int64, n int) {
	for i := range 7 {
		letters <<= 8
		if i < len(folded) {
			letters |= int64(folded[i])
		}
	}
	return letters, min(len(folded), 7)
}

// hasFoldedPrefix reports whether s begins with a folded text, whatever the case and accents of s.
func hasFoldedPrefix(s, folded string) bool {
	var short [64]byte
	b := appendFolded(short[:0], s, len(folded))
	return len(b) >= len(folded) && string(b[:len(folded)]) == folded
}

// fold makes texts comparable: case and accents go, runs of white space become one space, outer space goes.
func fold(s string) string { return string(appendFolded(nil, s, math.MaxInt)) }

// Fold is a text as searches of R4 compare it: without case, accents and superfluous spaces.
func Fold(s string) string { return fold(s) }

// appendFolded appends at least the first enough bytes of the folded text. What follows cannot change them: a combining
// accent after the last letter would only be taken away.
func appendFolded(dst []byte, s string, enough int) []byte {
	start, space := len(dst), false
	for i := 0; i < len(s) && len(dst)-start < enough; i++ {
		b := s[i]
		switch {
		case b >= utf8.RuneSelf:
			return appendFoldedSlow(dst[:start], s)
		case b == ' ' || b >= '\t' && b <= '\r':
			space = len(dst) > start
			continue
		case b >= 'A' && b <= 'Z':
			b += 'a' - 'A'
		}
		if space {
			dst, space = append(dst, ' '), false
		}
		dst = append(dst, b)
	}
	return dst
}

// appendFoldedSlow is appendFolded for text beyond ASCII.
func appendFoldedSlow(dst []byte, s string) []byte {
	start, space := len(dst), false
	for _, r := range norm.NFKD.String(cases.Fold().String(norm.NFKD.String(s))) {
		switch {
		case unicode.Is(unicode.Mn, r):
			continue
		case unicode.IsSpace(r):
			space = len(dst) > start
			continue
		case space:
			dst, space = append(dst, ' '), false
		}
		dst = utf8.AppendRune(dst, unicode.ToLower(r)) // folding turns some scripts, such as Cherokee, to capitals
	}
	return dst
}
