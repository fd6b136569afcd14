package fhir

import "strconv"

// element checks the value or values of one element of owner.
func (v *validator) element(object node, owner *table, e *element, value node) {
	if !v.shape(e, value) {
		return
	}
	for i, item := range value.each() {
		if v.full() {
			return
		}
		back := v.at.item(i)
		v.item(object, owner, e, i, item)
		v.at.cut(back)
	}
}

// shape checks that a list is written as an array and a single value is not, and that an array is not empty.
func (v *validator) shape(e *element, value node) bool {
	isArray := value.kind() == '['
	switch {
	case value.kind() == 'n':
		v.fail(CodeStructure, "is null; leave it out")
	case isArray && e.Max == 1:
		v.fail(CodeStructure, "is an array, but "+strconv.Quote(e.Name)+" has a single value")
	case !isArray && e.Max != 1:
		v.fail(CodeStructure, "must be an array, even for one value")
	case isArray && !value.first().ok():
		v.fail(CodeStructure, "is an empty array; leave it out")
	default:
		return true
	}
	return false
}

// item checks one value; i is its place in a list or -1.
func (v *validator) item(object node, owner *table, e *element, i int, value node) {
	switch {
	case value.kind() == 'n':
		v.null(object, e, i)
	case e.Type == "Resource":
		v.nested(owner, e, value)
	case e.format != nil:
		v.primitive(e, value)
	default:
		v.object(value, e.children)
		if e.Type == "Reference" && value.kind() == '{' {
			v.reference(e, value)
		}
	}
}

// null allows a null in a list of primitives where the sibling list has extensions in its place.
func (v *validator) null(object node, e *element, i int) {
	if e.format == nil {
		v.fail(CodeStructure, "is null; leave it out")
	} else if object.field("_"+e.Name).at(i).kind() != '{' {
		v.fail(CodeStructure, "is null without an entry in "+strconv.Quote("_"+e.Name)+" in its place")
	}
}

// at is the i-th item of an array.
func (n node) at(i int) node {
	for j, item := range n.each() {
		if i == j {
			return item
		}
	}
	return node{}
}

// primitive checks kind and format.
func (v *validator) primitive(e *element, value node) {
	kind := value.kind()
	if kind == 'f' {
		kind = 't'
	}
	switch {
	case kind != e.format.kind:
		v.fail(CodeStructure, "must be "+e.format.want+" ("+e.Type+")")
	case !e.format.legal(value.bytes()):
		v.fail(CodeValue, "is not "+e.format.want+" ("+e.Type+")")
	}
}

// siblings checks the "_name" property beside a primitive element.
func (v *validator) siblings(object node, e *element, value node) {
	if !v.shape(e, value) {
		return
	}
	plain := object.field(e.Name)
	if plain.kind() == '[' && value.kind() == '[' && plain.length() != value.length() {
		v.fail(CodeStructure, strconv.Quote("_"+e.Name)+" and "+strconv.Quote(e.Name)+" must have the same number of items")
	}
	for i, item := range value.each() {
		if v.full() {
			return
		}
		back := v.at.item(i)
		if item.kind() != 'n' {
			v.object(item, tables()["Element"])
		} else if k := plain.at(i).kind(); k == 0 || k == 'n' {
			v.fail(CodeStructure, "is null in "+strconv.Quote("_"+e.Name)+" without a value in its place")
		}
		v.at.cut(back)
	}
}

// length is the number of items.
func (n node) length() (count int) {
	for range n.each() {
		count++
	}
	return count
}
