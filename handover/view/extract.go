package view

import (
	"strconv"
	"strings"

	"satchel/fhir"
)

// Limits of what is kept of one resource; the rest is in its source.
const (
	maxText   = 8000 // bytes of one text
	maxFields = 1500
)

// extractor walks one resource and collects its fields.
type extractor struct {
	v     *View
	f     *fact
	at    []byte // the place with indexes, as fhir's Attachments has it
	path  []byte // the place without
	label []byte // the place with numbers from the second item on
	files map[string]string
	inner map[string]string // titles of contained resources, by id
}

// extract fills a fact with what its resource says.
func (v *View) extract(f *fact, root fhir.Value, files map[string]string) {
	f.plan = planOf(f.typ)
	x := &extractor{v: v, f: f, files: files, at: []byte(f.typ)}
	x.contained(root)
	x.object(root)
	x.labels(root)
	if f.typ == "Binary" {
		f.files = append(f.files, attached{contentType: root.Child("contentType").Text(), path: x.pathOf("Binary.data", ""), data: true, at: "Binary.data"})
		f.fields = append(f.fields, field{"data", "data", []value{{filed, "", "0"}}})
	}
	f.title = x.title(root)
	x.date()
	for _, path := range strings.Fields(f.plan.status) {
		f.status = append(f.status, x.codes(root, path)...)
	}
	switch f.typ {
	case "Observation":
		f.result = x.observation(root)
	case "QuestionnaireResponse":
		f.uses = root.Child("questionnaire").Text()
		x.items(root, 0)
	case "Questionnaire":
		f.asks = &asks{url: root.Child("url").Text(), text: map[string]string{}}
		f.asks.read(root)
	}
}

// contained learns the titles of contained resources, which references inside point to.
func (x *extractor) contained(root fhir.Value) {
	for c := range root.Each("contained") {
		if x.inner == nil {
			x.inner = map[string]string{}
		}
		inner := &extractor{v: x.v, f: &fact{typ: c.Type(), plan: planOf(c.Type())}, at: []byte(c.Type())}
		inner.object(c)
		x.inner["#"+c.Child("id").Text()] = inner.title(c).text
	}
}

// object collects the fields of an object.
func (x *extractor) object(o fhir.Value) {
	o.Children(func(name string, index int, c fhir.Value) bool {
		if len(x.f.fields) >= maxFields {
			return false
		}
		if skipped(name, c, len(x.path) == 0) {
			return true
		}
		x.f.altered = x.f.altered || name == "modifierExtension"
		x.f.refused = x.f.refused || name == "doNotPerform" && c.Text() == "true"
		x.enter(name, index, c)
		return true
	})
}

// skipped leaves out what is shown otherwise or says nothing to people.
func skipped(name string, c fhir.Value, top bool) bool {
	switch name {
	case "resourceType", "meta":
		return true
	case "id":
		return top || c.Type() == "id" || c.Type() == "string"
	case "data":
		return c.Type() == "base64Binary" && top // of a Binary
	}
	return false
}

// step enters an element. Extensions go by the end of their url.
func (x *extractor) step(name string, index int, c fhir.Value) {
	x.at = append(append(x.at, '.'), name...)
	if index >= 0 {
		x.at = append(strconv.AppendInt(append(x.at, '['), int64(index), 10), ']')
	}
	if len(x.path) > 0 {
		x.path, x.label = append(x.path, '.'), append(x.label, '.')
	}
	switch {
	case c.Type() == "Extension":
		url := c.Child("url").Text()
		x.path = append(x.path, name...)
		x.label = append(append(x.label, '+'), strings.ReplaceAll(url[strings.LastIndexByte(url, '/')+1:], ".", "·")...)
	default:
		x.path, x.label = append(x.path, name...), append(x.label, name...)
		if index > 0 {
			x.label = strconv.AppendInt(append(x.label, '#'), int64(index)+1, 10)
		}
	}
}

// value collects one value: a field if its type can be told in a line, its parts otherwise.
func (x *extractor) value(c fhir.Value) {
	switch {
	case c.Type() == "Extension":
		x.extension(c)
	case c.Type() == "Attachment":
		x.add(x.file(c))
		x.extensions(c)
	case c.Type() == "Narrative":
		x.add([]value{{text: x.text(plainText(c.Child("div").Text()))}})
	case c.IsObject():
		if values := x.oneLine(c); len(values) > 0 {
			x.add(values)
			x.extensions(c)
		} else {
			x.object(c)
		}
	default:
		x.add(x.primitive(c))
	}
}

// extension shows the value of an extension, or the extensions inside.
func (x *extractor) extension(c fhir.Value) {
	c.Children(func(name string, index int, part fhir.Value) bool {
		switch {
		case name == "url" || part.Type() == "Element":
		case name == "extension":
			x.enter(name, index, part)
		default: // the value; it has no name of its own
			at := len(x.at)
			x.at = append(append(x.at, '.'), name...)
			x.value(part)
			x.at = x.at[:at]
		}
		return true
	})
}

// extensions are those beside a value that was told in a line.
func (x *extractor) extensions(c fhir.Value) {
	c.Children(func(name string, index int, part fhir.Value) bool {
		if name == "extension" || part.Type() == "Element" {
			x.enter(name, index, part)
		}
		return true
	})
}

// enter collects a value one step below.
func (x *extractor) enter(name string, index int, c fhir.Value) {
	at, path, label := len(x.at), len(x.path), len(x.label)
	x.step(name, index, c)
	x.value(c)
	x.at, x.path, x.label = x.at[:at], x.path[:path], x.label[:label]
}

// add keeps a field.
func (x *extractor) add(values []value) {
	if len(values) == 0 || len(x.f.fields) >= maxFields {
		return
	}
	x.f.fields = append(x.f.fields, field{x.v.keep(x.path), x.v.keep(x.label), values})
}

// text limits the length of a text and keeps short ones once.
func (x *extractor) text(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "") + x.v.t.say("cut")
	}
	if len(s) <= 64 {
		return x.v.keep([]byte(s))
	}
	return s
}

// usual are the levels of confidentiality that need no mark.
var usual = map[string]bool{"U": true, "L": true, "M": true, "N": true}

// labels are the security labels of a resource.
func (x *extractor) labels(root fhir.Value) {
	for c := range root.Child("meta").Each("security") {
		if l := coding(c); l.text != "" && !usual[c.Child("code").Text()] {
			x.f.labels = append(x.f.labels, x.text(l.text))
		}
	}
}

// title is the first of the plan's titles that has a text.
func (x *extractor) title(root fhir.Value) value {
	for _, path := range strings.Fields(x.f.plan.title) {
		for _, values := range x.f.values(path) {
			for _, v := range values {
				if v.kind == filed {
					v = value{text: v.text}
				}
				if v.kind != wording && (v.text != "" || v.kind == linked) {
					return v
				}
			}
		}
	}
	return value{}
}

// date is the first of the plan's dates that is there.
func (x *extractor) date() {
	for _, path := range strings.Fields(x.f.plan.date) {
		for _, values := range x.f.values(path) {
			for _, v := range values {
				if v.kind == dated {
					if at, ok := parseDate(v.text); ok {
						x.f.date, x.f.at = v.text, at.Unix()
						return
					}
				}
			}
		}
	}
}

// codes are the codes under a path: of primitives themselves, of concepts their codings'.
func (x *extractor) codes(root fhir.Value, path string) (all []string) {
	name, rest, deeper := strings.Cut(path, ".")
	for c := range root.Each(name) {
		switch {
		case deeper:
			all = append(all, x.codes(c, rest)...)
		case c.IsObject():
			for coding := range c.Each("coding") {
				all = append(all, x.text(coding.Child("code").Text()))
			}
		default:
			all = append(all, x.text(c.Text()))
		}
	}
	return all
}
