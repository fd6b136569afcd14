package fhir

// References calls f with every Reference.reference and every other URL-typed value that may name a resource
// (canonical, uri, url: used for urn:uuid rewriting) with its element path, in document order, contained resources included.
func (d *Document) References(f func(path, value string)) { panic("todo") }

// Rewritten returns the text with every string value equal to a key of links (such as "urn:uuid:…") in a Reference.reference,
// uri, url, canonical or oid element, and in narrative href/src, replaced by its value (such as "Patient/1").
func (d *Document) Rewritten(links map[string]string) []byte { panic("todo") }
