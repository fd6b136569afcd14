package fhir

import (
	"strconv"
	"strings"
)

// maxIssues bounds the findings about one resource.
const maxIssues = 100

// Validate checks structure against the R4 definitions: known elements, cardinality, primitive formats, choice types,
// reference syntax. It returns no finding for a sound document, and at most 100.
// Profiles and terminology are not checked; a reference to a type that the element does not list is a warning.
func (d *Document) Validate() []Issue {
	v := validator{at: append(make(trail, 0, 128), d.typ...)}
	v.resource(d.root())
	return v.issues
}

// validator is one run of Validate.
type validator struct {
	at        trail
	issues    []Issue
	container node // the resource whose contained list a fragment refers to
	inBundle  bool // conditional references are allowed in the entries of a Bundle
	contained bool // inside a contained resource
}

func (v *validator) full() bool { return len(v.issues) >= maxIssues }

// report adds a finding about the element where the walk stands.
func (v *validator) report(severity Severity, code Code, diagnostics string) {
	if !v.full() {
		v.issues = append(v.issues, Issue{severity, code, v.at.String() + ": " + diagnostics, v.at.String()})
	}
}

func (v *validator) fail(code Code, diagnostics string) { v.report(SeverityError, code, diagnostics) }

// resource checks a resource by its own type. The types were checked by [Parse].
func (v *validator) resource(resource node) {
	t := tableOf(resource)
	if t == nil {
		v.fail(CodeStructure, "must be a resource with a known resourceType")
		return
	}
	if !v.contained {
		v.container = resource
	}
	v.object(resource, t)
}

// nested checks a resource inside another.
func (v *validator) nested(owner *table, e *element, resource node) {
	outer := *v
	if e.Name == "contained" {
		if v.contained {
			v.fail(CodeStructure, "a contained resource cannot contain others; move it up to the outer resource")
		}
		v.contained = true
	} else {
		v.inBundle = v.inBundle || owner.name == "Bundle.entry"
		v.contained = false
	}
	v.resource(resource)
	v.container, v.inBundle, v.contained = outer.container, outer.inBundle, outer.contained
}

// object checks the members of an object of type t.
func (v *validator) object(object node, t *table) {
	if object.kind() != '{' {
		v.fail(CodeStructure, "must be a JSON object of type "+t.name)
		return
	}
	if !object.first().ok() {
		v.fail(CodeStructure, "is an empty object; leave it out")
		return
	}
	var chosen *element
	for member := object.first(); member.ok() && !v.full(); member = member.next() {
		name := member.knownName()
		if e := t.byName[name]; e != nil {
			chosen = v.oneOfChoice(chosen, e)
			back := v.at.step(e)
			v.element(object, t, e, member)
			v.at.cut(back)
		} else if e := t.sibling(name); e != nil {
			chosen = v.oneOfChoice(chosen, e)
			back := v.at.step(e)
			v.siblings(object, e, member)
			v.at.cut(back)
		} else if name != "resourceType" || t.kind != "resource" {
			v.unknown(t, name)
		}
	}
	for _, e := range t.required {
		if !v.present(object, t, e) {
			v.fail(CodeRequired, "the required element "+strconv.Quote(e.shown())+" is missing")
		}
	}
	v.rules(object, t)
}

// oneOfChoice reports a second type of one choice. It returns the choice that was seen last.
func (v *validator) oneOfChoice(chosen, e *element) *element {
	if e.Choice == "" {
		return chosen
	}
	if chosen != nil && chosen.Choice == e.Choice && chosen != e {
		v.fail(CodeStructure, "has both "+strconv.Quote(chosen.Name)+" and "+strconv.Quote(e.Name)+"; keep one of the choice "+strconv.Quote(e.shown()))
	}
	return e
}

// shown is the element's name in the definitions.
func (e *element) shown() string {
	if e.Choice != "" {
		return e.Choice + "[x]"
	}
	return e.Name
}

// present reports whether an object has the element, by value or by extensions in its place.
func (v *validator) present(object node, t *table, e *element) bool {
	if e.Choice == "" {
		return has(object, e)
	}
	for i := range t.elements {
		if o := &t.elements[i]; o.Choice == e.Choice && has(object, o) {
			return true
		}
	}
	return false
}

func has(object node, e *element) bool {
	return object.field(e.Name).ok() || e.format != nil && object.field("_"+e.Name).ok()
}

// unknown reports a property that the type does not have, with the nearest right one where it can be told.
func (v *validator) unknown(t *table, name string) {
	what := "unknown element " + quoted(name) + " of " + t.name
	for i := range t.elements {
		e := &t.elements[i]
		switch {
		case strings.EqualFold(e.Name, name):
			what += "; write " + strconv.Quote(e.Name)
		case e.Choice == name:
			what += "; write it with its type, such as " + strconv.Quote(e.Name)
		default:
			continue
		}
		break
	}
	v.fail(CodeStructure, what)
}

// rules checks what R4 says of a type beyond its elements.
func (v *validator) rules(object node, t *table) {
	if t.name != "Extension" || v.full() {
		return
	}
	value, nested := false, object.field("extension").ok()
	for member := range object.children {
		value = value || strings.HasPrefix(strings.TrimPrefix(member.label(), "_"), "value")
	}
	if value == nested {
		v.fail(CodeInvariant, "an extension has either a value or extensions (ext-1)")
	}
}
