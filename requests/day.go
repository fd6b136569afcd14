package requests

import (
	"fmt"
	"time"

	"satchel/fhir"
	"satchel/internal/texts"
)

// Day is a day of the calendar: days since 1970-01-01. Zero means none.
type Day int

const dayFormat = "2006-01-02"

// DayOf is the day on which an instant falls in a time zone.
func DayOf(t time.Time, zone *time.Location) Day {
	y, m, d := t.In(zone).Date()
	return Day(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60))
}

// ParseDay reads a day as YYYY-MM-DD; "" is none. Anything else is a fhir.Error value.
func ParseDay(s string) (Day, error) {
	if s == "" {
		return 0, nil
	}
	t, err := time.Parse(dayFormat, s)
	if err != nil || t.Year() < 1971 {
		return 0, fhir.Errorf(fhir.CodeValue, "%.20q is no day; write year, month and day, such as 2026-01-31", s)
	}
	return DayOf(t, time.UTC), nil
}

// String writes YYYY-MM-DD; "" for none.
func (d Day) String() string {
	if d == 0 {
		return ""
	}
	return d.time().Format(dayFormat)
}

// Long writes a day for people, such as "March 31, 2026"; "" for none.
func (d Day) Long() string {
	if d == 0 {
		return ""
	}
	return sentences.Date(texts.LongDay, d.time())
}

// End is the first instant after the day in a time zone.
func (d Day) End(zone *time.Location) time.Time {
	y, m, n := d.time().Date()
	return time.Date(y, m, n+1, 0, 0, 0, 0, zone)
}

// Year of the day.
func (d Day) Year() int { return d.time().Year() }

func (d Day) time() time.Time { return time.Unix(int64(d)*24*60*60, 0).UTC() }

// MarshalText writes the day as String does.
func (d Day) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (d *Day) UnmarshalText(text []byte) error {
	day, err := ParseDay(string(text))
	if err != nil {
		return fmt.Errorf("read a day: %w", err)
	}
	*d = day
	return nil
}
