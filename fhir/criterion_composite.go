package fhir

import (
	"fmt"
	"slices"
	"strings"
)

// part is one component of a composite parameter: a small parameter of its own, whose ways start at the context of
// the composite, or at the resource.
type part struct {
	param
	fromRoot bool // %resource
}

// walk is [branch.walk] from the context or the resource.
func (p *part) walk(context node, visit func(e *end, v node) bool) bool {
	if p.fromRoot {
		context = context.d.root()
	}
	return p.ways.walk(context, visit)
}

// components says of each composite parameter what its components are: type and expression. They are those of HL7's
// definitions with "DateTime" put right.
var components = map[string][][2]string{
	"context-type-quantity":             {{"token", "code"}, {"quantity", "value.as(Quantity) | value.as(Range)"}},
	"context-type-value":                {{"token", "code"}, {"token", "value.as(CodeableConcept)"}},
	"relationship":                      {{"token", "code"}, {"reference", "target"}},
	"characteristic-value":              {{"token", "code"}, {"token", "value"}},
	"chromosome-variant-coordinate":     {{"token", "%resource.referenceSeq.chromosome"}, {"number", "start"}, {"number", "end"}},
	"chromosome-window-coordinate":      {{"token", "chromosome"}, {"number", "windowStart"}, {"number", "windowEnd"}},
	"referenceseqid-variant-coordinate": {{"token", "%resource.referenceSeq.referenceSeqId"}, {"number", "start"}, {"number", "end"}},
	"referenceseqid-window-coordinate":  {{"token", "referenceSeqId"}, {"number", "windowStart"}, {"number", "windowEnd"}},
	"code-value-concept":                {{"token", "code"}, {"token", "value.as(CodeableConcept)"}},
	"code-value-date":                   {{"token", "code"}, {"date", "value.as(dateTime) | value.as(Period)"}},
	"code-value-quantity":               {{"token", "code"}, {"quantity", "value.as(Quantity)"}},
	"code-value-string":                 {{"token", "code"}, {"string", "value.as(string)"}},
	"combo-code-value-concept":          {{"token", "code"}, {"token", "value.as(CodeableConcept)"}},
	"combo-code-value-quantity":         {{"token", "code"}, {"quantity", "value.as(Quantity)"}},
	"component-code-value-concept":      {{"token", "code"}, {"token", "value.as(CodeableConcept)"}},
	"component-code-value-quantity":     {{"token", "code"}, {"quantity", "value.as(Quantity)"}},
}

// compileParts compiles the components of a composite for the contexts that it has.
func compileParts(typ, code string, contexts []way) ([]part, error) {
	var parts []part
	for _, c := range components[code] {
		part := part{param: param{searchParam: searchParam{Code: code, Type: c[0]}}}
		expression, fromRoot := strings.CutPrefix(c[1], "%resource.")
		part.fromRoot = fromRoot
		starts := []string{typ}
		if !fromRoot {
			starts = starts[:0]
			for _, w := range contexts {
				starts = append(starts, w.typ)
			}
		}
		parts = append(parts, part)
		if err := parts[len(parts)-1].compileFrom(starts, expression); err != nil {
			return nil, err
		}
	}
	if len(parts) < 2 {
		return nil, fmt.Errorf("no components are known for %q", code)
	}
	return parts, nil
}

// compileFrom compiles the component's expression for every type of context.
func (p *part) compileFrom(starts []string, expression string) error {
	for _, start := range starts {
		ways, err := compileExpression(start, expression)
		if err != nil {
			return err
		}
		for _, w := range ways {
			if slices.Contains(readable[p.Type], w.typ) {
				p.ways.add(w, end{typ: w.typ, only: w.only})
			}
		}
	}
	return nil
}

// compositeTest asks for one context in which every component meets its own test.
type compositeTest struct {
	parts []part
	tests []test
}

// parseComposite reads "value$value", each with the prefix and the bars of its own type.
func parseComposite(p *param, name, value string, own Bases) (test, error) {
	values := splitUnescaped(value, '$')
	if len(values) != len(p.parts) {
		return nil, badValue(name, value, fmt.Sprintf(`write %d values with "$" between them`, len(p.parts)))
	}
	t := compositeTest{parts: p.parts}
	for i := range p.parts {
		parse, err := parserOf(&p.parts[i].param, "", name, own)
		if err != nil {
			return nil, err
		}
		if values[i] == "" {
			return nil, badValue(name, value, `a value beside "$" is empty`)
		}
		one, err := parse(values[i])
		if err != nil {
			return nil, err
		}
		t.tests = append(t.tests, one)
	}
	return t, nil
}

func (t compositeTest) matches(_ *end, context node) bool {
	for i := range t.parts {
		missed := t.parts[i].walk(context, func(e *end, v node) bool { return !t.tests[i].matches(e, v) })
		if missed {
			return false
		}
	}
	return true
}

func (t compositeTest) ranges(*param) []Range { return nil }
