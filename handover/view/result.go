package view

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"satchel/fhir"
)

// result is what an Observation measured.
type result struct {
	test      string    // distinguishes tests: code, or name where there is none
	inOneLine bool      // every value could be told in a line
	lines     []reading // the value, or one per component
	category  string
}

// reading is one value with its unit, range and meaning.
type reading struct {
	name   string // of the component; "" for the value itself
	text   string // as written, with the unit
	number float64
	unit   string  // for comparing
	units  string  // as people read it
	ok     bool    // number is one
	low    float64 // of the reference range, NaN if none
	high   float64
	span   string // the reference range in words
	flags  []value
}

// observation reads what was measured.
func (x *extractor) observation(root fhir.Value) *result {
	code := root.Child("code")
	r := &result{test: code.Child("coding").Child("system").Text() + "|" + code.Child("coding").Child("code").Text()}
	if r.test == "|" {
		r.test = "|" + concept(code).text
	}
	r.test = x.text(r.test)
	r.category = x.text(concept(root.Child("category")).text)
	if main := x.reading(root); main.text != "" || !root.Child("component").Ok() {
		r.lines = append(r.lines, main)
	}
	for c := range root.Each("component") {
		part := x.reading(c)
		part.name = x.text(concept(c.Child("code")).text)
		r.lines = append(r.lines, part)
	}
	r.inOneLine = !slices.ContainsFunc(r.lines, func(l reading) bool { return l.text == "" })
	return r
}

// reading reads the value of an Observation or of one of its components.
func (x *extractor) reading(o fhir.Value) reading {
	r := reading{low: math.NaN(), high: math.NaN()}
	v := o.Child("value")
	r.text = x.text(x.line(v))
	if v.Child("value").Ok() && v.Child("comparator").Text() == "" {
		r.number, r.ok = number(v)
		r.unit, r.units = x.text(unit(v)), x.text(unitText(v))
	}
	if reason := o.Child("dataAbsentReason"); r.text == "" && reason.Ok() {
		r.text = x.text(concept(reason).text)
	}
	for c := range o.Each("interpretation") {
		r.flags = append(r.flags, x.flag(c))
	}
	for span := range o.Each("referenceRange") {
		text := span.Child("text").Text()
		if text == "" {
			text = x.span(x.quantity(span.Child("low")), x.quantity(span.Child("high")))
		}
		r.span = join("; ", r.span, text)
	}
	if o.Child("referenceRange").Ok() && !strings.Contains(r.span, ";") {
		r.low, r.high = x.bounds(o.Child("referenceRange"), r.unit)
	}
	if len(r.flags) == 0 && r.ok {
		if r.number < r.low {
			r.flags = []value{{text: x.v.t.say("range.below")}}
		} else if r.number > r.high {
			r.flags = []value{{text: x.v.t.say("range.above")}}
		}
	}
	r.span = x.text(r.span)
	return r
}

// line writes a value of any type in one line.
func (x *extractor) line(v fhir.Value) string {
	var parts []string
	values := x.primitive
	if v.IsObject() {
		values = x.oneLine
	}
	for _, part := range values(v) {
		text := part.text
		if part.kind == dated {
			text, _ = x.v.t.people(text)
		}
		parts = append(parts, text)
	}
	if len(parts) == 0 && v.Type() == "SampledData" {
		return x.v.t.say("curve")
	}
	return join(" ", parts...)
}

// flag writes an interpretation in words, with its code beside.
func (x *extractor) flag(c fhir.Value) value {
	v := concept(c)
	code := c.Child("coding").Child("code").Text()
	if word := x.v.t.flags[code]; word != "" {
		return value{coded, word, x.text(code)}
	}
	v.text, v.code = x.text(v.text), x.text(v.code)
	return v
}

// bounds are the ends of a reference range in the unit of the value.
func (x *extractor) bounds(span fhir.Value, in string) (low, high float64) {
	end := func(name string) float64 {
		q := span.Child(name)
		if n, ok := number(q); ok && unit(q) == in {
			return n
		}
		return math.NaN()
	}
	return end("low"), end("high")
}

// number reads the number of a quantity.
func number(q fhir.Value) (float64, bool) {
	n, err := strconv.ParseFloat(q.Child("value").Text(), 64)
	return n, err == nil && !math.IsInf(n, 0)
}

// unitText is the unit of a quantity for reading.
func unitText(q fhir.Value) string {
	if text := q.Child("unit").Text(); text != "" {
		return text
	}
	return q.Child("code").Text()
}

// unit is the unit of a quantity for comparing.
func unit(q fhir.Value) string {
	if code := q.Child("code").Text(); code != "" {
		return code
	}
	return q.Child("unit").Text()
}
