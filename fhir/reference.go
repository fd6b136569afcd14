package fhir

import (
	"bytes"
	"strings"
)

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

// target is a reference taken apart.
type target struct {
	typ, id string // of a resource reference, relative or absolute; "" if the text names none
	query   bool   // a conditional reference, Type?query
}

// readTarget takes Reference.reference apart. fault says what is wrong with it, or is "".
func readTarget(reference string) (t target, fault string) {
	scheme, rest, isURL := strings.Cut(reference, ":")
	switch {
	case strings.HasPrefix(reference, "#"):
		if len(reference) > 1 && !isIDText(reference[1:]) {
			return t, "has a fragment that is not a legal id"
		}
		return t, ""
	case strings.HasPrefix(reference, "urn:uuid:"):
		return t, faultUnless(isUUID([]byte(reference)), "has no UUID after urn:uuid:")
	case strings.HasPrefix(reference, "urn:oid:"):
		return t, faultUnless(isOID([]byte(reference)), "has no OID after urn:oid:")
	case isURL && isScheme(scheme):
		if !isURI([]byte(reference)) || rest == "" || rest == "//" {
			return t, "is not a legal absolute URL"
		}
		t.typ, t.id = absoluteTarget(rest)
		return t, ""
	}
	return relativeTarget(reference)
}

func faultUnless(ok bool, fault string) string {
	if ok {
		return ""
	}
	return fault
}

// isScheme reports whether s is the scheme of a URI, and not the start of a relative reference.
func isScheme(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isLetter(c) && (i == 0 || !isDigit(c) && c != '+' && c != '-' && c != '.') {
			return false
		}
	}
	return s != ""
}

// absoluteTarget finds a trailing Type/id or Type/id/_history/v in a URL.
func absoluteTarget(url string) (typ, id string) {
	rest, last := cutLast(url)
	if before, middle := cutLast(rest); middle == "_history" {
		rest, last = cutLast(before)
	}
	before, typ := cutLast(rest)
	if before == "" || !isResourceType(typ) || !IsID(last) {
		return "", ""
	}
	return typ, last
}

// cutLast cuts the last segment off a path; without a slash all is the last segment.
func cutLast(path string) (before, last string) {
	i := strings.LastIndexByte(path, '/')
	return path[:max(i, 0)], path[i+1:]
}

// relativeTarget reads Type/id, Type/id/_history/v and Type?query.
func relativeTarget(reference string) (t target, fault string) {
	if typ, query, ok := strings.Cut(reference, "?"); ok && isResourceType(typ) && query != "" {
		return target{typ: typ, query: true}, ""
	}
	typ, rest, _ := strings.Cut(reference, "/")
	id, version, versioned := strings.Cut(rest, "/_history/")
	switch {
	case strings.Contains(id, "/") || strings.Contains(version, "/") || !strings.Contains(reference, "/"):
		return t, "is not of the form Type/id, Type/id/_history/version, absolute URL, urn:uuid:, urn:oid: or #id"
	case !isResourceType(typ):
		return t, "does not start with a resource type of FHIR R4 (4.0.1)"
	case !IsID(id) || versioned && !IsID(version):
		return t, "does not name a legal id"
	}
	return target{typ: typ, id: id}, ""
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
