package fhir

import (
	"bytes"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// FuzzParse feeds any bytes: what Parse accepts must be sound, survive stamping, rewriting and every walk, and be stable.
func FuzzParse(f *testing.F) {
	for _, tt := range goodTexts {
		f.Add([]byte(tt.text))
	}
	for _, tt := range badTexts {
		f.Add([]byte(tt.text))
	}
	for _, tt := range badResources {
		f.Add([]byte(tt.text))
	}
	f.Add([]byte(benchObservation))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := Parse(data)
		if err != nil {
			if _, ok := err.(*Error); !ok {
				t.Fatalf("not an *Error: %v", err)
			}
			return
		}
		if !jsontext.Value(d.JSON()).IsValid() || rebuiltSize(d.root()) != len(d.cells) {
			t.Fatalf("unsound: %s", d.JSON())
		}
		stamped := d.Stamped(nil, "a", 1, stampTime)
		again, err := Parse(stamped)
		if err != nil {
			t.Fatalf("parse %s: %v", stamped, err)
		}
		if twice := again.Stamped(nil, "a", 1, stampTime); !bytes.Equal(stamped, twice) {
			t.Fatalf("not stable:\n%s\n%s", stamped, twice)
		}
		if issues := d.Validate(); len(issues) > maxIssues || !jsontext.Value(Outcome(issues...)).IsValid() {
			t.Fatalf("%d issues", len(issues))
		}
		var links Links
		links.Add("", "Patient/1")
		d.References(func(_, value string) { links.Add(value, "Patient/\"2\"") })
		if out := d.Rewritten(links); out != nil && !jsontext.Value(out).IsValid() {
			t.Fatalf("rewritten: %s", out)
		}
		d.Attachments(func(string, string, string, bool) {})
	})
}

// rebuiltSize counts the nodes that a walk reaches.
func rebuiltSize(n node) int {
	count := 1
	for c := range n.children {
		count += rebuiltSize(c)
	}
	return count
}
