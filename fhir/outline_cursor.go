package fhir

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// cursor reads JSON token by token, checking its syntax.
type cursor struct {
	text []byte
	i    int
}

// peek is the next byte, 0 at the end.
func (c *cursor) peek() byte {
	if c.i < len(c.text) {
		return c.text[c.i]
	}
	return 0
}

// plain reads a string without escapes.
func (c *cursor) plain() (string, bool) {
	start := c.i
	if c.peek() != '"' {
		return "", false
	}
	end, escaped := c.end()
	if end == 0 || escaped {
		return "", false
	}
	c.i = end
	return view(c.text[start+1 : end-1]), true
}

// str reads a string and returns it as written, with its quotes.
func (c *cursor) str() (quoted []byte, ok bool) {
	start := c.i
	end, _ := c.end()
	if end == 0 {
		return nil, false
	}
	c.i = end
	return c.text[start:end], true
}

// unescaped is a sound string without quotes and escapes. Without escapes there is no copy.
func unescaped(quoted []byte) string {
	if bytes.IndexByte(quoted, '\\') >= 0 {
		return unquoted(quoted)
	}
	return view(quoted[1 : len(quoted)-1])
}

// end finds the byte after the string that begins at the cursor; 0 if it is no sound string, or has an escape that may be
// half a character or a zero.
func (c *cursor) end() (end int, escaped bool) {
	text, i := c.text, c.i+1
	for {
		i = special(text, i)
		if i >= len(text) {
			return 0, false
		}
		switch b := text[i]; {
		case b == '"':
			return i + 1, escaped
		case b == '\\':
			n := escapeLength(text[i:])
			if n == 0 {
				return 0, false
			}
			i, escaped = i+n, true
		case b < ' ':
			return 0, false
		default:
			_, n := utf8.DecodeRune(text[i:])
			if n == 1 {
				return 0, false
			}
			i += n
		}
	}
}

// special finds the first byte from i on that is not plain text: a quote, a backslash, a control character, or beyond ASCII.
// It looks at eight bytes at a time: in each word below, the first byte with its highest bit set is one of these.
func special(text []byte, i int) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(text); i += 8 {
		w := binary.LittleEndian.Uint64(text[i:])
		quote, slash := w^ones*'"', w^ones*'\\'
		if found := ((quote-ones)&^quote | (slash-ones)&^slash | (w-ones*' ')&^w | w) & tops; found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for ; i < len(text); i++ {
		if b := text[i]; b == '"' || b == '\\' || b < ' ' || b >= utf8.RuneSelf {
			break
		}
	}
	return i
}

// escapeLength is the length of the escape that text begins with; 0 if it is none, or a zero or a surrogate.
func escapeLength(text []byte) int {
	if len(text) < 2 {
		return 0
	}
	switch text[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
	default:
		return 0
	}
	if len(text) < 6 {
		return 0
	}
	r := rune(0)
	for _, b := range text[2:6] {
		switch {
		case isDigit(b):
			r = r<<4 | rune(b-'0')
		case b|0x20 >= 'a' && b|0x20 <= 'f':
			r = r<<4 | rune(b|0x20-'a'+10)
		default:
			return 0
		}
	}
	if r == 0 || r >= 0xd800 && r < 0xe000 {
		return 0
	}
	return 6
}

// scalar reads a number or a literal.
func (c *cursor) scalar() bool {
	switch c.peek() {
	case 't':
		return c.word("true")
	case 'f':
		return c.word("false")
	case 'n':
		return c.word("null")
	}
	return c.number()
}

func (c *cursor) word(w string) bool {
	if len(c.text)-c.i < len(w) || view(c.text[c.i:c.i+len(w)]) != w {
		return false
	}
	c.i += len(w)
	return true
}

// number reads a number as JSON writes it.
func (c *cursor) number() bool {
	if c.peek() == '-' {
		c.i++
	}
	if c.peek() == '0' {
		c.i++
	} else if !c.digits() {
		return false
	}
	if c.peek() == '.' {
		c.i++
		if !c.digits() {
			return false
		}
	}
	if c.peek()|0x20 != 'e' {
		return true
	}
	c.i++
	if b := c.peek(); b == '+' || b == '-' {
		c.i++
	}
	return c.digits()
}

// digits reads one digit or more.
func (c *cursor) digits() bool {
	start := c.i
	for isDigit(c.peek()) {
		c.i++
	}
	return c.i > start
}
