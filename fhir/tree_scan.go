package fhir

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

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

// stringEnd finds the byte after the string that starts at i. Most strings are short, so it looks byte by byte first.
func stringEnd(text []byte, i int) (end int, escaped bool) {
	for j := i + 1; j < min(i+32, len(text)); j++ {
		switch text[j] {
		case '"':
			return j + 1, false
		case '\\':
			return escapedEnd(text, j), true
		}
	}
	k := i + 1 + bytes.IndexByte(text[i+1:], '"')
	if j := bytes.IndexByte(text[i+1:k], '\\'); j >= 0 {
		return escapedEnd(text, i+1+j), true
	}
	return k + 1, false
}

// escapedEnd is stringEnd from the first backslash on.
func escapedEnd(text []byte, j int) int {
	for {
		switch text[j] {
		case '"':
			return j + 1
		case '\\':
			j++
		}
		j++
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
