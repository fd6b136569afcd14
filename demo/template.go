package demo

import (
	"embed"
	"fmt"
	"strings"
	"sync"
)

// A template is the text of one resource with holes. A file of templates reads:
//
//	# a comment
//	== Observation weight
//	"status": "final",
//	"code": $concept(loinc 29463-7 Body weight),
//	"subject": $ref(Patient/$patient),
//	"valueQuantity": $quantity($value kg)
//
// The line with == has the type and a name, which is unique for the type within its file. resourceType, id and a meta with
// the demo tag are put in front, unless the template has its own meta. $name or ${name} is a hole; its value goes in as it is.
// The functions of [functions] save writing out what FHIR makes long. White space between tokens goes away.
type template struct {
	typ, name string
	parts     []part
}

// part is some text and the hole after it; the last part has no hole.
type part struct{ text, hole string }

//go:embed templates/*.txt
var files embed.FS

// chapter is one file of templates in order.
type chapter struct {
	list  []*template
	byKey map[string]*template // "Observation weight"
}

// chapters reads each file once, on first use.
var chapters = sync.OnceValue(func() map[string]*chapter {
	entries, err := files.ReadDir("templates")
	if err != nil {
		panic(err)
	}
	all := make(map[string]*chapter, len(entries))
	for _, e := range entries {
		text, err := files.ReadFile("templates/" + e.Name())
		if err != nil {
			panic(err)
		}
		all[strings.TrimSuffix(e.Name(), ".txt")] = readChapter(string(text))
	}
	return all
})

// readChapter splits a file into its templates.
func readChapter(text string) *chapter {
	c := &chapter{byKey: map[string]*template{}}
	var head string
	var body strings.Builder
	flush := func() {
		if head != "" {
			t := readTemplate(head, body.String())
			c.list = append(c.list, t)
			c.byKey[head] = t
		}
		body.Reset()
	}
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, "== "); ok {
			flush()
			head = strings.TrimSpace(rest)
		} else if !strings.HasPrefix(line, "#") {
			body.WriteString(line)
		}
	}
	flush()
	return c
}

const demoMeta = `"meta":{"tag":[{"system":"urn:satchel:demo","code":"synthetic"}]}`

// readTemplate compiles one template.
func readTemplate(head, body string) *template {
	typ, name, _ := strings.Cut(head, " ")
	t := &template{typ: typ, name: name}
	text := compact(expand(body))
	if !strings.HasPrefix(text, `"meta":`) {
		text = strings.TrimSuffix(demoMeta+","+text, ",")
	}
	text = `{"resourceType":"` + typ + `","id":"$id",` + text + `}`
	for {
		before, hole, after := cutHole(text)
		t.parts = append(t.parts, part{before, hole})
		if hole == "" {
			return t
		}
		text = after
	}
}

// cutHole splits text at its first hole; hole is empty if there is none.
func cutHole(text string) (before, hole, after string) {
	i := strings.IndexByte(text, '$')
	if i < 0 {
		return text, "", ""
	}
	name, after := cutName(text[i+1:])
	if name == "" {
		panic(fmt.Sprintf("a $ without a name in %q", text))
	}
	return text[:i], name, after
}

// cutName takes a name, bare or in braces, from the front of text.
func cutName(text string) (name, after string) {
	if rest, ok := strings.CutPrefix(text, "{"); ok {
		name, after, _ = strings.Cut(rest, "}")
		return name, after
	}
	i := 0
	for i < len(text) && isNameByte(text[i]) {
		i++
	}
	return text[:i], text[i:]
}

func isNameByte(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
}

// expand replaces each $function(…) by its text.
func expand(text string) string {
	var out strings.Builder
	for {
		i := strings.IndexByte(text, '$')
		if i < 0 {
			out.WriteString(text)
			return out.String()
		}
		out.WriteString(text[:i])
		name, after := cutName(text[i+1:])
		if !strings.HasPrefix(after, "(") {
			out.WriteString("${" + name + "}")
			text = after
			continue
		}
		argument, rest := cutParenthesis(after)
		f := functions[name]
		if f == nil {
			panic(fmt.Sprintf("unknown template function %q", name))
		}
		out.WriteString(f(strings.Join(strings.Fields(argument), " ")))
		text = rest
	}
}

// cutParenthesis takes a balanced (…) from the front of text.
func cutParenthesis(text string) (inside, rest string) {
	depth := 0
	for i := range len(text) {
		switch text[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return text[1:i], text[i+1:]
			}
		}
	}
	panic(fmt.Sprintf("no closing parenthesis in %q", text))
}

// compact drops white space outside strings.
func compact(text string) string {
	out := make([]byte, 0, len(text))
	quoted := false
	for i := 0; i < len(text); i++ {
		switch b := text[i]; {
		case quoted && b == '\\':
			out = append(out, b, text[i+1])
			i++
		case b == '"':
			quoted = !quoted
			out = append(out, b)
		case !quoted && (b == ' ' || b == '\n' || b == '\t' || b == '\r'):
		default:
			out = append(out, b)
		}
	}
	return string(out)
}
