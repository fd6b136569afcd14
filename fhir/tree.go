package fhir

import (
	"iter"
	"strings"
	"unsafe"

	"github.com/go-json-experiment/json/jsontext"
)

// node is one value in a document's tree: an index into the document's arena, so that walking costs no allocation.
// The zero node is "nothing": every method works on it and finds nothing.
type node struct {
	d *Document
	i int32 // 1-based index into d's arena; 0 is nothing
}

// cell is one node in the arena. Offsets are into the document's compact text. The first child of a container
// is the next cell; a member's name ends two bytes before its value (`"name":value`).
type cell struct {
	start, end int32
	label      int32 // start of the member's name, 0 for array items and the root
	next       int32 // 1-based index of the next sibling, 0 for the last
	kind       byte  // as [node.kind]
	escaped    bool  // a string with a backslash in it
	odd        bool  // the name has a backslash in it
}

func (n node) cell() *cell { return &n.d.cells[n.i-1] }

// ok reports whether n is a value at all.
func (n node) ok() bool { return n.i != 0 }

// kind is one of { [ " 0 t f n (jsontext kinds), 0 for nothing.
func (n node) kind() byte {
	if n.i == 0 {
		return 0
	}
	return n.cell().kind
}

// label is the member name as written, without quotes; it is read from the text itself and must not outlive it.
func (n node) label() string {
	if n.i == 0 || n.cell().label == 0 {
		return ""
	}
	c := n.cell()
	return view(n.d.text[c.label : c.start-2])
}

// name is the member name in the parent object, "" in arrays; no allocation for known element names.
func (n node) name() string {
	label := n.label()
	if label == "" {
		return ""
	}
	if n.cell().odd {
		return unquoted(n.d.text[n.cell().label-1 : n.cell().start-1])
	}
	if known, ok := elementNames()[label]; ok {
		return known
	}
	return strings.Clone(label)
}

// first is the first member or item.
func (n node) first() node {
	if n.i == 0 {
		return node{}
	}
	c := n.cell()
	if (c.kind != '{' && c.kind != '[') || c.end-c.start == 2 {
		return node{}
	}
	return node{n.d, n.i + 1}
}

// next is the sibling after n.
func (n node) next() node {
	if n.i == 0 || n.cell().next == 0 {
		return node{}
	}
	return node{n.d, n.cell().next}
}

// field is the member of an object under the name.
func (n node) field(name string) node {
	if n.kind() != '{' {
		return node{}
	}
	for c := n.first(); c.ok(); c = c.next() {
		if c.label() == name || c.cell().odd && c.name() == name {
			return c
		}
	}
	return node{}
}

// children walks the members or items in document order; usable as range-over-func.
func (n node) children(f func(child node) bool) {
	for c := n.first(); c.ok(); c = c.next() {
		if !f(c) {
			return
		}
	}
}

// each walks an element's values: the items of an array, or the value itself.
func (n node) each() iter.Seq2[int, node] {
	return func(yield func(int, node) bool) {
		if n.kind() != '[' {
			if n.ok() {
				yield(-1, n)
			}
			return
		}
		i := 0
		for c := n.first(); c.ok(); c = c.next() {
			if !yield(i, c) {
				return
			}
			i++
		}
	}
}

// raw is the JSON text of the value. It lives until the document's next Reset.
func (n node) raw() []byte {
	if n.i == 0 {
		return nil
	}
	c := n.cell()
	return n.d.text[c.start:c.end:c.end]
}

// text is a string unescaped, a number or literal as written, "" otherwise. It may be kept.
func (n node) text() string { return string(n.bytes()) }

// bytes is text without a copy where the text is as written. It lives until the document's next Reset.
func (n node) bytes() []byte {
	switch n.kind() {
	case '"':
		c := n.cell()
		if c.escaped {
			return []byte(unquoted(n.raw()))
		}
		return n.d.text[c.start+1 : c.end-1]
	case '0', 't', 'f':
		return n.raw()
	}
	return nil
}

// is reports whether n is a string with the value s.
func (n node) is(s string) bool { return n.kind() == '"' && string(n.bytes()) == s }

// unquoted resolves the escapes of a JSON string that is known to be sound.
func unquoted(quoted []byte) string {
	s, _ := jsontext.AppendUnquote(nil, quoted)
	return string(s)
}

// view reads b as a string without a copy. It is valid while b is not written to.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
