package fhir

import "bytes"

// References calls f with every Reference.reference and every other URL-typed value that may name a resource
// (canonical, uri, url, oid, uuid: used for urn:uuid rewriting) with its element path, in document order,
// contained resources included. The url of an extension and the system of a code or identifier never name a resource.
func (d *Document) References(f func(path, value string)) {
	w := walk{}
	w.visit = func(owner *table, e *element, value node) {
		if isLink(owner, e) && value.kind() == '"' {
			f(w.at.String(), value.text())
		}
	}
	w.all(d)
}

// ReferenceTexts calls f with the text of every Reference.reference, wherever it stands: [Document.References] for loops
// that need no path. The text lives until the next Reset.
func (d *Document) ReferenceTexts(f func(text string)) {
	for i := range d.cells {
		if n := (node{d, int32(i + 1)}); n.kind() == '"' && n.label() == "reference" {
			f(view(n.bytes()))
		}
	}
}

// isLink reports whether an element's value may name a resource.
func isLink(owner *table, e *element) bool {
	switch e.Type {
	case "string":
		return e.Name == "reference" && owner.name == "Reference"
	case "canonical", "url", "oid", "uuid":
		return true
	case "uri":
		return e.Name != "system" && (e.Name != "url" || owner.name != "Extension")
	}
	return false
}

// hasContained reports whether the resource contains one with the id.
func hasContained(resource node, id string) bool {
	for _, c := range resource.field("contained").each() {
		if c.field("id").is(id) {
			return true
		}
	}
	return false
}

// edit replaces the bytes from start to end of a text.
type edit struct {
	start, end int
	text       []byte
}

// edited returns text with edits, which are in order and do not overlap.
func edited(text []byte, edits []edit) []byte {
	var out bytes.Buffer
	out.Grow(len(text))
	from := 0
	for _, e := range edits {
		out.Write(text[from:e.start])
		out.Write(e.text)
		from = e.end
	}
	out.Write(text[from:])
	return out.Bytes()
}
