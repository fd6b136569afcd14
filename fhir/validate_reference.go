package fhir

import (
	"slices"
	"strings"
)

// reference checks one Reference: that it says something, its syntax, and that it names a type that the element lists.
func (v *validator) reference(e *element, value node) {
	reference := value.field("reference")
	if !reference.ok() {
		v.needsContent(value)
		return
	}
	text := reference.bytes()
	if len(text) == 0 || v.full() {
		return // reported as a string
	}
	r := ParseReference(view(text))
	fault := r.fault()
	back := len(v.at)
	v.at = append(v.at, ".reference"...)
	switch {
	case fault != "":
		v.fail(CodeValue, fault)
	case r.Form == FormConditional && !v.inBundle:
		v.fail(CodeValue, "a conditional reference (Type?query) is allowed only in the entries of a Bundle")
	case r.Form == FormContained && r.ID != "" && !hasContained(v.container, r.ID):
		v.report(SeverityWarning, CodeNotFound, "no contained resource has this id")
	case r.Names() && len(e.Targets) > 0 && !slices.Contains(e.Targets, r.Type):
		v.report(SeverityWarning, CodeValue, "names a "+r.Type+"; expected "+strings.Join(e.Targets, ", "))
	}
	v.at.cut(back)
}

// needsContent warns of a Reference without reference, identifier, display and extension.
func (v *validator) needsContent(value node) {
	for _, name := range []string{"_reference", "identifier", "display", "_display", "extension"} {
		if value.field(name).ok() {
			return
		}
	}
	v.report(SeverityWarning, CodeInvalid, "a Reference should have reference, identifier or display")
}
