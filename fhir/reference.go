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
	typ, id  string // of a resource reference, relative or absolute; "" if the text names none
	relative bool   // Type/id, Type/id/_history/v or Type?query
	query    bool   // a conditional reference, Type?query
}

// readTarget takes Reference.reference apart. fault says what is wrong with it, or is "".
func readTarget(reference string) (t target, fault string) {
	scheme, rest, isURL := strings.Cut(reference, ":")
	switch {
	case strings.HasPrefix(reference, "#"):
		if len(reference) > 1 && !isIDText(reference[1:]) {
			return t, "the fragment after '#' is not a legal id"
		}
		return t, ""
	case strings.HasPrefix(reference, "urn:uuid:"):
		return t, faultUnless(isUUID([]byte(reference)), "urn:uuid: must be followed by a UUID")
	case strings.HasPrefix(reference, "urn:oid:"):
		return t, faultUnless(isOID([]byte(reference)), "urn:oid: must be followed by an OID")
	case isURL && isScheme(scheme):
		if !isURI([]byte(reference)) || rest == "" || rest == "//" {
			return t, "not a legal absolute URL"
		}
		t.typ, t.id, _ = absoluteTarget(rest)
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
func absoluteTarget(url string) (typ, id string, ok bool) {
	parts := strings.Split(url, "/")
	if n := len(parts); n >= 4 && parts[n-2] == "_history" {
		parts = parts[:n-2]
	}
	if n := len(parts); n >= 3 && isResourceType(parts[n-2]) && IsID(parts[n-1]) {
		return parts[n-2], parts[n-1], true
	}
	return "", "", false
}

// relativeTarget reads Type/id, Type/id/_history/v and Type?query.
func relativeTarget(reference string) (t target, fault string) {
	if typ, query, ok := strings.Cut(reference, "?"); ok && isResourceType(typ) && query != "" {
		return target{typ: typ, relative: true, query: true}, ""
	}
	parts := strings.Split(reference, "/")
	versioned := len(parts) == 4 && parts[2] == "_history" && IsID(parts[3])
	if len(parts) != 2 && !versioned {
		return t, "not of the form Type/id, Type/id/_history/version, absolute URL, urn:uuid:, urn:oid: or #id"
	}
	if !isResourceType(parts[0]) {
		return t, "does not start with a resource type of FHIR R4 (4.0.1)"
	}
	if !IsID(parts[1]) {
		return t, "does not name a legal id"
	}
	return target{typ: parts[0], id: parts[1], relative: true}, ""
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
