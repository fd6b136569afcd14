package fhir

import (
	"testing"

	"pgregory.net/rapid"
)

func TestSourceVersionCompare(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		newer, newerTime, older, olderTime string
		known                              bool
	}{
		{"9", "2026-06-01T00:00:00Z", "4", "2024-06-01T00:00:00Z", true},
		{"4", "2026-06-01T00:00:00Z", "9", "2024-06-01T00:00:00Z", true}, // they contradict: the time decides
		{"10", "", "9", "", true},
		{"0010", "", "9", "", true},
		{"100000000000000000000000000000001", "", "100000000000000000000000000000000", "", true},
		{"2", "2026-06-01T00:00:00Z", "1", "2026-06-01T02:00:00+02:00", true}, // one instant in two zones
		{"1", "2026-06-01T00:30:00+02:00", "2", "2026-05-31T23:00:00+01:00", true},
		{"", "2026-06-01T00:00:00.1Z", "", "2026-06-01T00:00:00Z", true},
		{"", "2026-06-01T00:00:00.000000002Z", "", "2026-06-01T00:00:00.000000001Z", true},
		{"", "2026-06-02", "", "2026-06-01T23:59:59Z", true},
		{"2", "2026-06-01T00:00:00Z", "1", "", true},
		{"b", "", "a", "", false},
		{"2", "", "1a", "", false},
		{"-1", "", "1", "", false},
		{"1.5", "", "1", "", false},
		{"", "2026-06-01T00:00:00Z", "1", "", false},
		{"01", "", "1", "", false},
		{"1", "yesterday", "1", "2024-06-01T00:00:00Z", false},
		{"", "", "", "", false},
	} {
		a, b := NewSourceVersion(c.newer, c.newerTime), NewSourceVersion(c.older, c.olderTime)
		want := 0
		if c.known {
			want = 1
		}
		if a.Compare(b) != want || b.Compare(a) != -want || a.Compare(a) != 0 {
			t.Errorf("%+v: %d, %d", c, a.Compare(b), b.Compare(a))
		}
	}
}

// An id can be put into any document, and nothing else changes.
func TestWithID(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`{"resourceType":"Patient"}`, `{"resourceType":"Patient","meta":{"versionId":"7"},"active":true}`, `{"active":true,"resourceType":"Patient"}`} {
		d, err := Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		with, err := Parse(d.WithID("x"))
		if err != nil || with.ID() != "x" || with.SourceVersion() != d.SourceVersion() || len(with.JSON()) != len(text)+len(`,"id":"x"`) {
			t.Errorf("%s: %s, %v", text, with.JSON(), err)
		}
	}
}

// Of versions with times or with numbers there is one order, whatever they are.
func TestSourceVersionsAreOrdered(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) SourceVersion {
			return NewSourceVersion(rapid.StringMatching(`[0-9]{1,20}`).Draw(t, name), rapid.StringMatching(`20[0-9]{2}-0[1-9]-1[0-9]T1[0-9]:00:00(\.[0-9]{1,9})?(Z|[+-]0[0-9]:00)`).Draw(t, name))
		}
		a, b, c := draw("a"), draw("b"), draw("c")
		if a.Compare(b) > 0 && b.Compare(c) > 0 && a.Compare(c) <= 0 {
			t.Fatalf("%v %v %v", a, b, c)
		}
	})
}
