package fhir

import "strings"

// referenceOf reads a value of type Reference, canonical or uri. It lives until the document's next Reset.
func referenceOf(v node, typ string) Reference {
	if typ == "Reference" {
		return ParseReference(textOf(v, "reference"))
	}
	return parseCanonical(view(v.bytes()))
}

// refersTo reports whether a Reference names a resource of the type: by its reference, or else by its type element.
// It stands for "resolve() is T".
func refersTo(v node, typ string) bool {
	if r := referenceOf(v, "Reference"); r.Names() {
		return r.Type == typ
	}
	return v.field("type").is(typ)
}

// referenceTest compares a reference.
type referenceTest struct {
	Reference
	canonical Reference // what the text is where it is compared with a canonical
	bare      bool      // only an id was given: any type will do
	own       Bases     // of the server that searches
}

// parseReference reads "id", "Type/id", either with a version, an absolute URL or another URI. typ is the modifier.
// An id alone is one of the parameter's only target type, if there is only one.
func parseReference(p *param, name, typ, value string, own Bases) (test, error) {
	s := unescape(value)
	t := referenceTest{Reference: ParseReference(s), canonical: parseCanonical(s), own: own}
	switch {
	case t.Names() && (typ == "" || typ == t.Type):
		return t, nil
	case IsID(s) && typ == "" && len(p.Targets) == 1:
		return t.of(p.Targets[0]), nil
	case IsID(s):
		return t.of(typ), nil
	case typ == "" && t.Form != FormContained && strings.Contains(s, ":"):
		return t, nil
	case typ == "" && t.canonical.Names():
		return t, nil
	case typ != "":
		return nil, badValue(name, value, "give the id of a "+typ)
	}
	return nil, badValue(name, value, "write an id, Type/id or an absolute URL")
}

// of makes the test one for an id of a type; "" is any type.
func (t referenceTest) of(typ string) referenceTest {
	t.Reference, t.bare = Reference{Form: FormRelative, Type: typ, ID: t.Text}, typ == ""
	t.canonical = t.Reference
	return t
}

func (t referenceTest) matches(e *end, v node) bool {
	r := referenceOf(v, e.typ)
	if e.typ != "Reference" {
		return t.matchesCanonical(r)
	}
	switch {
	case t.Version != "" && t.Version != r.Version:
		return false
	case t.Form == FormURN:
		return t.URN() == r.URN()
	case !t.Names():
		return r.Text == t.Text
	case t.bare:
		return t.own.Owns(r) && t.ID == r.ID
	}
	return t.own.same(t.Reference, r)
}

// matchesCanonical compares with a canonical, whose base is a name and no address.
func (t referenceTest) matchesCanonical(r Reference) bool {
	want := t.canonical
	switch {
	case want.Version != "" && want.Version != r.Version:
		return false
	case want.Form == FormRelative:
		return r.Names() && want.ID == r.ID && (t.bare || want.Type == r.Type)
	}
	return want.Text == r.Text
}

// ranges name the patient for the elements that the owner index serves, and the id for the others.
func (t referenceTest) ranges(p *param) []Range {
	var ranges []Range
	if p.owned && t.own.Owns(t.Reference) && (t.bare || t.Type == "Patient") {
		ranges = append(ranges, Range{Patient: t.ID})
	}
	if p.unowned || t.Type != "Patient" || !t.own.Owns(t.Reference) {
		ranges = append(ranges, p.point(t.hash())...)
		if canonical := t.canonical.hash(); canonical != t.hash() {
			ranges = append(ranges, p.point(canonical)...)
		}
	}
	return ranges
}
