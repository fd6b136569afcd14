package fhir

// node is one value in a document's tree: an index into the document's arena, so that walking costs no allocation.
// The zero node is "nothing": every method works on it and finds nothing.
type node struct {
	d *Document
	i int32 // 1-based index into d's arena; 0 is nothing
}

func (n node) ok() bool                         { return n.i != 0 }
func (n node) kind() byte                       { panic("todo") } // one of { [ " 0 t f n  (jsontext kinds), 0 for nothing
func (n node) name() string                     { panic("todo") } // member name in the parent object, "" in arrays; no allocation for known element names
func (n node) field(name string) node           { panic("todo") } // member of an object
func (n node) children(f func(child node) bool) { panic("todo") } // members or items, in document order; usable as range-over-func
func (n node) raw() []byte                      { panic("todo") } // the JSON text of the value
func (n node) text() string                     { panic("todo") } // a string unescaped, a number or literal as written, "" otherwise
