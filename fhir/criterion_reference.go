package fhir

import "strings"

// link is what a reference or canonical says about its target.
type link struct {
	text    string // as written, without "|version"
	base    string // "http://host/fhir" of an absolute URL, "" of a relative one
	typ, id string // "" both if the text does not end in "Type/id"
	version string // of ".../_history/version", or after the bar of a canonical
}

// parseLink reads "Type/id", "Type/id/_history/1", an absolute URL that ends so, or any other URL. It allocates nothing.
func parseLink(s string) link {
	text, version, _ := strings.Cut(s, "|")
	l := link{text: text, version: version}
	rest := text
	if before, v, ok := strings.Cut(rest, "/_history/"); ok {
		rest, version = before, v
	}
	slash := strings.LastIndexByte(rest, '/')
	if slash < 0 {
		return l
	}
	start := strings.LastIndexByte(rest[:slash], '/') + 1
	typ, id := rest[start:slash], rest[slash+1:]
	if !IsID(id) || !IsType(typ) || start > 0 && !strings.Contains(rest[:start], ":") {
		return l
	}
	l.typ, l.id, l.version = typ, id, version
	if start > 0 {
		l.base = rest[:start-1]
	}
	return l
}

// hash is the value of the link's entry: of the id alone, so that a search for an id without a type finds it.
func (l link) hash() int64 {
	if l.id != "" {
		return hash(l.id)
	}
	return hash(l.text)
}

// linkOf reads a value of type Reference, canonical or uri. It lives until the document's next Reset.
func linkOf(v node, typ string) link {
	if typ == "Reference" {
		return parseLink(textOf(v, "reference"))
	}
	return parseLink(view(v.bytes()))
}

// refersTo reports whether a Reference names a resource of the type: by its reference, or else by its type element.
// It stands for "resolve() is T".
func refersTo(v node, typ string) bool {
	if l := linkOf(v, "Reference"); l.typ != "" {
		return l.typ == typ
	}
	return v.field("type").is(typ)
}

// referenceTest compares a reference.
type referenceTest struct {
	link
	bare bool // only an id was given: any type will do
}

// parseReference reads "id", "Type/id", either with a version, an absolute URL or another URI. typ is the modifier.
// An id alone is one of the parameter's only target type, if there is only one.
func parseReference(p *param, name, typ, value string) (test, error) {
	s := unescape(value)
	t := referenceTest{link: parseLink(s)}
	switch {
	case t.typ != "" && (typ == "" || typ == t.typ):
		return t, nil
	case IsID(s) && typ == "" && len(p.Targets) == 1:
		t.link = link{typ: p.Targets[0], id: s}
		return t, nil
	case IsID(s):
		t.link, t.bare = link{typ: typ, id: s}, typ == ""
		return t, nil
	case typ == "" && strings.Contains(s, ":") && !strings.HasPrefix(s, "#"):
		return t, nil
	case typ != "":
		return nil, badValue(name, value, "give the id of a "+typ)
	}
	return nil, badValue(name, value, "write an id, Type/id or an absolute URL")
}

func (t referenceTest) matches(e *end, v node) bool {
	l := linkOf(v, e.typ)
	switch {
	case t.version != "" && t.version != l.version:
		return false
	case t.id == "":
		return l.text == t.text
	case t.base != "" && l.base != "" && t.base != l.base:
		return false
	}
	return t.id == l.id && (t.bare || t.typ == l.typ)
}

// ranges name the patient for the elements that the owner index serves, and the id for the others.
func (t referenceTest) ranges(p *param) []Range {
	var ranges []Range
	if p.owned && t.id != "" && (t.bare || t.typ == "Patient") {
		ranges = append(ranges, Range{Patient: t.id})
	}
	if p.unowned || t.typ != "Patient" {
		ranges = append(ranges, p.point(t.link.hash())...)
	}
	return ranges
}
