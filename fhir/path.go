package fhir

import (
	"fmt"
	"slices"
	"strings"
)

// way is one compiled branch of a search expression: the JSON names from the resource (or another starting type)
// down to a value, and the FHIR type of that value. "Observation.value" alone gives one way per type of value.
type way struct {
	hops []hop
	typ  string // FHIR type or backbone at the end, such as "CodeableConcept", "Patient.contact"
	only string // where(resolve() is T): the reference must name a T
	flag bool   // "X.exists() and X != false": the value stands for true unless it is false
}

// hop is one step of a way. The zero conditions let every value through.
type hop struct {
	name         string // JSON name: "valueQuantity"
	where, equal string // where(system='phone'): the value's child and its text
}

// key identifies the element that a way leads to, whatever its conditions on references.
func (w way) key() string {
	var b strings.Builder
	for _, h := range w.hops {
		fmt.Fprintf(&b, ".%s{%s=%s}", h.name, h.where, h.equal)
	}
	return b.String()
}

// compileExpression compiles the FHIRPath of a search parameter for a type that it applies to. It knows the part of
// FHIRPath that R4's search parameters use: names, choices, unions, as, ofType, where(x = 'y'),
// where(resolve() is T) and "X.exists() and X != false". (Only Bundle's "entry[0].resource" is beyond it.) Branches for other resource types are left out.
func compileExpression(typ, expression string) ([]way, error) {
	c := compiler{typ: typ}
	left, right, both := strings.Cut(expression, " and ")
	if !both {
		return c.union(expression)
	}
	x, exists := strings.CutSuffix(strings.TrimSpace(left), ".exists()")
	y, unequal := strings.CutSuffix(strings.TrimSpace(right), "!= false")
	if !exists || !unequal || x != strings.TrimSpace(y) {
		return nil, fmt.Errorf("cannot read %q", expression)
	}
	ways, err := c.union(x)
	for i := range ways {
		ways[i].flag = true
	}
	return ways, err
}

// compiler compiles expressions that start at one type.
type compiler struct{ typ string }

// union reads "a | b".
func (c compiler) union(s string) ([]way, error) {
	var all []way
	for _, part := range splitOutside(s, '|') {
		ways, err := c.term(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		all = append(all, ways...)
	}
	return all, nil
}

// term reads "a.b.f(x)" or "(a.b as T).c".
func (c compiler) term(s string) ([]way, error) {
	steps := splitOutside(s, '.')
	ways, err := c.head(steps[0])
	for _, step := range steps[1:] {
		if err != nil || len(ways) == 0 {
			return nil, err
		}
		ways, err = apply(ways, strings.TrimSpace(step))
	}
	return ways, err
}

// head reads the first step of a term: a type, an element of the starting type, or an expression in parentheses.
// It gives no way for the name of another type.
func (c compiler) head(s string) ([]way, error) {
	if inner, ok := strings.CutPrefix(s, "("); ok {
		inner = strings.TrimSuffix(inner, ")")
		if x, typ, ok := strings.Cut(inner, " as "); ok {
			ways, err := c.union(x)
			if err != nil || len(ways) == 0 {
				return nil, err
			}
			return keepType(ways, typ)
		}
		return c.union(inner)
	}
	here := []way{{typ: c.typ}}
	switch {
	case s == c.typ, s == "Resource" && isResourceType(c.typ), s == "DomainResource" && isResourceType(c.typ):
		return here, nil
	case isResourceType(s):
		return nil, nil
	}
	return apply(here, s)
}

// apply takes one step from every way.
func apply(ways []way, step string) ([]way, error) {
	name, argument, call := strings.Cut(strings.TrimSuffix(step, ")"), "(")
	if !call {
		return children(ways, step)
	}
	switch name {
	case "as", "ofType":
		return keepType(ways, argument)
	case "where":
		return where(ways, argument)
	}
	return nil, fmt.Errorf("function %q is not known", name)
}

// children steps to the element called name, in each of its types if it is a choice.
func children(ways []way, name string) ([]way, error) {
	var all []way
	for _, w := range ways {
		for _, e := range elementsOf(w.typ) {
			if e.Name != name && (e.Choice != name || name == "") {
				continue
			}
			typ := e.Type
			if e.Backbone != "" {
				typ = e.Backbone
			}
			hops := append(slices.Clone(w.hops), hop{name: e.Name})
			all = append(all, way{hops: hops, typ: typ})
		}
	}
	if all == nil {
		return nil, fmt.Errorf("%s has no element %q", ways[0].typ, name)
	}
	return all, nil
}

// keepType drops the ways that end in another type. HL7 writes "DateTime" and "dateTime" alike.
func keepType(ways []way, typ string) ([]way, error) {
	kept := slices.DeleteFunc(ways, func(w way) bool { return !strings.EqualFold(w.typ, strings.TrimSpace(typ)) })
	if len(kept) == 0 {
		return nil, fmt.Errorf("no element of type %q", typ)
	}
	return kept, nil
}

// where puts a condition on the value at the end of every way.
func where(ways []way, condition string) ([]way, error) {
	if typ, ok := strings.CutPrefix(condition, "resolve() is "); ok {
		for i := range ways {
			ways[i].only = typ
		}
		return ways, nil
	}
	name, text, ok := strings.Cut(condition, "=")
	name, text = strings.TrimSpace(name), strings.TrimSpace(text)
	if !ok || len(text) < 2 || text[0] != '\'' || text[len(text)-1] != '\'' {
		return nil, fmt.Errorf("condition %q is not known", condition)
	}
	for i := range ways {
		last := &ways[i].hops[len(ways[i].hops)-1]
		last.where, last.equal = name, text[1:len(text)-1]
	}
	return ways, nil
}

// splitOutside splits s at a separator that is outside of parentheses and quotes.
func splitOutside(s string, separator byte) []string {
	var parts []string
	depth, quoted, start := 0, false, 0
	for i := range len(s) {
		switch b := s[i]; {
		case b == '\'':
			quoted = !quoted
		case quoted:
		case b == '(':
			depth++
		case b == ')':
			depth--
		case b == separator && depth == 0:
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:])
}
