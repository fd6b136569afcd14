package fhir

import (
	"bytes"
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

// scan builds the arena for text, which must be compact and sound JSON. It stops with an error at a value deeper
// than maxDepth or at a zero character.
func (d *Document) scan(maxDepth int) error {
	d.cells = d.cells[:0]
	text := d.text
	stack := append(d.stack[:0], frame{})
	label, odd := int32(0), false
	for i := 0; i < len(text); {
		switch b := text[i]; b {
		case ',':
			i++
		case '}', ']':
			top := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			i++
			d.cells[top.cell-1].end = int32(i)
		case '{', '[':
			d.add(stack, cell{start: int32(i), label: label, kind: b, odd: odd})
			stack = append(stack, frame{cell: int32(len(d.cells)), object: b == '{'})
			if len(stack)-1 > maxDepth {
				return d.tooDeep(maxDepth, i)
			}
			label, odd = 0, false
			i++
		case '"':
			end, escaped := stringEnd(text, i)
			if escaped && bytes.Contains(text[i:end], zeroEscape) && hasZero(text[i:end]) {
				return d.hasZero(i)
			}
			if stack[len(stack)-1].object && label == 0 {
				label, odd = int32(i+1), escaped
				i = end + 1 // the colon
				continue
			}
			d.add(stack, cell{start: int32(i), end: int32(end), label: label, kind: '"', escaped: escaped, odd: odd})
			label, odd = 0, false
			i = end
		default:
			end := scalarEnd(text, i)
			if b == '-' || b >= '0' && b <= '9' {
				b = '0'
			}
			d.add(stack, cell{start: int32(i), end: int32(end), label: label, kind: b, odd: odd})
			label, odd = 0, false
			i = end
		}
	}
	d.stack = stack
	return nil
}

// frame is an open container during the scan.
type frame struct {
	cell   int32 // 1-based
	last   int32 // last child so far
	object bool
}

// add appends a cell and links it to the sibling before it.
func (d *Document) add(stack []frame, c cell) {
	d.cells = append(d.cells, c)
	top := &stack[len(stack)-1]
	if top.last != 0 {
		d.cells[top.last-1].next = int32(len(d.cells))
	}
	top.last = int32(len(d.cells))
}

// stringEnd finds the byte after the string that starts at i.
func stringEnd(text []byte, i int) (end int, escaped bool) {
	for j := i + 1; ; {
		k := j + bytes.IndexByte(text[j:], '"')
		n := 0
		for text[k-1-n] == '\\' {
			n++
		}
		if n%2 == 0 {
			return k + 1, escaped || bytes.IndexByte(text[i+1:k], '\\') >= 0
		}
		escaped = true
		j = k + 1
	}
}

// scalarEnd finds the byte after the number or literal that starts at i.
func scalarEnd(text []byte, i int) int {
	for i < len(text) && text[i] != ',' && text[i] != '}' && text[i] != ']' {
		i++
	}
	return i
}

var zeroEscape = []byte(`\u0000`)

// hasZero reports whether a quoted string stands for text with a zero character.
func hasZero(quoted []byte) bool {
	s, _ := jsontext.AppendUnquote(nil, quoted)
	return bytes.IndexByte(s, 0) >= 0
}
