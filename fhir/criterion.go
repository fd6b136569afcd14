package fhir

import (
	"slices"
	"strings"
)

// Criterion is one search parameter with its modifier and values.
type Criterion struct {
	param    *param
	tests    []test // one per value, joined by OR
	negated  bool   // :not
	presence int8   // :missing: -1 the value must be absent, 1 present; 0 without the modifier
}

// test decides on the values of one parameter. Each type of parameter has its own; some modifiers do, too.
type test interface {
	// matches reports whether the value at the end of a way meets the test.
	matches(e *end, v node) bool
	// ranges are the ranges of the index that hold every document with a match; nil if the index cannot tell.
	// They must agree with [end.appendEntries].
	ranges(p *param) []Range
}

// match reports whether the document meets the criterion.
func (c *Criterion) match(d *Document) bool {
	empty := true
	found := !c.param.ways.walk(d.root(), func(e *end, v node) bool {
		empty = false
		if c.presence != 0 {
			return !e.present(v)
		}
		return !c.meets(e, v)
	})
	if empty && c.param.flag && c.presence == 0 {
		found = c.meets(absentFlag, node{})
	}
	return found != (c.negated || c.presence < 0)
}

// meets reports whether one of the tests does.
func (c *Criterion) meets(e *end, v node) bool {
	for _, t := range c.tests {
		if t.matches(e, v) {
			return true
		}
	}
	return false
}

// present reports whether there is something to compare. For a composite every component must be there.
func (e *end) present(v node) bool {
	for i := range e.param.parts {
		part := &e.param.parts[i]
		if part.walk(v, func(*end, node) bool { return false }) {
			return false
		}
	}
	return true
}

// ranges is nil if the index cannot narrow the criterion.
func (c *Criterion) ranges() []Range {
	if c.negated || c.presence != 0 || !c.param.indexed {
		return nil
	}
	var all []Range
	seen := map[Range]bool{}
	for _, t := range c.tests {
		ranges := t.ranges(c.param)
		if ranges == nil {
			return nil
		}
		for _, r := range ranges {
			if !seen[r] {
				seen[r] = true
				all = append(all, r)
			}
		}
	}
	return all
}

// parseCriterion reads the modifier and the values of a parameter.
func parseCriterion(p *param, one Param, modifier string, own Bases) (Criterion, error) {
	c := Criterion{param: p}
	if one.Value == "" {
		return c, Errorf(CodeInvalid, "search parameter %q has no value; give one or leave it out", one.Name)
	}
	if strings.HasSuffix(one.Name, ":") {
		return c, Errorf(CodeInvalid, "search parameter %q: a modifier must follow the colon", one.Name)
	}
	switch {
	case modifier == "missing":
		switch one.Value {
		case "true":
			c.presence = -1
		case "false":
			c.presence = 1
		default:
			return c, badValue(one.Name, one.Value, `use "true" or "false"`)
		}
		return c, nil
	case modifier == "not" && p.Type == "token":
		c.negated, modifier = true, ""
	}
	parse, err := parserOf(p, modifier, one.Name, own)
	if err != nil {
		return c, err
	}
	for _, value := range splitUnescaped(one.Value, ',') {
		if value == "" {
			return c, Errorf(CodeInvalid, `search parameter %q has an empty value beside a comma; drop the comma, or write "\," if it belongs to the value`, one.Name)
		}
		t, err := parse(value)
		if err != nil {
			return c, err
		}
		c.tests = append(c.tests, t)
	}
	return c, nil
}

// parserOf chooses how a value is read. name is the parameter as the caller wrote it, for messages.
func parserOf(p *param, modifier, name string, own Bases) (func(value string) (test, error), error) {
	switch {
	case p.Type == "token" && modifier == "":
		return func(v string) (test, error) { return parseToken(name, v) }, nil
	case p.Type == "token" && modifier == "text":
		return func(v string) (test, error) { return parseTokenText(name, v) }, nil
	case p.Type == "token" && modifier == "of-type" && p.reads("Identifier"):
		return func(v string) (test, error) { return parseOfType(name, v) }, nil
	case p.Type == "reference" && modifier == "identifier":
		return func(v string) (test, error) { return parseReferenceIdentifier(name, v) }, nil
	case p.Type == "reference" && (modifier == "" || IsType(modifier)):
		if modifier != "" && len(p.Targets) > 0 && !slices.Contains(p.Targets, modifier) {
			return nil, Errorf(CodeInvalid, "search parameter %q: %q cannot name a %s; use one of %s", name, p.Code, modifier, strings.Join(p.Targets, ", "))
		}
		return func(v string) (test, error) { return parseReference(p, name, modifier, v, own) }, nil
	case p.Type == "string" && (modifier == "" || modifier == "exact" || modifier == "contains"):
		return func(v string) (test, error) { return parseString(name, modifier, v) }, nil
	case p.Type == "uri" && (modifier == "" || modifier == "below" || modifier == "above"):
		return func(v string) (test, error) { return uriTest{unescape(v), modifier}, nil }, nil
	case modifier != "":
		return nil, Errorf(CodeNotSupported, "search parameter %q: modifier %q is not supported for a parameter of type %s; use %s", name, ":"+modifier, p.Type, modifiers[p.Type])
	}
	return plainParserOf(p, name, own)
}

// plainParserOf is parserOf for the types that know no modifier but :missing.
func plainParserOf(p *param, name string, own Bases) (func(value string) (test, error), error) {
	switch p.Type {
	case "date":
		return func(v string) (test, error) { return parseDate(name, v) }, nil
	case "number":
		return func(v string) (test, error) { return parseNumber(name, v) }, nil
	case "quantity":
		return func(v string) (test, error) { return parseQuantity(name, v) }, nil
	case "composite":
		return func(v string) (test, error) { return parseComposite(p, name, v, own) }, nil
	}
	return nil, unsupported(name, "search by another parameter")
}

// reads reports whether some value of the parameter has the FHIR type.
func (p *param) reads(typ string) bool {
	var any func(b *branch) bool
	any = func(b *branch) bool {
		return slices.ContainsFunc(b.ends, func(e end) bool { return e.typ == typ }) || slices.ContainsFunc(b.next, any)
	}
	return any(&p.ways)
}

// modifiers names the modifiers that each type of parameter knows.
var modifiers = map[string]string{
	"token":     ":not, :text or :missing",
	"reference": "a resource type, :identifier or :missing",
	"string":    ":exact, :contains or :missing",
	"uri":       ":below, :above or :missing",
	"date":      ":missing",
	"number":    ":missing",
	"quantity":  ":missing",
	"composite": ":missing",
}

// badValue is the error for a value that does not fit its parameter.
func badValue(name, value, instead string) error {
	return Errorf(CodeInvalid, "search parameter %q: value %q is wrong; %s", name, value, instead)
}

// splitUnescaped splits s at a separator that no backslash precedes. Backslashes stay.
func splitUnescaped(s string, separator byte) []string {
	var parts []string
	start := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case separator:
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:])
}

// unescape resolves \, \$ \| and \\. Another backslash is a plain one.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && strings.IndexByte(`,$|\`, s[i+1]) >= 0 {
			i++
		}
		b = append(b, s[i])
	}
	return string(b)
}

// prefixOf splits off a comparison prefix: "ge2020" is "ge" and "2020". Without one it is "eq".
// ok is false for letters that are no prefix.
func prefixOf(s string) (prefix, rest string, ok bool) {
	if s == "" || s[0] < 'A' || s[0] > 'Z' && s[0] < 'a' || s[0] > 'z' {
		return "eq", s, true
	}
	if len(s) < 2 || !slices.Contains(prefixes, s[:2]) {
		return "", s, false
	}
	return s[:2], s[2:], true
}

var prefixes = []string{"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"}

const usePrefix = "the prefixes are eq, ne, gt, lt, ge, le, sa, eb and ap"
