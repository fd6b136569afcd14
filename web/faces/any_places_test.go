package faces_test

import (
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"satchel/fhir"
)

// place is where a resource of a type can name another one: an element of type Reference, or the address of an Attachment.
type place struct {
	path    []string // names of elements; one that repeats ends in "*"
	targets []string // types that it may name; none: any
	file    bool     // an attachment, which shows a Binary
}

// name is the path as FHIR writes it.
func (p place) name() string { return strings.ReplaceAll(strings.Join(p.path, "."), "*", "") }

// definitions are the lines of HL7's tables (fhir/definitions/README.md) by type.
var definitions = sync.OnceValues(func() (map[string][]string, error) {
	text, err := os.ReadFile("../../fhir/definitions/elements.txt")
	all, typ := map[string][]string{}, ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if own, ok := strings.CutPrefix(line, " "); ok {
			all[typ] = append(all[typ], own)
		} else if f := strings.Fields(line); len(f) > 1 {
			typ = f[1]
		}
	}
	return all, err
})

// placesOf lists the places of a type, two steps below the resource at most.
func placesOf(t testing.TB, typ string) []place {
	t.Helper()
	all, err := definitions()
	if err != nil {
		t.Fatal(err)
	}
	return slices.Concat(placesBelow(all, typ, nil), []place{{path: []string{"extension*", "valueReference"}}})
}

func placesBelow(all map[string][]string, typ string, above []string) (places []place) {
	for _, line := range all[typ] {
		name, rest, _ := strings.Cut(line, " ")
		bounds, types, _ := strings.Cut(rest, " ")
		mark := ""
		if strings.HasSuffix(bounds, "*") {
			mark = "*"
		}
		for kind := range strings.FieldsSeq(types) {
			own := strings.TrimSuffix(name, "[x]")
			if own != name {
				own += strings.ToUpper(kind[:1]) + strings.SplitN(kind[1:], "(", 2)[0]
			}
			path := append(slices.Clone(above), own+mark)
			inner, isBackbone := strings.CutPrefix(kind, "@")
			switch {
			case kind == "Attachment":
				places = append(places, place{path: path, file: true})
			case kind == "Reference" || strings.HasPrefix(kind, "Reference("):
				places = append(places, place{path: path, targets: targetsOf(kind)})
			case isBackbone && len(above) < 2:
				places = append(places, placesBelow(all, inner, path)...)
			}
		}
	}
	return places
}

func targetsOf(kind string) []string {
	_, list, _ := strings.Cut(strings.TrimSuffix(kind, ")"), "(")
	return slices.DeleteFunc(strings.Split(list, "|"), func(typ string) bool { return !fhir.IsType(typ) })
}

// set writes a value at a path into a resource, into a new item of the lists on the way or, if old, into the last one.
func set(to map[string]any, path []string, value any, old bool) {
	name, list := strings.CutSuffix(path[0], "*")
	if len(path) == 1 {
		if list {
			items, _ := to[name].([]any)
			to[name] = append(items, value)
		} else {
			to[name] = value
		}
		return
	}
	var inner map[string]any
	if !list {
		if inner, _ = to[name].(map[string]any); inner == nil {
			inner = map[string]any{}
			to[name] = inner
		}
	} else if items, _ := to[name].([]any); old && len(items) > 0 {
		inner = items[len(items)-1].(map[string]any)
	} else {
		inner = map[string]any{}
		to[name] = append(items, inner)
	}
	set(inner, path[1:], value, old)
}

// The table of places is as R4 has it.
func TestPlaces(t *testing.T) {
	t.Parallel()
	has := func(typ, name string) place {
		for _, p := range placesOf(t, typ) {
			if p.name() == name {
				return p
			}
		}
		t.Fatalf("%s has no %s", typ, name)
		return place{}
	}
	if p := has("Observation", "subject"); !slices.Contains(p.targets, "Patient") || p.path[0] != "subject" {
		t.Errorf("%+v", p)
	}
	if p := has("DocumentReference", "content.attachment"); !p.file || p.path[0] != "content*" {
		t.Errorf("%+v", p)
	}
	has("Task", "input.valueReference")
	has("Binary", "securityContext")
	if p := has("Task", "basedOn"); len(p.targets) > 0 || p.path[0] != "basedOn*" {
		t.Errorf("%+v", p)
	}
}
