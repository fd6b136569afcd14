package fhir

import (
	"fmt"
	"slices"
	"testing"
)

// uncovered names the first criterion of a query whose ranges hold none of the document's index rows; "" if there is none.
func uncovered(q Query, d *Document) string {
	entries, owners := d.Entries(nil), d.Owners(here)
	for _, ranges := range q.Ranges() {
		if !slices.ContainsFunc(ranges, func(r Range) bool { return covers(r, entries, owners) }) {
			return fmt.Sprint(ranges, " among ", entries, owners)
		}
	}
	return ""
}

// covers is what the store does with a range.
func covers(r Range, entries []Entry, owners []Owner) bool {
	if r.Patient != "" {
		return slices.ContainsFunc(owners, func(o Owner) bool { return o.Patient == r.Patient })
	}
	return slices.ContainsFunc(entries, func(e Entry) bool { return e.Key == r.Key && r.From <= e.Value && e.Value <= r.To })
}

// Links that no search parameter indexes have entries by what they name, and Bundles by the patients in them.
func TestLinkEntries(t *testing.T) {
	for _, c := range []struct{ text, typ, param, id string }{
		{`{"resourceType":"Binary","securityContext":{"reference":"http://x/fhir/Encounter/e1"}}`, "Binary", "_securityContext", "e1"},
		{`{"resourceType":"PaymentReconciliation","detail":[{},{"request":{"reference":"Claim/c1"}}]}`, "PaymentReconciliation", "_detail.request", "c1"},
		{`{"resourceType":"PaymentReconciliation","detail":[{"response":{"reference":"ClaimResponse/r1"}}]}`, "PaymentReconciliation", "_detail.response", "r1"},
		{`{"resourceType":"BiologicallyDerivedProduct","request":[{"reference":"ServiceRequest/s1"}]}`, "BiologicallyDerivedProduct", "_request", "s1"},
		{`{"resourceType":"Composition","section":[{"section":[{"entry":[{"reference":"Condition/c2"}]}]}]}`, "Composition", "_section.section.entry", "c2"},
		{`{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Observation","subject":{"reference":"Patient/p1"}}}]}`, "Bundle", "_entry.resource", "p1"},
		{`{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient","id":"p2"}}]}`, "Bundle", "_entry.resource", "p2"},
	} {
		d, err := Parse([]byte(c.text))
		if err != nil {
			t.Fatal(err)
		}
		if want := ReferenceEntry(c.typ, c.param, c.id); !slices.Contains(d.Entries(nil), want) {
			t.Errorf("%s has no entry %s of %q", c.text, c.param, c.id)
		}
	}
}
