package fhir

import (
	"slices"
	"strings"
	"testing"
)

func TestTypes(t *testing.T) {
	types := Types()
	if len(types) != 145 || !slices.IsSorted(types) || !IsType("Patient") || !IsType("Binary") || !IsType("Bundle") {
		t.Errorf("%d types", len(types))
	}
	for _, name := range []string{"Parameters", "Resource", "DomainResource", "HumanName", "string", "Patient.contact", "patient", "", "SubscriptionStatus"} {
		if IsType(name) || slices.Contains(types, name) {
			t.Errorf("%q counts as a type to store", name)
		}
	}
}

func TestIsID(t *testing.T) {
	for _, id := range []string{"a", "1", "A-b.C", "-", "...", strings.Repeat("x", 64)} {
		if !IsID(id) {
			t.Errorf("%q refused", id)
		}
	}
	for _, id := range []string{"", ".", "..", "a/b", "a_b", "a b", "ä", "a\n", "$export", strings.Repeat("x", 65)} {
		if IsID(id) {
			t.Errorf("%q passed", id)
		}
	}
}

func TestElementOf(t *testing.T) {
	for _, tt := range []struct {
		typ, name string
		want      element
	}{
		{"Patient", "id", element{Type: "id", Max: 1}},
		{"Patient", "birthDate", element{Type: "date", Max: 1}},
		{"Patient", "name", element{Type: "HumanName", Max: -1}},
		{"Patient", "contained", element{Type: "Resource", Max: -1}},
		{"Patient", "contact", element{Type: "BackboneElement", Max: -1, Backbone: "Patient.contact"}},
		{"Patient", "deceasedBoolean", element{Type: "boolean", Max: 1, Choice: "deceased"}},
		{"Patient", "generalPractitioner", element{Type: "Reference", Max: -1, Targets: []string{"Organization", "Practitioner", "PractitionerRole"}}},
		{"Patient.contact", "modifierExtension", element{Type: "Extension", Max: -1}},
		{"Patient.link", "other", element{Type: "Reference", Min: 1, Max: 1, Targets: []string{"Patient", "RelatedPerson"}}},
		{"HumanName", "id", element{Type: "string", Max: 1}},
		{"Observation", "focus", element{Type: "Reference", Max: -1}},
		{"Observation.component", "referenceRange", element{Type: "BackboneElement", Max: -1, Backbone: "Observation.referenceRange"}},
		{"Age", "value", element{Type: "decimal", Max: 1}},
		{"Narrative", "div", element{Type: "xhtml", Min: 1, Max: 1}},
		{"MedicationRequest", "medicationReference", element{Type: "Reference", Min: 1, Max: 1, Choice: "medication", Targets: []string{"Medication"}}},
		{"Extension", "url", element{Type: "uri", Min: 1, Max: 1}},
		{"Extension", "valueBase64Binary", element{Type: "base64Binary", Max: 1, Choice: "value"}},
	} {
		e, ok := elementOf(tt.typ, tt.name)
		if !ok || e.Name != tt.name || e.Type != tt.want.Type || e.Min != tt.want.Min || e.Max != tt.want.Max ||
			e.Choice != tt.want.Choice || e.Backbone != tt.want.Backbone || !slices.Equal(e.Targets, tt.want.Targets) {
			t.Errorf("%s.%s: got %+v", tt.typ, tt.name, e)
		}
	}
	if elementsOf("Nobody") != nil {
		t.Error("elements of an unknown type")
	}
}

// The package that the definitions came in carries elements, targets and types that R4 does not have.
func TestNoStrangers(t *testing.T) {
	for _, text := range []string{elementsFile, searchFile, compartmentFile} {
		if strings.Contains(strings.ToLower(text), "medplum") {
			t.Error("the publisher's name in a derived file")
		}
	}
	for _, e := range [][2]string{
		{"Meta", "project"}, {"Meta", "author"}, {"Meta", "account"}, {"Meta", "compartment"}, {"Binary", "url"}, {"DeviceDefinition", "classification"},
		{"ObservationDefinition", "publisher"}, {"ResearchStudy", "result"}, {"ResearchStudy", "studyDesign"}, {"EvidenceVariable.characteristic", "linkId"},
	} {
		if _, ok := elementOf(e[0], e[1]); ok {
			t.Errorf("%s.%s is not of R4 4.0.1", e[0], e[1])
		}
	}
	for name, tab := range tables() {
		for _, e := range tab.elements {
			for _, target := range e.Targets {
				if !isResourceType(target) {
					t.Errorf("%s.%s may name the unknown type %q", name, e.Name, target)
				}
			}
		}
	}
}

// Every element leads to a format, to elements or to a resource, so that nothing goes unchecked.
func TestTablesAreWhole(t *testing.T) {
	for name, tab := range tables() {
		if tab.kind != "primitive" && len(tab.elements) == 0 {
			t.Errorf("%s has no elements", name)
		}
		for _, e := range tab.elements {
			if ways := e.format != nil; ways == (e.children != nil) && e.Type != "Resource" {
				t.Errorf("%s.%s of type %s leads nowhere", name, e.Name, e.Type)
			}
		}
	}
}

func TestSearchParamsOf(t *testing.T) {
	find := func(typ, code string) searchParam {
		for _, p := range searchParamsOf(typ) {
			if p.Code == code {
				return p
			}
		}
		return searchParam{}
	}
	for _, tt := range []struct{ typ, code, kind, expression string }{
		{"Patient", "birthdate", "date", "Patient.birthDate"},
		{"Patient", "_id", "token", "Resource.id"},
		{"Patient", "_text", "string", ""},
		{"Binary", "_lastUpdated", "date", "Resource.meta.lastUpdated"},
		{"Observation", "value-quantity", "quantity", "(Observation.value as Quantity) | (Observation.value as SampledData)"},
		{"Observation", "code", "token", "Observation.code"},
		{"InsurancePlan", "name", "string", "InsurancePlan.name | InsurancePlan.alias"},
		{"Immunization", "patient", "reference", "Immunization.patient"},
	} {
		if p := find(tt.typ, tt.code); p.Type != tt.kind || p.Expression != tt.expression {
			t.Errorf("%s %s: got %+v", tt.typ, tt.code, p)
		}
	}
	if p := find("Patient", "birthdate"); p.URL != "http://hl7.org/fhir/SearchParameter/individual-birthdate" {
		t.Errorf("got %q", p.URL)
	}
	if find("Binary", "_text").Code != "" || searchParamsOf("Nobody") != nil || searchParamsOf("HumanName") != nil {
		t.Error("parameters where none are")
	}
	for _, typ := range Types() {
		codes := map[string]bool{}
		for _, p := range searchParamsOf(typ) {
			if codes[p.Code] {
				t.Errorf("%s has %q twice", typ, p.Code)
			}
			codes[p.Code] = true
		}
		for _, code := range compartmentParams(typ) {
			if !codes[code] {
				t.Errorf("%s is in the compartment by the unknown parameter %q", typ, code)
			}
		}
	}
}

func TestCompartmentParams(t *testing.T) {
	if got := compartmentParams("AllergyIntolerance"); !slices.Equal(got, []string{"patient", "recorder", "asserter"}) {
		t.Errorf("got %v", got)
	}
	if compartmentParams("Organization") != nil || len(compartments()) != 67 {
		t.Errorf("%d types", len(compartments()))
	}
}
