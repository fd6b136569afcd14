package pages

import (
	"fmt"
	"html/template"
	"time"

	"satchel/internal/texts"
)

// funcs are what the templates of a noun may call.
func (p *pages) funcs(noun string, zone func() *time.Location) template.FuncMap {
	t := p.texts
	say := func(key string, args ...any) (string, error) { return t.Say(noun, key, args...) }
	clock := &clock{texts: t, zone: zone}
	return template.FuncMap{
		"t":  say,
		"tn": func(key string, n any, args ...any) (string, error) { return t.Count(noun, key, n, args...) },
		"tk": func(prefix string, value any, args ...any) (string, error) {
			return say(prefix+fmt.Sprint(value), args...)
		},
		"terror": func(e *FieldError) (string, error) {
			if e.Key == "" {
				return texts.Sentence(e.Text), nil
			}
			return say(e.Key, e.Args...)
		},
		"asset":  p.assets.path,
		"dict":   dict,
		"when":   clock.when,
		"day":    clock.day,
		"ago":    clock.ago,
		"number": texts.Number,
		"bytes":  texts.Bytes,
		"has":    func(list []string, s string) bool { return contains(list, s) },
	}
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

// clock tells times in words of a language and in the zone of the practice.
type clock struct {
	texts texts.Texts
	zone  func() *time.Location
}

// when tells day and time: "Nov 23, 2026, 5:29 PM"; a zero time is a dash.
func (c *clock) when(at time.Time) template.HTML { return c.tell(at, texts.Time) }

// day tells a day: "Nov 23, 2026".
func (c *clock) day(at time.Time) template.HTML { return c.tell(at, texts.Day) }

func (c *clock) tell(at time.Time, shape texts.Shape) template.HTML {
	if at.IsZero() {
		return "–"
	}
	at = at.In(c.zone())
	return template.HTML(`<time datetime="` + at.Format(time.RFC3339) + `">` + template.HTMLEscapeString(c.texts.Date(shape, at)) + `</time>`)
}

// ago tells how far a time is from now: "3 hours ago", "in 2 days".
func (c *clock) ago(at time.Time) (string, error) {
	if at.IsZero() {
		return c.texts.Say(common, "ago.never")
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
			return c.texts.Count(common, "ago."+form+"."+unit.name, n)
		}
	}
	return c.texts.Say(common, "ago."+form+".now")
}
