package fhir

import (
	"bytes"
	"slices"
	"strings"
)

// ParseElements reads lists of root elements as the parameter _elements has them: "Patient.birthDate" for one type,
// "birthDate" for every type that has it; choices by their name in FHIRPath (value) or in JSON (valueQuantity). The
// [*Error] names what is no root element of R4.
func ParseElements(values []string) ([]string, error) {
	var all []string
	for _, value := range values {
		for one := range strings.SplitSeq(value, ",") {
			one = strings.TrimSpace(one)
			if one == "" || slices.Contains(all, one) {
				continue
			}
			if err := checkElement(one); err != nil {
				return nil, err
			}
			all = append(all, one)
		}
	}
	return all, nil
}

// checkElement refuses what is no root element.
func checkElement(text string) error {
	typ, name, ok := strings.Cut(text, ".")
	if !ok {
		typ, name = "", text
	}
	switch {
	case ok && !IsType(typ):
		return Errorf(CodeInvalid, "element %q: %q is not a FHIR R4 resource type; only root elements can be listed, such as \"Patient.birthDate\" or \"birthDate\"", text, typ)
	case strings.Contains(name, "."):
		return Errorf(CodeInvalid, "element %q is inside another; only root elements can be listed, such as %q", text, typ+"."+name[:strings.IndexByte(name, '.')])
	case ok && !tables()[typ].hasRoot(name):
		return Errorf(CodeInvalid, "element %q: %s has no element %q", text, typ, name)
	case !ok && !slices.ContainsFunc(Types(), func(typ string) bool { return tables()[typ].hasRoot(name) }):
		return Errorf(CodeInvalid, "element %q is not an element of any FHIR R4 resource", text)
	}
	return nil
}

// hasRoot reports whether a resource has the element, by either name.
func (t *table) hasRoot(name string) bool {
	return name == "resourceType" || slices.ContainsFunc(t.elements, func(e element) bool { return e.Name == name || e.Choice != "" && e.Choice == name })
}

// subsetted is the tag of a resource that is not whole.
const subsetted = `{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}`

// Subset appends to dst the text with only the listed root elements (see [ParseElements]), the mandatory ones,
// resourceType, id and meta, and returns it. meta gets the tag SUBSETTED. What stays is byte for byte as written, in its
// order.
func (d *Document) Subset(dst []byte, elements []string) []byte {
	t := tables()[d.typ]
	root := d.root()
	hasID, hasMeta := root.field("id").ok(), root.field("meta").ok()
	dst = append(dst, '{')
	for member := root.first(); member.ok(); member = member.next() {
		name := member.knownName()
		switch {
		case name == "meta":
			dst = appendSubsetted(appendLabel(dst, member), member)
		case d.keeps(t, name, elements):
			dst = append(appendLabel(dst, member), member.raw()...)
		default:
			continue
		}
		if !hasMeta && (name == "id" || name == "resourceType" && !hasID) {
			dst = append(append(append(dst, `,"meta":{"tag":[`...), subsetted...), "]}"...)
		}
		dst = append(dst, ',')
	}
	dst[len(dst)-1] = '}'
	return dst
}

// keeps reports whether a subset has the member. What stands beside a primitive stays with it.
func (d *Document) keeps(t *table, name string, elements []string) bool {
	if name == "resourceType" || name == "id" {
		return true
	}
	e := t.byName[name]
	if e == nil {
		if e = t.sibling(name); e == nil {
			return false
		}
	}
	if e.Min > 0 {
		return true
	}
	for _, listed := range elements {
		if rest, ok := strings.CutPrefix(listed, d.typ); ok && strings.HasPrefix(rest, ".") {
			listed = rest[1:]
		}
		if listed == e.Name || e.Choice != "" && listed == e.Choice {
			return true
		}
	}
	return false
}

// appendSubsetted writes meta with the tag.
func appendSubsetted(dst []byte, meta node) []byte {
	tags := meta.field("tag")
	if tags.kind() == '[' {
		for _, tag := range tags.each() {
			if tag.field("code").is("SUBSETTED") {
				return append(dst, meta.raw()...)
			}
		}
		whole, end := meta.raw(), int(tags.cell().end-meta.cell().start)-1
		dst = append(dst, whole[:end]...)
		if dst[len(dst)-1] != '[' {
			dst = append(dst, ',')
		}
		return append(append(dst, subsetted...), whole[end:]...)
	}
	if meta.kind() != '{' || tags.ok() { // not as R4 has it; nothing can be added
		return append(dst, meta.raw()...)
	}
	whole := meta.raw()
	dst = append(dst, whole[:len(whole)-1]...)
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	return append(append(append(dst, `"tag":[`...), subsetted...), "]}"...)
}

// relativeBinary begins the member of an attachment that needs [Document.AppendAbsolute]; a slash may be escaped.
var relativeBinary = []byte(`"url":"Binary`)

// MayHaveRelative reports quickly whether a compact text may hold an attachment at a relative address of a Binary. It
// may say yes for nothing.
func MayHaveRelative(text []byte) bool { return bytes.Contains(text, relativeBinary) }

// AppendAbsolute appends to dst the text with the url of each attachment that is "Binary/…" made absolute under base,
// a FHIR base URL without a slash at its end, and returns it. All else stays byte for byte.
func (d *Document) AppendAbsolute(dst []byte, base string) []byte {
	from := 0
	d.eachAttachment(func(_ int, attachment node) {
		url := attachment.field("url")
		if url.kind() != '"' || !strings.HasPrefix(view(url.bytes()), "Binary/") {
			return
		}
		c := url.cell()
		dst = append(dst, d.text[from:c.start]...)
		dst = append(dst, quote(base+"/"+url.text())...)
		from = int(c.end)
	})
	return append(dst, d.text[from:]...)
}
