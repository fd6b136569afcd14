package fhir

import (
	"bytes"
	"slices"
	"strconv"
)

// WithMembers returns the text of a Group without the members at some places (from 0, as [Document.Members] lists them) and
// with others, given as references, behind those that stay. A quantity that was the number of members is so again. Everything
// else stays byte for byte. The result is the caller's.
func (d *Document) WithMembers(without []int, add ...string) []byte {
	root := d.root()
	old, count := root.field("member"), 0
	var kept [][]byte
	for i, m := range old.each() {
		if count++; !slices.Contains(without, max(i, 0)) {
			kept = append(kept, m.raw())
		}
	}
	for _, reference := range add {
		kept = append(kept, slices.Concat([]byte(`{"entity":{"reference":`), quote(reference), []byte(`}}`)))
	}
	var edits []edit
	switch list := slices.Concat([]byte("["), bytes.Join(kept, []byte(",")), []byte("]")); {
	case len(kept) == 0:
		edits = append(edits, d.drop(old)...)
	default:
		edits = append(edits, d.place(old, "member", list))
	}
	if q := root.field("quantity"); q.kind() == '0' && q.text() == strconv.Itoa(count) {
		edits = append(edits, d.place(q, "quantity", strconv.AppendInt(nil, int64(len(kept)), 10)))
	}
	slices.SortFunc(edits, func(a, b edit) int { return a.start - b.start })
	return edited(d.text, edits)
}

// WithText returns the text with a string element of the resource itself set, such as name. Everything else stays byte for
// byte. The result is the caller's.
func (d *Document) WithText(name, value string) []byte {
	return edited(d.text, []edit{d.place(d.root().field(name), name, quote(value))})
}

// WithFlag is [Document.WithText] for a boolean element, such as active.
func (d *Document) WithFlag(name string, value bool) []byte {
	return edited(d.text, []edit{d.place(d.root().field(name), name, strconv.AppendBool(nil, value))})
}

// place is the edit that gives an element of the root a value; one that is not there comes last.
func (d *Document) place(old node, name string, value []byte) edit {
	if old.ok() {
		return edit{int(old.cell().start), int(old.cell().end), value}
	}
	end := len(d.text) - 1
	return edit{end, end, slices.Concat([]byte(`,"`+name+`":`), value)}
}

// drop is the edit that takes an element out of the root, with one comma; none if it is not there. The root holds at least
// a resourceType beside it.
func (d *Document) drop(old node) []edit {
	if !old.ok() {
		return nil
	}
	start, end := int(old.cell().label)-1, int(old.cell().end)
	if d.text[start-1] == ',' {
		start--
	} else {
		end++
	}
	return []edit{{start, end, nil}}
}
