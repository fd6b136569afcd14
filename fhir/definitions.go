package fhir

// element is what R4 says of one element, keyed by its path without choice suffix ("Observation.value" has types
// Quantity, string … and is written valueQuantity, valueString …; the table is keyed by the JSON name).
type element struct {
	Name     string   // JSON property name: "status", "valueQuantity"
	Min, Max int      // Max < 0 is unbounded
	Type     string   // "code", "HumanName", "BackboneElement", "Reference", "xhtml", "Resource" (contained, entry.resource) …
	Choice   string   // "value" for valueQuantity: at most one of a choice
	Backbone string   // for nested elements: the name of the type that holds the children, such as "Patient.contact"; contentReference resolves to it
	Targets  []string // Reference targets ("Patient", "Group"), empty for any
}

// elementsOf lists the elements of a resource type, data type or backbone ("Patient", "HumanName", "Patient.contact"),
// inherited ones included; nil for an unknown name.
func elementsOf(typ string) []element { panic("todo") }

// elementOf finds one element of a type by its JSON name.
func elementOf(typ, name string) (element, bool) { panic("todo") }

// searchParam is one R4 SearchParameter as it applies to one type.
type searchParam struct {
	Code       string // "birthdate"
	Type       string // token, reference, date, string, number, quantity, uri, composite, special
	Expression string // FHIRPath, only the part of a union that applies to the type
	Targets    []string
	URL        string
}

// searchParamsOf lists the search parameters of a type with those of Resource and DomainResource, sorted by code.
func searchParamsOf(typ string) []searchParam { panic("todo") }

// compartmentParams lists the search parameter codes through which a type is in the patient compartment; nil if it is not in it.
func compartmentParams(typ string) []string { panic("todo") }
