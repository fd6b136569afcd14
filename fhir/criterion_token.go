package fhir

import "strings"

// token is a code with its system, as a document states it.
type token struct {
	system  string
	code    string
	implied bool // an element of type code: its system comes from the definitions, not from the document
}

// tokens calls f with every token of a value, until f returns false; it reports whether f never did.
// The strings live until the document's next Reset.
func (e *end) tokens(v node, f func(token) bool) bool {
	if e.flag {
		return f(token{code: flagText(v), implied: true})
	}
	switch e.typ {
	case "CodeableConcept":
		for c := v.field("coding").first(); c.ok(); c = c.next() {
			if !f(token{system: textOf(c, "system"), code: textOf(c, "code")}) {
				return false
			}
		}
		return true
	case "Coding":
		return f(token{system: textOf(v, "system"), code: textOf(v, "code")})
	case "Identifier", "ContactPoint":
		return f(token{system: textOf(v, "system"), code: textOf(v, "value")})
	case "code", "boolean":
		return f(token{code: view(v.bytes()), implied: true})
	}
	return f(token{code: view(v.bytes())})
}

// flagText is the truth of "X.exists() and X != false" .
func flagText(v node) string {
	if !v.ok() || v.kind() == 'f' {
		return "false"
	}
	return "true"
}

// absentFlag is the end of a way that led to nothing.
var absentFlag = &end{flag: true}

// textOf is the text of an object's member, without a copy.
func textOf(n node, name string) string { return view(n.field(name).bytes()) }

// tokenTest compares a code, a system, or both.
type tokenTest struct {
	system    string
	anySystem bool   // no bar was given
	code      string // "" for "system|"
}

// parseToken reads "code", "system|code", "|code" and "system|".
func parseToken(name, value string) (test, error) {
	parts := splitUnescaped(value, '|')
	switch len(parts) {
	case 1:
		return tokenTest{anySystem: true, code: unescape(value)}, nil
	case 2:
		t := tokenTest{system: unescape(parts[0]), code: unescape(parts[1])}
		if t.system != "" || t.code != "" {
			return t, nil
		}
	}
	return nil, badValue(name, value, `write code, system|code, |code or system|, with "\|" for a bar in the code`)
}

func (t tokenTest) matches(e *end, v node) bool {
	return !e.tokens(v, func(have token) bool { return !t.fits(have) })
}

// fits compares one token. An implied system fits any that is asked for.
func (t tokenTest) fits(have token) bool {
	if t.code != "" && t.code != have.code || have.code == "" && have.system == "" {
		return false
	}
	return t.anySystem || have.implied || t.system == have.system
}

func (t tokenTest) ranges(p *param) []Range {
	if t.code == "" || p.flag && t.code == "false" {
		return nil
	}
	return p.point(hash(t.code))
}

// tokenText is :text: the words that go with a code begin with the value.
type tokenText struct{ folded string }

func parseTokenText(name, value string) (test, error) {
	folded := fold(unescape(value))
	if folded == "" {
		return nil, badValue(name, value, "give at least one letter")
	}
	return tokenText{folded}, nil
}

func (t tokenText) matches(e *end, v node) bool {
	switch e.typ {
	case "CodeableConcept":
		return t.fits(v, "text") || t.inCodings(v)
	case "Coding":
		return t.fits(v, "display")
	case "Identifier":
		return t.fits(v.field("type"), "text") || t.inCodings(v.field("type"))
	case "string":
		return hasFoldedPrefix(view(v.bytes()), t.folded)
	}
	return false
}

func (t tokenText) fits(v node, name string) bool { return hasFoldedPrefix(textOf(v, name), t.folded) }

func (t tokenText) inCodings(concept node) bool {
	for c := concept.field("coding").first(); c.ok(); c = c.next() {
		if t.fits(c, "display") {
			return true
		}
	}
	return false
}

func (t tokenText) ranges(*param) []Range { return nil }

// ofType is :of-type: an identifier's type and value.
type ofType struct{ kind, value tokenTest }

// parseOfType reads "system|code|value".
func parseOfType(name, value string) (test, error) {
	parts := splitUnescaped(value, '|')
	if len(parts) != 3 || parts[1] == "" || parts[2] == "" {
		return nil, badValue(name, value, "write system|code|value, where system and code are the identifier's type")
	}
	return ofType{
		kind:  tokenTest{system: unescape(parts[0]), code: unescape(parts[1])},
		value: tokenTest{anySystem: true, code: unescape(parts[2])},
	}, nil
}

var conceptEnd = &end{typ: "CodeableConcept"}

func (t ofType) matches(e *end, v node) bool {
	return e.typ == "Identifier" && t.value.matches(e, v) && t.kind.matches(conceptEnd, v.field("type"))
}

func (t ofType) ranges(p *param) []Range { return t.value.ranges(p) }

// identifierTest is :identifier on a reference: Reference.identifier as a token.
type identifierTest struct{ tokenTest }

var identifierEnd = &end{typ: "Identifier"}

func parseReferenceIdentifier(name, value string) (test, error) {
	t, err := parseToken(name, value)
	if err != nil {
		return nil, err
	}
	return identifierTest{t.(tokenTest)}, nil
}

func (t identifierTest) matches(_ *end, v node) bool {
	return t.tokenTest.matches(identifierEnd, v.field("identifier"))
}

func (t identifierTest) ranges(*param) []Range { return nil }

// withoutVersion cuts the version off a canonical URL: "http://x/y|1.0" is "http://x/y".
func withoutVersion(canonical string) string {
	url, _, _ := strings.Cut(canonical, "|")
	return url
}
