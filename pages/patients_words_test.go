package pages

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestDates(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		typed      string
		monthFirst bool
		looks      bool
		want       string
	}{
		{"1960-03-14", true, true, "1960-03-14"},
		{"1960/3/14", true, true, "1960-03-14"},
		{"3/14/1960", true, true, "1960-03-14"},
		{"3/14/1960", false, true, "1960-03-14"},
		{"14/3/1960", true, true, "1960-03-14"},
		{"14.03.1960", true, true, "1960-03-14"},
		{"3/4/1960", true, true, "1960-03-04 1960-04-03"},
		{"3/4/1960", false, true, "1960-04-03 1960-03-04"},
		{"3.4.1960", true, true, "1960-04-03 1960-03-04"},
		{"4/4/1960", true, true, "1960-04-04"},
		{"3-14-60", true, true, "1960-03-14"},
		{"3/14/26", true, true, "2026-03-14"},
		{"3/14/27", true, true, "1927-03-14"},
		{"2/30/1960", true, true, ""},
		{"29.2.1961", true, true, ""},
		{"13/13/1960", true, true, ""},
		{"1960", true, false, ""},
		{"555-0142", true, false, ""},
		{"999-12-3456", true, false, ""},
		{"miller", true, false, ""},
	} {
		dates, looks := datesOf(c.typed, c.monthFirst, now)
		var got []string
		for _, d := range dates {
			got = append(got, d.Format(time.DateOnly))
		}
		if strings.Join(got, " ") != c.want || looks != c.looks {
			t.Errorf("%q, month first %v: %q %v, want %q %v", c.typed, c.monthFirst, got, looks, c.want, c.looks)
		}
	}
}

// Whatever is typed can be asked of the store, and its words are joined in every way once.
func TestWords(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		w := readWords(text, rapid.Bool().Draw(t, "month first"), time.Now())
		if len(w.names) > mostNames {
			t.Fatalf("%d names", len(w.names))
		}
		ways := together(w.names)
		want := strings.Join(w.names, " ")
		var seen []string
		for _, way := range ways {
			if strings.Join(way, " ") != want {
				t.Fatalf("%q of %q", way, want)
			}
			if key := strings.Join(way, "|"); slices.Contains(seen, key) {
				t.Fatalf("%q twice", key)
			} else {
				seen = append(seen, key)
			}
		}
		if n := max(1, 1<<max(0, len(w.names)-1)); len(ways) != n {
			t.Fatalf("%d ways for %d names", len(ways), len(w.names))
		}
	})
}

func TestFileName(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]string{
		{"Letter", "application/pdf", "Letter.pdf"}, {"Letter.PDF", "application/pdf", "Letter.PDF"}, {"../../etc/passwd", "text/plain", "etc-passwd.txt"},
		{"", "", "document"}, {"a\x00b\n<c>", "", "a-b--c"}, {"=1+1", "text/csv", "=1+1"}, {strings.Repeat("é", 100), "", strings.Repeat("é", 40)}, {"x", "image/svg+xml", "x.svg"},
	} {
		if got := fileName(c[0], c[1]); got != c[2] {
			t.Errorf("%q as %q is %q, want %q", c[0], c[1], got, c[2])
		}
	}
}
