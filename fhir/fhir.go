// Package fhir holds what FHIR R4 (4.0.1) says: resource types, elements, identifiers, references,
// search parameters, the patient compartment and issue codes. It has no I/O, no HTTP and no SQL.
//
// Nouns:
//
//   - A [Resource] is one version of one resource as the store keeps it: compact JSON text and its key.
//   - A [Document] is JSON text that has been read once at the door; it cannot be broken JSON, has a known
//     resourceType and, if it has an id, a legal one. Everything that looks inside a resource asks a Document.
//   - An [Owner] says to which patient a document belongs, and why.
//   - A [Query] is a parsed search; its criteria decide on documents ([Query.Match]) and offer [Range]s that
//     narrow the rows worth looking at. The index narrows, the document decides.
//   - An [Error] may be shown to the caller; every other error may not.
//
// The tables come from HL7's R4 definitions through the generator in fhir/internal/generate.
package fhir
