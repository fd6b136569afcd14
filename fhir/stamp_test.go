package fhir

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var stampTime = time.Date(2024, 5, 31, 23, 59, 59, 999_000_000, time.FixedZone("", -3600))

const stampedMeta = `"versionId":"3","lastUpdated":"2024-06-01T00:59:59.999Z"`

func TestStamped(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"nothing there", `{"resourceType":"Patient","active":true}`, `{"resourceType":"Patient","id":"p1","meta":{` + stampedMeta + `},"active":true}`},
		{"only the type", `{"resourceType":"Patient"}`, `{"resourceType":"Patient","id":"p1","meta":{` + stampedMeta + `}}`},
		{"type last", `{"active":true,"resourceType":"Patient"}`, `{"active":true,"resourceType":"Patient","id":"p1","meta":{` + stampedMeta + `}}`},
		{"id keeps its place", `{"id":"old","resourceType":"Patient"}`, `{"id":"p1","meta":{` + stampedMeta + `},"resourceType":"Patient"}`},
		{"meta keeps its place", `{"meta":{},"resourceType":"Patient"}`, `{"meta":{` + stampedMeta + `},"resourceType":"Patient","id":"p1"}`},
		{"empty meta", `{"resourceType":"Patient","id":"p1","meta":{}}`, `{"resourceType":"Patient","id":"p1","meta":{` + stampedMeta + `}}`},
		{"old stamps anywhere", `{"resourceType":"Patient","id":"p1","meta":{"source":"a","lastUpdated":"2000-01-01T00:00:00Z","tag":[],"versionId":"1"}}`,
			`{"resourceType":"Patient","id":"p1","meta":{` + stampedMeta + `,"source":"a","tag":[]}}`},
		{"siblings stay", `{"resourceType":"Patient","_id":{"extension":[]},"meta":{"_versionId":{"id":"x"},"_lastUpdated":{"id":"y"}}}`,
			`{"resourceType":"Patient","id":"p1","_id":{"extension":[]},"meta":{` + stampedMeta + `,"_versionId":{"id":"x"},"_lastUpdated":{"id":"y"}}}`},
		{"contained stay", `{"resourceType":"Patient","contained":[{"resourceType":"Device","id":"d","meta":{"versionId":"9"}}]}`,
			`{"resourceType":"Patient","id":"p1","meta":{` + stampedMeta + `},"contained":[{"resourceType":"Device","id":"d","meta":{"versionId":"9"}}]}`},
		{"escapes and digits stay", `{"resourceType":"Observation","valueQuantity":{"value":1.00,"unit":"\u00b5g"}}`,
			`{"resourceType":"Observation","id":"p1","meta":{` + stampedMeta + `},"valueQuantity":{"value":1.00,"unit":"\u00b5g"}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := parse(t, tt.text).Stamped(nil, "p1", 3, stampTime)
			if string(got) != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestStampedAppends(t *testing.T) {
	d := parse(t, `{"resourceType":"Patient"}`)
	if got := d.Stamped([]byte("before"), "a", 1, stampTime); !bytes.HasPrefix(got, []byte(`before{"resourceType"`)) {
		t.Errorf("got %s", got)
	}
}

// Stamping gives sound JSON with the values, twice gives the same bytes, and nothing else changes.
func TestStampedProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := parse(t, resourceText().Draw(t, "text"))
		version := rapid.Int64Range(1, 1<<60).Draw(t, "version")
		at := time.UnixMilli(rapid.Int64Range(0, 4e12).Draw(t, "time"))
		stamped := before.Stamped(nil, "new-id", version, at)
		after := parse(t, string(stamped))
		meta := after.root().field("meta")
		if after.ID() != "new-id" || after.Type() != before.Type() ||
			meta.field("versionId").text() != fmt.Sprint(version) || meta.field("lastUpdated").text() != FormatInstant(at) {
			t.Fatalf("stamps are not as given: %s", stamped)
		}
		if again := after.Stamped(nil, "new-id", version, at); !bytes.Equal(again, stamped) {
			t.Fatalf("not stable\nonce  %s\ntwice %s", stamped, again)
		}
		if got, want := unstamped(after.root()), unstamped(before.root()); got != want {
			t.Fatalf("something else changed\ngot  %s\nwant %s", got, want)
		}
	})
}

// unstamped lists what stamping must not touch, in order, as written.
func unstamped(root node) string {
	var out string
	for c := range root.children {
		switch c.name() {
		case "id":
		case "meta":
			for m := range c.children {
				if m.name() != "versionId" && m.name() != "lastUpdated" {
					out += "meta." + m.label() + string(m.raw()) + "\n"
				}
			}
		default:
			out += c.label() + string(c.raw()) + "\n"
		}
	}
	return out
}
