package fhir

import "iter"

// Value is one element of a document, for whoever shows a resource to people: it can be read and walked, not changed.
// The zero Value is "nothing"; every method works on it and finds nothing. It lives until the document's next Reset;
// the strings it gives may be kept.
type Value struct {
	n   node
	typ string
	t   *table // elements of an object; nil for primitives and for what R4 does not know
}

// Look is the resource itself as a value, nothing for an empty document.
func (d *Document) Look() Value {
	return Value{d.root(), d.typ, tables()[d.typ]}
}

// Ok reports whether there is a value at all.
func (v Value) Ok() bool { return v.n.ok() }

// Type is the FHIR type: "dateTime", "CodeableConcept", "BackboneElement" …; for a resource inside another its
// resourceType; "" where R4 does not know the element; "Element" for what stands beside a primitive ("_birthDate").
func (v Value) Type() string { return v.typ }

// IsObject reports whether v is a JSON object.
func (v Value) IsObject() bool { return v.n.kind() == '{' }

// Text is a string unescaped, a number or literal as written, "" for anything else.
func (v Value) Text() string { return v.n.text() }

// Size is the length of the value's JSON text in bytes, quotes included.
func (v Value) Size() int { return len(v.n.raw()) }

// Children calls f with each value below v in document order until f returns false; lists are entered. name is the
// element's name as FHIRPath has it (value for valueQuantity, birthDate for _birthDate); index is the place
// in a list, -1 for a single value. Both together make the paths that [Document.Attachments] gives.
func (v Value) Children(f func(name string, index int, child Value) bool) {
	if v.n.kind() != '{' {
		return
	}
	for member := range v.n.children {
		name, e := v.element(member)
		for i, n := range member.each() {
			if n.kind() != 'n' && !f(name, i, valueOf(n, e)) {
				return
			}
		}
	}
}

// Child is the first value of an element, by its name as in [Value.Children].
func (v Value) Child(name string) (found Value) {
	for c := range v.Each(name) {
		return c
	}
	return Value{}
}

// Each walks the values of one element, by its name as in [Value.Children]; what stands beside primitives is left out.
func (v Value) Each(name string) iter.Seq[Value] {
	return func(yield func(Value) bool) {
		v.Children(func(n string, _ int, child Value) bool {
			return n != name || child.typ == "Element" || yield(child)
		})
	}
}

// beside is what R4 has beside a primitive.
var beside = &element{Type: "Element"}

// element finds what R4 says of a member of v; nil if nothing.
func (v Value) element(member node) (name string, e *element) {
	name = member.name()
	if v.t == nil {
		return name, nil
	}
	e = v.t.byName[name]
	if e == nil {
		if e = v.t.sibling(name); e == nil {
			return name, nil
		}
		return choiceName(e), beside
	}
	return choiceName(e), e
}

// choiceName is an element's name in FHIRPath.
func choiceName(e *element) string {
	if e.Choice != "" {
		return e.Choice
	}
	return e.Name
}

// valueOf gives a node its type.
func valueOf(n node, e *element) Value {
	switch {
	case e == nil:
		return Value{n: n}
	case e == beside:
		return Value{n, "Element", tables()["Element"]}
	case e.Type == "Resource":
		t := tableOf(n)
		if t == nil {
			return Value{n: n}
		}
		return Value{n, t.name, t}
	}
	return Value{n, e.Type, e.children}
}
