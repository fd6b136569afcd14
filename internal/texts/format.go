package texts

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Shape names a layout of format.json.
type Shape string

// The shapes of days and times: short ones for tables, long ones for sentences and letters.
const (
	Day      Shape = "day"
	Time     Shape = "time"
	Month    Shape = "month.long"
	LongDay  Shape = "day.long"
	LongTime Shape = "time.long"
)

// Date writes a time as people read it, in its own zone.
func (t Texts) Date(shape Shape, at time.Time) string { return at.Format(t[format][string(shape)]) }

// plural is the form of a text for a number.
func plural(n string) string {
	if n == "1" {
		return "one"
	}
	return "other"
}

// Number writes a whole number with commas between thousands; what is none is returned as [fmt.Sprint] has it.
func Number(n any) string {
	s := fmt.Sprint(n)
	digits := strings.TrimPrefix(s, "-")
	if _, err := strconv.ParseUint(digits, 10, 64); err != nil {
		return s
	}
	var b strings.Builder
	b.WriteString(s[:len(s)-len(digits)])
	for i, c := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// Bytes writes a number of bytes as people read it, in steps of a thousand: "999 bytes", "12.3 MB"; what is no number is returned
// as [fmt.Sprint] has it.
func Bytes(n any) string {
	size, err := strconv.ParseFloat(fmt.Sprint(n), 64)
	if err != nil {
		return fmt.Sprint(n)
	}
	if size < 1000 {
		return strconv.FormatFloat(size, 'f', 0, 64) + " bytes"
	}
	for _, unit := range []string{"kB", "MB", "GB"} {
		if size /= 1000; size < 1000 {
			places := 1
			if size >= 100 {
				places = 0
			}
			return strconv.FormatFloat(size, 'f', places, 64) + " " + unit
		}
	}
	return strconv.FormatFloat(size/1000, 'f', 1, 64) + " TB"
}

// Sentence writes an error or a reason, which begins small and has no full stop, as people expect a sentence: "no file" is
// "No file."
func Sentence(s string) string {
	if s = strings.TrimSpace(s); s == "" {
		return s
	}
	r, n := utf8.DecodeRuneInString(s)
	return strings.TrimRight(string(unicode.ToUpper(r))+s[n:], ".") + "."
}
