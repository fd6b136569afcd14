package view

import (
	"strings"
	"time"

	"satchel/internal/texts"
)

// layouts are the shapes of FHIR dates, by their length up to the zone.
var layouts = []string{"2006", "2006-01", "2006-01-02", "2006-01-02T15:04", "2006-01-02T15:04:05"}

// parseDate reads a FHIR date, dateTime or instant; what has no zone is taken as UTC.
func parseDate(s string) (time.Time, bool) {
	if len(s) > 10 {
		t, err := time.Parse(time.RFC3339Nano, s)
		return t, err == nil && t.Year() > 0
	}
	for _, l := range layouts {
		if len(l) == len(s) {
			t, err := time.Parse(l, s)
			return t, err == nil && t.Year() > 0
		}
	}
	return time.Time{}, false
}

// people writes a FHIR date as people read it, in the zone in which it was written; false if it is none.
func (t *words) people(s string) (string, bool) {
	at, ok := parseDate(s)
	if !ok {
		return s, false
	}
	switch len(s) {
	case 4:
		return s, true
	case 7:
		return t.texts.Date(texts.Month, at), true
	case 10:
		return t.texts.Date(texts.LongDay, at), true
	}
	text := t.texts.Date(texts.LongTime, at)
	if strings.HasSuffix(s, "Z") {
		text += " UTC"
	}
	return text, true
}
