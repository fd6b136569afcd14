package fhir

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
)

// element is what R4 says of one element under its JSON name: a choice such as "value[x]" has one element
// per type ("valueQuantity", "valueString" …) that share Choice.
type element struct {
	Name     string   // JSON property name: "status", "valueQuantity"
	Min, Max int      // Max < 0 is unbounded
	Type     string   // "code", "HumanName", "BackboneElement", "Reference", "xhtml", "Resource" (contained, entry.resource) …
	Choice   string   // "value" for valueQuantity: at most one of a choice; Min is that of the choice
	Backbone string   // for nested elements: the name of the type that holds the children, such as "Patient.contact"; contentReference resolves to it
	Targets  []string // Reference targets ("Patient", "Group"), empty for any
	children *table   // elements of the value, nil for primitives and Resource
	format   *format  // of a primitive, nil for others
}

// table is one type: a resource, a data type or a backbone.
type table struct {
	name     string
	kind     string // "resource", "type", "primitive", "abstract" or "backbone", as in elements.txt
	base     string
	elements []element
	byName   map[string]*element
	required []*element // Min > 0, one for a choice
}

//go:embed definitions/elements.txt
var elementsFile string

// tables holds every type of elements.txt by name. It is read on first use.
var tables = sync.OnceValue(func() map[string]*table {
	all := readTables(elementsFile)
	for _, t := range all {
		t.inherit(all)
	}
	for _, t := range all {
		t.index(all)
	}
	return all
})

// readTables reads the lines of elements.txt (see fhir/definitions/README.md).
func readTables(text string) map[string]*table {
	all := make(map[string]*table, 900)
	var t *table
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if own, ok := strings.CutPrefix(line, " "); ok {
			t.elements = appendElements(t.elements, own)
			continue
		}
		kind, rest, _ := strings.Cut(line, " ")
		name, base, _ := strings.Cut(rest, " ")
		t = &table{name: name, kind: kind, base: base}
		all[name] = t
	}
	return all
}

// appendElements reads one line such as "deceased[x] 0..1 boolean dateTime".
func appendElements(to []element, line string) []element {
	name, rest, _ := strings.Cut(line, " ")
	bounds, types, _ := strings.Cut(rest, " ")
	e := element{Name: name, Min: int(bounds[0] - '0'), Max: 1}
	if bounds[len(bounds)-1] == '*' {
		e.Max = -1
	}
	choice, isChoice := strings.CutSuffix(name, "[x]")
	for typ := range strings.SplitSeq(types, " ") {
		e.Type, e.Targets, e.Backbone = typ, nil, ""
		if code, targets, ok := strings.Cut(typ, "("); ok {
			e.Type, e.Targets = code, strings.Split(strings.TrimSuffix(targets, ")"), "|")
		} else if backbone, ok := strings.CutPrefix(typ, "@"); ok {
			e.Type, e.Backbone = "BackboneElement", backbone
		}
		if isChoice {
			e.Choice, e.Name = choice, choice+strings.ToUpper(e.Type[:1])+e.Type[1:]
		}
		to = append(to, e)
	}
	return to
}

// inherit puts the elements of the base types in front, outermost first.
func (t *table) inherit(all map[string]*table) {
	if t.byName != nil {
		return
	}
	t.byName = map[string]*element{}
	if base := all[t.base]; base != nil {
		base.inherit(all)
		t.elements = slices.Concat(base.elements, t.elements)
	}
}

// index fills what Validate looks up: elements by name, required ones, tables of children.
func (t *table) index(all map[string]*table) {
	for i := range t.elements {
		e := &t.elements[i]
		t.byName[e.Name] = e
		if e.Min > 0 && (e.Choice == "" || i == 0 || t.elements[i-1].Choice != e.Choice) {
			t.required = append(t.required, e)
		}
		if e.Backbone != "" {
			e.children = all[e.Backbone]
		} else if target := all[e.Type]; target.kind != "primitive" && e.Type != "Resource" {
			e.children = target
		} else {
			e.format = formats[e.Type]
		}
	}
}

// elementsOf lists the elements of a resource type, data type or backbone ("Patient", "HumanName", "Patient.contact"),
// inherited ones included; nil for an unknown name. The caller must not change the list.
func elementsOf(typ string) []element {
	if t := tables()[typ]; t != nil {
		return t.elements
	}
	return nil
}

// elementOf finds one element of a type by its JSON name.
func elementOf(typ, name string) (element, bool) {
	if t := tables()[typ]; t != nil {
		if e := t.byName[name]; e != nil {
			return *e, true
		}
	}
	return element{}, false
}

// elementNames maps every element name of R4 to itself, so that names can be kept without a copy.
var elementNames = sync.OnceValue(func() map[string]string {
	names := make(map[string]string, 2500)
	for _, t := range tables() {
		for i := range t.elements {
			names[t.elements[i].Name] = t.elements[i].Name
		}
	}
	names["resourceType"] = "resourceType"
	return names
})
