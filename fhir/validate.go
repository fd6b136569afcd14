package fhir

// Validate checks structure against the R4 definitions: known elements, cardinality, primitive formats, choice types,
// reference syntax. It returns no finding for a sound document. Profiles and terminology are not checked.
func (d *Document) Validate() []Issue { panic("todo") }
