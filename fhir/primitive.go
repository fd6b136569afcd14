package fhir

import "bytes"

// format is what R4 says of the text of a primitive type.
type format struct {
	kind  byte              // the JSON kind: '"', '0', or 't' for true and false
	legal func([]byte) bool // decides on the unescaped text
	want  string            // says what would be legal
}

// formats holds the primitive types (http://hl7.org/fhir/R4/datatypes.html#primitive).
var formats = map[string]*format{
	"base64Binary": {'"', isBase64, "base64 text in groups of four characters"},
	"boolean":      {'t', anything, "true or false without quotes"},
	"canonical":    {'"', isURI, "a URL without white space"},
	"code":         {'"', isCode, "text without leading, trailing or double white space"},
	"date":         {'"', isDate, "a date such as 2024, 2024-05 or 2024-05-31"},
	"dateTime":     {'"', isDateTime, "a date, or a time such as 2024-05-31T10:20:30+02:00 with seconds and zone"},
	"decimal":      {'0', anything, "a number without quotes"},
	"id":           {'"', func(b []byte) bool { return isIDText(b) }, "1 to 64 letters, digits, '-' or '.'"},
	"instant":      {'"', isInstant, "a time such as 2024-05-31T10:20:30.000+02:00 with seconds and zone"},
	"integer":      {'0', isInteger, "a whole number from -2147483648 to 2147483647"},
	"markdown":     {'"', isText, "text of at least one character without control characters"},
	"oid":          {'"', isOID, "an OID such as urn:oid:1.2.3"},
	"positiveInt":  {'0', isPositive, "a whole number from 1 to 2147483647"},
	"string":       {'"', isText, "text of at least one character without control characters"},
	"time":         {'"', isTime, "a time of day such as 10:20:30"},
	"unsignedInt":  {'0', isUnsigned, "a whole number from 0 to 2147483647"},
	"uri":          {'"', isURI, "a URI without white space"},
	"url":          {'"', isURI, "a URL without white space"},
	"uuid":         {'"', isUUID, "a UUID such as urn:uuid:c757873d-ec9a-4326-a141-556f43239520"},
	"xhtml":        {'"', isDiv, "XHTML in one <div> element"},
}

func anything([]byte) bool { return true }

// isText allows every character from space up, tab, and line ends.
func isText(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' {
			return false
		}
	}
	return len(b) > 0
}

// isSpace is \s of the regular expressions in the specification.
func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func isURI(b []byte) bool {
	for _, c := range b {
		if c <= ' ' {
			return false
		}
	}
	return len(b) > 0
}

func isCode(b []byte) bool {
	before := true
	for _, c := range b {
		space := isSpace(c)
		if space && before || c < ' ' && !space {
			return false
		}
		before = space
	}
	return !before
}

func isIDText[T string | []byte](s T) bool {
	for i := range len(s) {
		if c := s[i]; !isLetter(c) && !isDigit(c) && c != '-' && c != '.' {
			return false
		}
	}
	return len(s) > 0 && len(s) <= 64
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isHex(c byte) bool    { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

func isInteger(b []byte) bool {
	b, negative := bytes.CutPrefix(b, []byte("-"))
	n, ok := whole(b)
	return ok && (n <= 1<<31-1 || negative && n == 1<<31)
}

func isUnsigned(b []byte) bool {
	n, ok := whole(b)
	return ok && n <= 1<<31-1
}

func isPositive(b []byte) bool {
	n, ok := whole(b)
	return ok && n >= 1 && n <= 1<<31-1
}

// whole reads up to ten digits; leading zeros cannot occur in JSON.
func whole(b []byte) (n int64, ok bool) {
	for _, c := range b {
		if !isDigit(c) {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, len(b) > 0 && len(b) <= 10
}

func isOID(b []byte) bool {
	rest, ok := bytes.CutPrefix(b, []byte("urn:oid:"))
	if !ok || len(rest) < 3 || rest[0] > '2' || rest[1] != '.' {
		return false
	}
	for arc := range bytes.SplitSeq(rest, []byte(".")) {
		if len(arc) == 0 || len(arc) > 1 && arc[0] == '0' {
			return false
		}
		for _, c := range arc {
			if !isDigit(c) {
				return false
			}
		}
	}
	return true
}

func isUUID(b []byte) bool {
	rest, ok := bytes.CutPrefix(b, []byte("urn:uuid:"))
	if !ok || len(rest) != 36 {
		return false
	}
	for i, c := range rest {
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (c == '-') || !dash && !isHex(c) {
			return false
		}
	}
	return true
}

// isBase64 allows white space anywhere between characters, as older senders break lines.
func isBase64(b []byte) bool {
	n, padding := 0, 0
	for _, c := range b {
		switch {
		case isSpace(c):
			continue
		case c == '=':
			padding++
		case padding > 0 || !isLetter(c) && !isDigit(c) && c != '+' && c != '/':
			return false
		}
		n++
	}
	return n > 0 && n%4 == 0 && padding <= 2
}

func isDiv(b []byte) bool {
	b = bytes.TrimSpace(b)
	rest, ok := bytes.CutPrefix(b, []byte("<div"))
	if !ok || rest == nil || len(rest) == 0 || rest[0] != '>' && rest[0] != '/' && !isSpace(rest[0]) {
		return false
	}
	return bytes.HasSuffix(b, []byte("</div>")) || bytes.HasSuffix(b, []byte("/>")) && !bytes.ContainsRune(rest[:len(rest)-2], '>')
}
