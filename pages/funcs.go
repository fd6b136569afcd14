package pages

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// funcs are what the templates of a noun may call.
func (p *pages) funcs(noun string, zone func() *time.Location) template.FuncMap {
	t := p.texts
	say := func(key string, args ...any) (string, error) { return t.say(noun, key, args...) }
	clock := &clock{say: say, zone: zone}
	return template.FuncMap{
		"t":  say,
		"tn": func(key string, n any, args ...any) (string, error) { return t.count(noun, key, n, args...) },
		"tk": func(prefix string, value any, args ...any) (string, error) {
			return say(prefix+fmt.Sprint(value), args...)
		},
		"terror": func(e *FieldError) (string, error) {
			if e.Key == "" {
				return sentence(e.Text), nil
			}
			return say(e.Key, e.Args...)
		},
		"asset":  p.assets.path,
		"dict":   dict,
		"when":   clock.when,
		"day":    clock.day,
		"ago":    clock.ago,
		"number": func(n any) string { return grouped(fmt.Sprint(n)) },
		"bytes":  func(n any) string { return size(fmt.Sprint(n)) },
		"has":    func(list []string, s string) bool { return contains(list, s) },
	}
}

// sentence writes an error of the server, which begins small and has no full stop, as people expect it.
func sentence(s string) string {
	if s = strings.TrimSpace(s); s == "" {
		return s
	}
	r, n := utf8.DecodeRuneInString(s)
	return strings.TrimRight(string(unicode.ToUpper(r))+s[n:], ".") + "."
}

// dict makes a map for a part: name, value, …
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("dict needs a value for each name")
	}
	m := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		m[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	return m, nil
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// grouped writes a whole number with commas between thousands.
func grouped(n string) string {
	digits := strings.TrimPrefix(n, "-")
	if _, err := strconv.Atoi(digits); err != nil || len(digits) < 4 {
		return n
	}
	var b strings.Builder
	for i, c := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(c)
	}
	return strings.Repeat("-", len(n)-len(digits)) + b.String()
}

// size writes a number of bytes as people read it.
func size(n string) string {
	f, err := strconv.ParseFloat(n, 64)
	if err != nil {
		return n
	}
	for _, unit := range []string{"bytes", "kB", "MB", "GB"} {
		if f < 1000 {
			return strconv.FormatFloat(f, 'f', digits(f, unit), 64) + " " + unit
		}
		f /= 1000
	}
	return strconv.FormatFloat(f, 'f', 1, 64) + " TB"
}

func digits(f float64, unit string) int {
	if unit == "bytes" || f >= 100 {
		return 0
	}
	return 1
}

// clock tells times in words of a language and in the zone of the practice.
type clock struct {
	say  func(key string, args ...any) (string, error)
	zone func() *time.Location
}

// when tells day and time: "Nov 23, 2026, 5:29 PM"; a zero time is a dash.
func (c *clock) when(at time.Time) (template.HTML, error) { return c.tell(at, "format.time") }

// day tells a day: "Nov 23, 2026".
func (c *clock) day(at time.Time) (template.HTML, error) { return c.tell(at, "format.day") }

func (c *clock) tell(at time.Time, key string) (template.HTML, error) {
	if at.IsZero() {
		return "–", nil
	}
	layout, err := c.say(key)
	if err != nil {
		return "", err
	}
	at = at.In(c.zone())
	return template.HTML(`<time datetime="` + at.Format(time.RFC3339) + `">` + template.HTMLEscapeString(at.Format(layout)) + `</time>`), nil
}

// ago tells how far a time is from now: "3 hours ago", "in 2 days".
func (c *clock) ago(at time.Time) (string, error) {
	if at.IsZero() {
		return c.say("ago.never")
	}
	d, form := time.Since(at), "past"
	if d < 0 {
		d, form = -d, "future"
	}
	for _, unit := range []struct {
		name string
		span time.Duration
	}{{"day", 24 * time.Hour}, {"hour", time.Hour}, {"minute", time.Minute}} {
		if n := int(d / unit.span); n > 0 {
			plural := "other"
			if n == 1 {
				plural = "one"
			}
			return c.say("ago."+form+"."+unit.name+"."+plural, "n", n)
		}
	}
	return c.say("ago." + form + ".now")
}
