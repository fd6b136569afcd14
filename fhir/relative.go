package fhir

import "strings"

// Relative returns the text with every reference, and every address of an attachment, that names a resource below a base of own
// made relative; nil if there is none. Everything else stays byte for byte. The result is the caller's.
func (d *Document) Relative(own Bases) []byte {
	var edits []edit
	w := walk{visit: func(owner *table, e *element, value node) {
		if value.kind() != '"' || !isReference(owner, e) {
			return
		}
		text := value.text()
		if r := ParseReference(text); r.Form == FormAbsolute && own.Has(r.Base) && strings.HasPrefix(text, r.Base) {
			c := value.cell()
			edits = append(edits, edit{int(c.start), int(c.end), quote(strings.TrimLeft(text[len(r.Base):], "/"))})
		}
	}}
	w.all(d)
	if len(edits) == 0 {
		return nil
	}
	return edited(d.text, edits)
}

// isReference reports whether an element's value is the address of a resource or of a Binary: no name of a definition, which
// stays what it is wherever it is read.
func isReference(owner *table, e *element) bool {
	return e.Name == "reference" && owner.name == "Reference" || e.Name == "url" && owner.name == "Attachment"
}
