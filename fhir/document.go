package fhir

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// Limits of one resource at the door.
const (
	MaxResourceSize = 32 << 20 // bytes of JSON
	MaxDepth        = 64       // levels of nesting
)

// Limits of a Bundle that carries other resources; see [ParseBundle].
const (
	MaxBundleSize  = 64 << 20     // bytes of JSON
	MaxBundleDepth = MaxDepth + 8 // levels of nesting, so that every legal resource fits into an entry
)

// Document is the JSON text of one resource, read once. Its methods may run at the same time, but none beside Reset.
type Document struct {
	text  []byte // compact
	cells []cell // the tree, in document order
	stack []frame
	typ   string
	id    string

	foreign bool // ids of other systems are taken: [Document.ResetForeign]
}

// Parse reads one resource. It refuses, with an [*Error] that names the place (byte offset or element path):
// broken JSON, trailing data, duplicate keys, invalid UTF-8 and lone surrogates, zero characters, nesting beyond [MaxDepth],
// text over [MaxResourceSize], a missing or unknown resourceType (nested resources included), an illegal id,
// a meta that is not an object.
// The text is compacted (white space between tokens goes); every digit, key and order stays.
// Parse does not keep data.
func Parse(data []byte) (*Document, error) {
	d := &Document{}
	if err := d.Reset(data); err != nil {
		return nil, err
	}
	return d, nil
}

// Reset parses data into d, reusing its memory; it is [Parse] for loops. After an error d is empty.
func (d *Document) Reset(data []byte) error {
	return d.reset(data, MaxResourceSize, MaxDepth, IsType)
}

// ParseBundle is [Parse] for a Bundle that is taken apart by [BundleEntries]: it allows [MaxBundleSize] and [MaxBundleDepth],
// and refuses other types.
func ParseBundle(data []byte) (*Document, error) {
	d := &Document{}
	err := d.reset(data, MaxBundleSize, MaxBundleDepth, func(typ string) bool { return typ == "Bundle" })
	if err != nil {
		return nil, err
	}
	return d, nil
}

// ParseParameters is [Parse] for the body of an operation: a Parameters resource, which cannot be stored.
func ParseParameters(data []byte) (*Document, error) {
	d := &Document{}
	err := d.reset(data, MaxResourceSize, MaxDepth, func(typ string) bool { return typ == "Parameters" })
	if err != nil {
		return nil, err
	}
	return d, nil
}

// strict makes jsontext refuse what it allows by default when it only reformats.
var strict = []jsontext.Options{
	jsontext.AllowDuplicateNames(false),
	jsontext.AllowInvalidUTF8(false),
	jsontext.PreserveRawStrings(true),
}

// reset reads data within the limits and accepts the root types that allowed does.
func (d *Document) reset(data []byte, maxSize, maxDepth int, allowed func(typ string) bool) (err error) {
	d.typ, d.id = "", ""
	defer func() {
		if err != nil {
			d.text, d.cells, d.typ, d.id = d.text[:0], d.cells[:0], "", ""
		}
	}()
	if err := checkText(data, maxSize); err != nil {
		return err
	}
	if d.text, err = jsontext.AppendFormat(d.text[:0], data, strict...); err != nil {
		return syntaxError(data, err)
	}
	if err := d.scan(maxDepth); err != nil {
		return err
	}
	return d.identify(allowed)
}

// checkText refuses what can be told from the first bytes and the size.
func checkText(data []byte, maxSize int) error {
	switch {
	case len(data) > maxSize:
		return Errorf(CodeTooLong, "the resource has %d bytes, at most %d are allowed; send large content as a separate Binary", len(data), maxSize)
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return Errorf(CodeStructure, "the text starts with a byte order mark (BOM); send UTF-8 without it")
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		return Errorf(CodeStructure, "the text is UTF-16 by its byte order mark (BOM); send UTF-8")
	case len(bytes.TrimSpace(data)) == 0:
		return Errorf(CodeStructure, "the text is empty; send one resource as a JSON object")
	}
	return nil
}

// identify reads resourceType and id, and the types of nested resources.
func (d *Document) identify(allowed func(typ string) bool) error {
	root := d.root()
	if root.kind() != '{' {
		return Errorf(CodeStructure, "the text is not a JSON object; send one resource such as {\"resourceType\":\"Patient\"}")
	}
	typ, err := typeOf(root, "")
	if err != nil {
		return err
	}
	if !allowed(typ) {
		return Errorf(CodeInvalid, "resourceType %q is not allowed here", typ)
	}
	if id := root.field("id"); id.ok() {
		if id.kind() != '"' || !IsID(view(id.bytes())) && (!d.foreign || LegalID(typ, view(id.bytes())) == "") {
			return &Error{CodeValue, typ + ".id: not a legal id; use " + formats["id"].want, typ + ".id"}
		}
		d.id = id.text()
	}
	if meta := root.field("meta"); meta.ok() && meta.kind() != '{' {
		return &Error{CodeStructure, typ + ".meta: must be a JSON object", typ + ".meta"}
	}
	d.typ = typ
	return checkNested(root, typ, typ)
}

// typeOf reads the resourceType of a resource at path ("" for the root) and demands that R4 knows it.
func typeOf(resource node, path string) (string, error) {
	typ := resource.field("resourceType")
	place := "resourceType"
	if path != "" {
		place = path + ".resourceType"
	}
	switch {
	case !typ.ok():
		return "", &Error{CodeRequired, place + " is missing; every resource names its type, exactly so written", path}
	case typ.kind() != '"':
		return "", &Error{CodeStructure, place + " must be a string such as \"Patient\"", path}
	}
	t := tables()[view(typ.bytes())]
	if t == nil || t.kind != "resource" {
		return "", &Error{CodeInvalid, place + " " + quoted(typ.text()) + " is not a resource type of FHIR R4 (4.0.1)", path}
	}
	return t.name, nil
}

// Type is the resourceType.
func (d *Document) Type() string { return d.typ }

// ID is the logical id, or "" if the document has none.
func (d *Document) ID() string { return d.id }

// JSON is the compact text. The caller must not change it; it lives until the next Reset.
func (d *Document) JSON() []byte { return d.text[:len(d.text):len(d.text)] }

// root is the resource itself, nothing in an empty document.
func (d *Document) root() node {
	if len(d.cells) == 0 {
		return node{}
	}
	return node{d, 1}
}
