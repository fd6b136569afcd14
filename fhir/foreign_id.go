package fhir

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Other systems have ids that R4 does not allow (datatypes.html#id: 64 letters, digits, "-" and "."): longer ones, some with "_"
// or ":". Such a resource is kept under a legal id made of the old one, and what refers to it is rewritten alike, wherever and
// whenever it comes.

// maxForeignID is how many bytes of an id are believed to be one.
const maxForeignID = 1024

// LegalID returns the id under which a resource is kept whose id in its system of origin is id: that itself where R4 allows it,
// otherwise one that is made of type and id and always the same. It is "" for a text that can be no id anywhere: an empty or
// very long one, "." and "..", and one with white space, a control character, or one of / \ ? # | " < >.
func LegalID(typ, id string) string {
	switch {
	case IsID(id):
		return id
	case id == "" || id == "." || id == ".." || len(id) > maxForeignID || strings.ContainsFunc(id, noneOfIDs):
		return ""
	}
	sum := sha256.Sum256([]byte(typ + "/" + id))
	return hex.EncodeToString(sum[:16])
}

// noneOfIDs reports whether a character is in no id of any system, as it would end or change the URL of the resource.
func noneOfIDs(r rune) bool {
	return r <= ' ' || r >= 0x7f && r < 0xa0 || strings.ContainsRune("/\\?#|\"<>\ufffd\u00a0", r)
}

// ResetForeign is [Document.Reset] for what comes from another system: an id that R4 does not allow is replaced by [LegalID], and
// kept as an identifier of the resource ([KeptID]). It returns the old one, "" if it was legal or missing.
func (d *Document) ResetForeign(data []byte) (was string, err error) {
	d.foreign = true
	defer func() { d.foreign = false }()
	if err := d.Reset(data); err != nil || IsID(d.id) || d.id == "" {
		return "", err
	}
	was = d.id
	text := d.withID(LegalID(d.typ, was), was)
	d.foreign = false
	return was, d.Reset(text)
}

// KeptID is the system of the tag that keeps the id of the origin where a type has no place for identifiers.
const KeptID = "urn:satchel:id-of-origin"

// withID returns the text with another id, and the old one as an identifier; as a tag of meta where the type has none, or has
// room for one and that is taken.
func (d *Document) withID(id, was string) []byte {
	root, c := d.root(), d.root().field("id").cell()
	edits := []edit{{int(c.start), int(c.end), quote(id)}}
	kept := `{"use":"secondary","type":{"text":"id in the system of origin"},"value":` + string(quote(was)) + `}`
	e := tables()[d.typ].byName["identifier"]
	switch {
	case e != nil && e.Max < 0:
		edits = append(edits, root.append("identifier", kept))
	case e != nil && !root.field("identifier").ok():
		edits = append(edits, root.member("identifier", kept))
	default:
		tag := `{"system":"` + KeptID + `","code":` + string(quote(was)) + `}`
		if meta := root.field("meta"); meta.ok() {
			edits = append(edits, meta.append("tag", tag))
		} else {
			edits = append(edits, root.member("meta", `{"tag":[`+tag+`]}`))
		}
	}
	if edits[1].start < edits[0].start {
		edits[0], edits[1] = edits[1], edits[0]
	}
	return edited(d.text, edits)
}

// append is the edit that puts an item at the end of an array of the object, or makes that.
func (n node) append(name, item string) edit {
	f := n.field(name)
	switch {
	case !f.ok():
		return n.member(name, "["+item+"]")
	case f.kind() != '[': // not as R4 has it, and kept all the same
		c := f.cell()
		return edit{int(c.start), int(c.end), []byte("[" + string(f.raw()) + "," + item + "]")}
	}
	end := int(f.cell().end) - 1
	if !f.first().ok() {
		return edit{end, end, []byte(item)}
	}
	return edit{end, end, []byte("," + item)}
}

// member is the edit that puts a member at the end of the object.
func (n node) member(name, value string) edit {
	end := int(n.cell().end) - 1
	text := `"` + name + `":` + value
	if n.first().ok() {
		text = "," + text
	}
	return edit{end, end, []byte(text)}
}

// LegalReferences returns the text with each reference, and address of an attachment, that names a resource of the store by an id
// that R4 does not allow rewritten to [LegalID], and how many there are; nil and 0 if there is none. References below other
// bases than own stay.
func (d *Document) LegalReferences(own Bases) (text []byte, n int) {
	var edits []edit
	for i := range d.cells {
		v := node{d, int32(i + 1)}
		if v.kind() != '"' || v.label() != "reference" && v.label() != "url" {
			continue
		}
		if to := legalReference(view(v.bytes()), own); to != "" {
			c := v.cell()
			edits = append(edits, edit{int(c.start), int(c.end), quote(to)})
		}
	}
	if edits == nil {
		return nil, 0
	}
	return edited(d.text, edits), len(edits)
}

// legalReference is "Type/id" with a legal id for a reference with one that is not; "" for any other.
func legalReference(text string, own Bases) string {
	path, _, _ := strings.Cut(text, "/_history/")
	before, last := cutLast(path)
	if IsID(last) || before == "" || strings.ContainsAny(path, "?#") {
		return ""
	}
	base, typ := cutLast(strings.TrimPrefix(before, "./"))
	id := LegalID(typ, last)
	if id == "" || !IsType(typ) || base != "" && !own.Has(base) {
		return ""
	}
	return typ + "/" + id
}

// Moved returns the text with the resource and its references to resources of the store under other ids: to returns the new id for
// type and id, "" to leave it. The old id of the resource itself is kept as an identifier. Nil if all stays.
func (d *Document) Moved(own Bases, to func(typ, id string) string) (text []byte, err error) {
	var edits []edit
	for i := range d.cells {
		v := node{d, int32(i + 1)}
		if v.kind() != '"' || v.label() != "reference" && v.label() != "url" {
			continue
		}
		r := ParseReference(view(v.bytes()))
		if !own.Owns(r) {
			continue
		}
		if id := to(r.Type, r.ID); id != "" {
			c := v.cell()
			edits = append(edits, edit{int(c.start), int(c.end), quote(r.Type + "/" + id)})
		}
	}
	id, was := to(d.typ, d.id), d.id
	if edits == nil && id == "" {
		return nil, nil
	}
	text = edited(d.text, edits)
	if id == "" {
		return text, nil
	}
	if err := d.Reset(text); err != nil {
		return nil, err
	}
	return d.withID(id, was), nil
}

// AnotherID is the id under which a resource of a source is kept whose own id is taken by another one here: always the same for
// the name of the source, type and id.
func AnotherID(source, typ, id string) string {
	sum := sha256.Sum256([]byte(source + "\n" + typ + "/" + id))
	return hex.EncodeToString(sum[:16])
}
