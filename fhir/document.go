package fhir

import "time"

// Limits of one resource at the door.
const (
	MaxResourceSize = 32 << 20 // bytes of JSON
	MaxDepth        = 64       // levels of nesting
)

// Document is the JSON text of one resource, read once.
type Document struct{}

// Parse reads one resource. It refuses, with an [*Error] that names the place (byte offset or element path):
// broken JSON, trailing data, duplicate keys, invalid UTF-8 and lone surrogates, nesting beyond [MaxDepth],
// text over [MaxResourceSize], a missing or unknown resourceType, an illegal id.
// The text is compacted (white space between tokens goes); every digit, key and order stays.
// Parse does not keep data.
func Parse(data []byte) (*Document, error) { panic("todo") }

// Reset parses data into d, reusing its memory; it is [Parse] for loops.
func (d *Document) Reset(data []byte) error { panic("todo") }

// Type is the resourceType.
func (d *Document) Type() string { panic("todo") }

// ID is the logical id, or "" if the document has none.
func (d *Document) ID() string { panic("todo") }

// JSON is the compact text. The caller must not change it; it lives until the next Reset.
func (d *Document) JSON() []byte { panic("todo") }

// Stamped appends to dst the text with id, meta.versionId and meta.lastUpdated set, and returns it.
// Stamping is stable: stamping a stamped text again with the same values gives the same bytes, so the hash of the
// stamped text tells whether content changed. A missing id goes right after resourceType, a missing meta right after id.
// t is written in UTC with milliseconds and a Z.
func (d *Document) Stamped(dst []byte, id string, version int64, t time.Time) []byte { panic("todo") }

// Validate checks structure against the R4 definitions: known elements, cardinality, primitive formats, choice types,
// reference syntax. It returns no finding for a sound document. Profiles and terminology are not checked.
func (d *Document) Validate() []Issue { panic("todo") }

// References calls f with every Reference.reference and every other URL-typed value that may name a resource
// (canonical, uri, url: used for urn:uuid rewriting) with its element path, in document order, contained resources included.
func (d *Document) References(f func(path, value string)) { panic("todo") }

// Rewritten returns the text with every string value equal to a key of links (such as "urn:uuid:…") in a Reference.reference,
// uri, url, canonical or oid element, and in narrative href/src, replaced by its value (such as "Patient/1").
func (d *Document) Rewritten(links map[string]string) []byte { panic("todo") }
