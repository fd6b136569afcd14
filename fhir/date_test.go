package fhir

import (
	"testing"
	"time"
)

func TestParseInstant(t *testing.T) {
	for text, want := range map[string]time.Time{
		"2015-02-07T13:28:17.239+02:00":     time.Date(2015, 2, 7, 11, 28, 17, 239e6, time.UTC),
		"2015-02-07T13:28:17.239 02:00":     time.Date(2015, 2, 7, 11, 28, 17, 239e6, time.UTC),
		"2017-01-01T00:00:00Z":              time.Date(2017, 1, 1, 0, 0, 0, 0, time.UTC),
		"2017-01-01T00:00:00-14:00":         time.Date(2017, 1, 1, 14, 0, 0, 0, time.UTC),
		"2016-12-31T23:59:60Z":              time.Date(2017, 1, 1, 0, 0, 0, 0, time.UTC),
		"2020-02-29T01:02:03.123456789123Z": time.Date(2020, 2, 29, 1, 2, 3, 123456789, time.UTC),
		"0001-01-01T00:00:00Z":              time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		if got, err := ParseInstant(text); err != nil || !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("%s is %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "2015", "2015-02-07", "2015-02-07T13:28Z", "2015-02-07T13:28:17", "2015-02-30T00:00:00Z", "2015-02-07t13:28:17Z", "2015-02-07T13:28:17z",
		"2015-02-07T24:00:00Z", "2015-02-07T13:60:00Z", "2015-02-07T13:28:61Z", "2015-02-07T13:28:17.Z", "2015-02-07T13:28:17,5Z", "2015-02-07T13:28:17+2:00",
		"2015-02-07T13:28:17+14:30", "2015-02-07T13:28:17+0200", "2015-02-07T13:28:17Zx", " 2015-02-07T13:28:17Z", "2015-2-07T13:28:17Z", "0000-01-01T00:00:00Z", "+015-01-01T00:00:00Z", "2021-02-29T00:00:00Z",
	} {
		if got, err := ParseInstant(text); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}

func TestFormatInstant(t *testing.T) {
	at := time.Date(2015, 2, 7, 13, 28, 17, 239_999_999, time.FixedZone("", 7200))
	if got := FormatInstant(at); got != "2015-02-07T11:28:17.239Z" {
		t.Error(got)
	}
}

func TestParseSpan(t *testing.T) {
	at := func(s string) int64 {
		t, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			panic(err)
		}
		return t.UnixMicro()
	}
	for text, want := range map[string]span{
		"2015":                         {at("2015-01-01T00:00:00Z"), at("2016-01-01T00:00:00Z")},
		"2015-12":                      {at("2015-12-01T00:00:00Z"), at("2016-01-01T00:00:00Z")},
		"2016-02-29":                   {at("2016-02-29T00:00:00Z"), at("2016-03-01T00:00:00Z")},
		"2015-02-07T13:28":             {at("2015-02-07T13:28:00Z"), at("2015-02-07T13:29:00Z")},
		"2015-02-07T13:28+01:00":       {at("2015-02-07T12:28:00Z"), at("2015-02-07T12:29:00Z")},
		"2015-02-07T13:28:17":          {at("2015-02-07T13:28:17Z"), at("2015-02-07T13:28:18Z")},
		"2015-02-07T13:28:17.5Z":       {at("2015-02-07T13:28:17.5Z"), at("2015-02-07T13:28:17.6Z")},
		"2015-02-07T13:28:17.1234567Z": {at("2015-02-07T13:28:17.123456Z"), at("2015-02-07T13:28:17.123457Z")},
		"9999":                         {at("9999-01-01T00:00:00Z"), at("9999-12-31T23:59:59.999999Z") + 1},
	} {
		if got, ok := parseSpan(text); !ok || got != want {
			t.Errorf("%s is %v, %t; want %v", text, got, ok, want)
		}
	}
}
