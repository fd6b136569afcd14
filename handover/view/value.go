package view

import (
	"html"
	"strings"

	"satchel/fhir"
)

// primitive writes a string, number or literal.
func (x *extractor) primitive(c fhir.Value) []value {
	s := c.Text()
	switch c.Type() {
	case "date", "dateTime", "instant":
		return []value{{dated, x.text(s), ""}}
	case "base64Binary":
		return []value{{text: x.v.t.say("bytes", "n", c.Size()*3/4)}}
	case "xhtml":
		s = plainText(s)
	case "boolean":
		if s == "true" {
			return []value{{text: x.v.t.say("yes")}}
		} else if s == "false" {
			return []value{{text: x.v.t.say("no")}}
		}
	case "code":
		s = x.v.t.word(s)
	case "canonical", "uri", "url":
		if relative(s) {
			return []value{{linked, "", x.text(s)}}
		}
	}
	if strings.TrimSpace(s) == "" {
		return nil
	}
	return []value{{text: x.text(s)}}
}

// relative reports whether a text is Type/id.
func relative(s string) bool {
	r := fhir.ParseReference(s)
	return r.Form == fhir.FormRelative && r.Key() == s
}

// oneLine writes a data type in one line; nothing for types that are shown by their parts.
func (x *extractor) oneLine(c fhir.Value) []value {
	switch c.Type() {
	case "CodeableConcept":
		return x.one(concept(c))
	case "Coding":
		return x.one(coding(c))
	case "Reference":
		return x.reference(c)
	case "Quantity", "Age", "Count", "Distance", "Duration", "SimpleQuantity", "MoneyQuantity":
		return x.one(value{text: x.quantity(c)})
	case "Money":
		return x.one(value{text: join(" ", c.Child("value").Text(), c.Child("currency").Text())})
	case "Range":
		return x.one(value{text: x.span(x.quantity(c.Child("low")), x.quantity(c.Child("high")))})
	case "Ratio":
		return x.one(value{text: join(" / ", x.quantity(c.Child("numerator")), x.quantity(c.Child("denominator")))})
	case "Period":
		return x.period(c)
	case "Identifier":
		return x.identifier(c)
	case "HumanName":
		return x.one(value{text: x.use(humanName(c), c)})
	case "ContactPoint":
		return x.one(value{text: x.use(c.Child("value").Text(), c)})
	case "Address":
		return x.one(value{text: x.use(address(c), c)})
	case "Annotation":
		return x.annotation(c)
	}
	return nil
}

// one is a single value, unless it is empty.
func (x *extractor) one(v value) []value {
	if v.text == "" && v.code == "" {
		return nil
	}
	v.text, v.code = x.text(v.text), x.text(v.code)
	return []value{v}
}

// use adds what a name, address or number is for.
func (x *extractor) use(s string, c fhir.Value) string {
	use := c.Child("use").Text()
	if s == "" || use == "" || use == "official" || use == "usual" {
		return s
	}
	return s + " (" + x.v.t.word(use) + ")"
}

// concept writes a CodeableConcept: its text, or the display of a coding, with all codes beside.
func concept(c fhir.Value) value {
	v := value{kind: coded, text: c.Child("text").Text()}
	var codes []string
	for k := range c.Each("coding") {
		one := coding(k)
		if one.code == "" {
			one.code = one.text // a code without a display is its own text
		}
		if v.text == "" && one.text != one.code {
			v.text = one.text
		}
		if one.code != "" {
			codes = append(codes, one.code)
		}
	}
	v.code = strings.Join(codes, "; ")
	if v.text == "" && len(codes) > 0 {
		v.text, v.code = v.code, ""
	}
	return v
}

// coding writes a Coding.
func coding(c fhir.Value) value {
	code := c.Child("code").Text()
	if code != "" {
		code = join(" ", systemName(c.Child("system").Text()), code)
	}
	if display := c.Child("display").Text(); display != "" {
		return value{coded, display, code}
	}
	return value{coded, code, ""}
}

// quantity writes a number with its unit, as written.
func (x *extractor) quantity(c fhir.Value) string {
	unit := c.Child("unit").Text()
	if unit == "" {
		unit = c.Child("code").Text()
	}
	if word := x.v.t.units[unit]; word != "" {
		unit = word
	}
	if unit == "1" {
		unit = ""
	}
	return join(" ", c.Child("comparator").Text()+c.Child("value").Text(), unit)
}

// span writes two ends, either of which may be missing.
func (x *extractor) span(low, high string) string {
	switch {
	case low == "" && high == "":
		return ""
	case high == "":
		return x.v.t.say("from") + " " + low
	case low == "":
		return x.v.t.say("until") + " " + high
	}
	return low + " " + x.v.t.say("to") + " " + high
}

// period writes a Period.
func (x *extractor) period(c fhir.Value) []value {
	start, end := c.Child("start").Text(), c.Child("end").Text()
	from, to := value{dated, x.text(start), ""}, value{dated, x.text(end), ""}
	switch {
	case start == "" && end == "":
		return nil
	case end == "":
		return []value{{wording, x.v.t.say("from"), ""}, from}
	case start == "":
		return []value{{wording, x.v.t.say("until"), ""}, to}
	}
	return []value{from, {wording, x.v.t.say("to"), ""}, to}
}

// reference writes a Reference; whom it leads to is looked up when the page is written.
func (x *extractor) reference(c fhir.Value) []value {
	target, text := c.Child("reference").Text(), c.Child("display").Text()
	if strings.HasPrefix(target, "#") {
		if text == "" {
			text = x.inner[target]
		}
		if text == "" {
			text = x.v.t.say("inside")
		}
		return []value{{text: x.text(text)}}
	}
	if target == "" {
		id := x.identifier(c.Child("identifier"))
		if text != "" && len(id) > 0 {
			return []value{{coded, x.text(text), id[0].text}}
		}
		return append(x.one(value{text: text}), id...)
	}
	if r := fhir.ParseReference(target); r.Form == fhir.FormRelative {
		target = r.Key()
	}
	return append([]value{{linked, x.text(text), x.text(target)}}, x.identifier(c.Child("identifier"))...)
}

// identifier writes an Identifier.
func (x *extractor) identifier(c fhir.Value) []value {
	kind := concept(c.Child("type")).text
	if kind == "" {
		kind = systemName(c.Child("system").Text())
	}
	v := value{coded, c.Child("value").Text(), kind}
	if v.text == "" {
		return nil
	}
	return x.one(v)
}

// humanName writes a name.
func humanName(c fhir.Value) string {
	if text := c.Child("text").Text(); text != "" {
		return text
	}
	var parts []string
	for _, name := range []string{"prefix", "given", "family", "suffix"} {
		for p := range c.Each(name) {
			parts = append(parts, p.Text())
		}
	}
	return join(" ", parts...)
}

// address writes an address in one line.
func address(c fhir.Value) string {
	if text := c.Child("text").Text(); text != "" {
		return text
	}
	var lines []string
	for l := range c.Each("line") {
		lines = append(lines, l.Text())
	}
	place := join(" ", c.Child("city").Text(), c.Child("state").Text(), c.Child("postalCode").Text())
	return join(", ", join(", ", lines...), place, c.Child("country").Text())
}

// annotation writes a note, and who wrote it when.
func (x *extractor) annotation(c fhir.Value) []value {
	values := []value{{text: x.text(c.Child("text").Text())}}
	switch author := c.Child("author"); {
	case author.IsObject():
		values = append(append(values, value{wording, "—", ""}), x.reference(author)...)
	case author.Ok():
		values = append(values, value{wording, "—", ""}, value{text: x.text(author.Text())})
	}
	if at := c.Child("time").Text(); at != "" {
		values = append(values, value{dated, x.text(at), ""})
	}
	return values
}

// join puts the texts that are not empty together.
func join(between string, parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		if p = strings.TrimSpace(p); p == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(between)
		}
		b.WriteString(p)
	}
	return b.String()
}

// plainText is the text of a narrative without any markup. The result is text and nothing else: it is escaped where it is
// shown, whatever is in it.
func plainText(xhtml string) string {
	var b strings.Builder
	for xhtml != "" {
		text, rest, found := strings.Cut(xhtml, "<")
		b.WriteString(html.UnescapeString(text))
		if !found {
			break
		}
		_, rest, _ = strings.Cut(rest, ">")
		b.WriteByte(' ')
		xhtml = rest
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
