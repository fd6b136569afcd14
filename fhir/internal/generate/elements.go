package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

const (
	profileBase = "http://hl7.org/fhir/StructureDefinition/"
	fhirType    = "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type"
	systemTypes = "http://hl7.org/fhirpath/System."
)

type bundle struct {
	Entry []struct {
		Resource json.RawMessage `json:"resource"`
	} `json:"entry"`
}

// structure is what is used of a StructureDefinition. Its own elements come from the differential: that of HL7's core
// types lists each with cardinality and types, and the package's publisher extended some snapshots by elements of his
// own and of R5 without a change of version.
type structure struct {
	URL            string `json:"url"`
	Version        string `json:"version"`
	Type           string `json:"type"`
	Kind           string `json:"kind"`
	Abstract       bool   `json:"abstract"`
	Derivation     string `json:"derivation"`
	BaseDefinition string `json:"baseDefinition"`
	Differential   struct {
		Element []elementDefinition `json:"element"`
	} `json:"differential"`
}

type elementDefinition struct {
	Path             string       `json:"path"`
	Min              int          `json:"min"`
	Max              string       `json:"max"`
	ContentReference string       `json:"contentReference"`
	Type             []typeOption `json:"type"`
}

type typeOption struct {
	Code          string   `json:"code"`
	TargetProfile []string `json:"targetProfile"`
	Extension     []struct {
		URL      string `json:"url"`
		ValueURL string `json:"valueUrl"`
	} `json:"extension"`
}

// structuresOf collects the definitions of resources and data types, without profiles and logical models, by type name.
func structuresOf(bundles ...bundle) (map[string]structure, error) {
	found := map[string]structure{}
	for _, b := range bundles {
		for _, e := range b.Entry {
			var head struct{ ResourceType string }
			if err := json.Unmarshal(e.Resource, &head); err != nil {
				return nil, err
			}
			if head.ResourceType != "StructureDefinition" {
				continue
			}
			var s structure
			if err := json.Unmarshal(e.Resource, &s); err != nil {
				return nil, err
			}
			if s.Kind == "logical" || s.Derivation == "constraint" {
				continue
			}
			if s.Version != fhirVersion || s.URL != profileBase+s.Type {
				fmt.Printf("left out: %s version %s\n", s.URL, s.Version)
				continue
			}
			found[s.Type] = s
		}
	}
	return found, nil
}

// elementsText writes every type with the elements that it does not inherit:
//
//	resource Patient DomainResource
//	 deceased[x] 0..1 boolean dateTime
//	 contact 0..* @Patient.contact
//	backbone Patient.contact BackboneElement
//
// "@" names the type that holds the children of a nested element.
func elementsText(structures map[string]structure) []byte {
	var out bytes.Buffer
	for _, name := range sortedKeys(structures) {
		writeStructure(&out, structures[name])
	}
	return out.Bytes()
}

func writeStructure(out *bytes.Buffer, s structure) {
	kind := map[string]string{"resource": "resource", "complex-type": "type", "primitive-type": "primitive"}[s.Kind]
	if s.Abstract {
		kind = "abstract"
	}
	base := strings.TrimPrefix(s.BaseDefinition, profileBase)
	fmt.Fprintln(out, strings.TrimSpace(fmt.Sprintf("%s %s %s", kind, s.Type, base)))
	if s.Kind == "primitive-type" {
		return
	}
	writeChildren(out, s, s.Type)
	for _, e := range s.Differential.Element {
		if isNested(s, e) {
			fmt.Fprintf(out, "backbone %s %s\n", e.Path, e.Type[0].Code)
			writeChildren(out, s, e.Path)
		}
	}
}

// isNested reports whether e has children of its own in the definition.
func isNested(s structure, e elementDefinition) bool {
	return strings.Contains(e.Path, ".") && slices.ContainsFunc(s.Differential.Element, func(c elementDefinition) bool {
		return strings.HasPrefix(c.Path, e.Path+".")
	})
}

// writeChildren writes the elements directly below path that path's own type adds to its base.
func writeChildren(out *bytes.Buffer, s structure, path string) {
	for _, e := range s.Differential.Element {
		name, direct := strings.CutPrefix(e.Path, path+".")
		if !direct || strings.Contains(name, ".") || e.Max == "0" || strangers[e.Path] {
			continue
		}
		fmt.Fprintf(out, " %s %d..%s %s\n", name, e.Min, e.Max, strings.Join(typesOf(s, e), " "))
	}
}

// typesOf lists the types of an element as the tables write them: "string", "Reference(Patient|Group)", "@Patient.contact".
func typesOf(s structure, e elementDefinition) []string {
	if e.ContentReference != "" {
		return []string{"@" + strings.TrimPrefix(e.ContentReference, "#")}
	}
	if isNested(s, e) {
		return []string{"@" + e.Path}
	}
	var types []string
	for _, t := range e.Type {
		types = append(types, typeText(e.Path, t))
	}
	return types
}

func typeText(path string, t typeOption) string {
	code := t.Code
	if strings.HasPrefix(code, systemTypes) {
		code = "string"
		for _, x := range t.Extension {
			if x.URL == fhirType {
				code = x.ValueURL
			}
		}
	}
	if path == "Resource.id" {
		code = "id" // R4's own file says string, its text and its schema say id
	}
	if code != "Reference" {
		return code
	}
	var targets []string
	for _, p := range t.TargetProfile {
		if target, hl7 := strings.CutPrefix(p, profileBase); hl7 && !slices.Contains(targets, target) {
			targets = append(targets, target)
		}
	}
	slices.Sort(targets)
	if len(targets) == 0 || slices.Contains(targets, "Resource") {
		return code
	}
	return code + "(" + strings.Join(targets, "|") + ")"
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
