package fhir

import (
	"cmp"
	"strings"
	"time"
)

// SourceVersion is what a source says of a version of a resource: its meta.versionId and meta.lastUpdated there.
type SourceVersion struct {
	Number  string    // meta.versionId; "": not told
	Updated time.Time // meta.lastUpdated; zero: not told
}

// SourceVersion reads what the document says of itself. A lastUpdated without a zone is UTC, and one that is less than an instant
// stands for the begin of its day, month or year.
func (d *Document) SourceVersion() SourceVersion {
	meta := d.root().field("meta")
	return NewSourceVersion(meta.field("versionId").text(), meta.field("lastUpdated").text())
}

// NewSourceVersion makes one of the texts of a versionId and a lastUpdated. What is no id and no time is not told.
func NewSourceVersion(number, updated string) SourceVersion {
	if !IsID(number) {
		number = ""
	}
	m, ok := readTime(updated)
	if !ok {
		return SourceVersion{Number: number}
	}
	return SourceVersion{number, m.start}
}

// Told reports whether anything is known.
func (v SourceVersion) Told() bool { return v.Number != "" || !v.Updated.IsZero() }

// Or fills in from w what v does not tell.
func (v SourceVersion) Or(w SourceVersion) SourceVersion {
	v.Number = cmp.Or(v.Number, w.Number)
	if v.Updated.IsZero() {
		v.Updated = w.Updated
	}
	return v
}

// Compare says which of two versions of one resource is newer: below 0 if v is older, above 0 if it is newer, 0 if that cannot be
// told. The times decide, as instants; where they are equal or missing the version numbers, if both are numbers: R4 promises no
// order of others (resource.html#versions).
func (v SourceVersion) Compare(w SourceVersion) int {
	if !v.Updated.IsZero() && !w.Updated.IsZero() {
		if order := v.Updated.Compare(w.Updated); order != 0 {
			return order
		}
	}
	a, b := strings.TrimLeft(v.Number, "0"), strings.TrimLeft(w.Number, "0")
	if !isNumber(v.Number) || !isNumber(w.Number) {
		return 0
	}
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

func isNumber(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

// String is what is known, for people: "version 9 of 2026-06-01T00:00:00.000Z". Only numbers are shown of a versionId.
func (v SourceVersion) String() string {
	switch numbered := isNumber(v.Number); {
	case numbered && v.Updated.IsZero():
		return "version " + v.Number
	case numbered:
		return "version " + v.Number + " of " + FormatInstant(v.Updated)
	case !v.Updated.IsZero():
		return "the version of " + FormatInstant(v.Updated)
	}
	return "a newer version"
}
