package fhir

import (
	"strconv"
	"strings"
)

// trail is the element path of the place where a walk stands, such as Patient.contact[1].name.
// It grows in place; a step returns the length to cut back to.
type trail []byte

// step enters an element and returns how to leave it. A choice goes by its name in FHIRPath: Observation.value.
func (t *trail) step(e *element) (back int) {
	back = len(*t)
	*t = append(*t, '.')
	if e.Choice != "" {
		*t = append(*t, e.Choice...)
	} else {
		*t = append(*t, e.Name...)
	}
	return back
}

// item enters the i-th item of a list; -1 is a single value.
func (t *trail) item(i int) (back int) {
	back = len(*t)
	if i >= 0 {
		*t = append(*t, '[')
		*t = strconv.AppendInt(*t, int64(i), 10)
		*t = append(*t, ']')
	}
	return back
}

func (t *trail) cut(back int)   { *t = (*t)[:back] }
func (t *trail) String() string { return string(*t) }

// walk visits every known element of a document in document order, with the resources inside it.
type walk struct {
	at    trail
	visit func(owner *table, e *element, value node)
}

// all walks the document.
func (w *walk) all(d *Document) {
	w.at = append(make(trail, 0, 128), d.typ...)
	w.object(d.root(), tables()[d.typ])
}

// object visits the elements of an object of type t; nil is an unknown type.
func (w *walk) object(object node, t *table) {
	if t == nil {
		return
	}
	for member := range object.children {
		name := member.knownName()
		e := t.byName[name]
		if e == nil {
			if e = t.sibling(name); e == nil {
				continue
			}
			e = &element{Name: e.Name, Choice: e.Choice, Type: "Element", children: tables()["Element"]}
		}
		back := w.at.step(e)
		for i, value := range member.each() {
			in := w.at.item(i)
			w.value(t, e, value)
			w.at.cut(in)
		}
		w.at.cut(back)
	}
}

// value visits one value and what it holds.
func (w *walk) value(owner *table, e *element, value node) {
	w.visit(owner, e, value)
	switch {
	case e.Type == "Resource":
		w.object(value, tableOf(value))
	case e.children != nil:
		w.object(value, e.children)
	}
}

// sibling finds the primitive element that "_name" adds id and extensions to; nil if name is not such a property.
func (t *table) sibling(name string) *element {
	plain, ok := strings.CutPrefix(name, "_")
	if !ok {
		return nil
	}
	if e := t.byName[plain]; e != nil && e.format != nil && e.Type != "xhtml" {
		return e
	}
	return nil
}

// tableOf finds the elements of a resource by its resourceType; nil for an unknown one.
func tableOf(resource node) *table {
	typ := resource.field("resourceType")
	if t := tables()[view(typ.bytes())]; t != nil && t.kind == "resource" {
		return t
	}
	return nil
}

// Attachments calls f with every element of type Attachment, those in contained resources and extensions included:
// its element path, its contentType and url ("" if absent), and whether it carries data.
func (d *Document) Attachments(f func(path string, contentType, url string, hasData bool)) {
	w := walk{}
	w.visit = func(_ *table, e *element, value node) {
		if e.Type == "Attachment" && value.kind() == '{' {
			f(w.at.String(), value.field("contentType").text(), value.field("url").text(), value.field("data").ok())
		}
	}
	w.all(d)
}
