package fhir

import (
	"fmt"
	"slices"
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
