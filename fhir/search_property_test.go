package fhir

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// samples are values for random documents, by FHIR type. They are few, so that searches meet them.
var samples = map[string][]string{
	"code":      {"final", "a", "A", "x-1"},
	"string":    {"Anna", "anna maria", " Änne", "STRASSE 5", "Straße 5", "a|b,c$d\\e", "An", "日本"},
	"uri":       {"http://a/s", "http://a/s/t", "urn:oid:1.2", "http://x/Questionnaire/q", "http://x/Questionnaire/q|1", "Patient/1"},
	"id":        {"1", "p-1"},
	"date":      {"2015", "2015-03", "2015-03-14", "1969-12-31", "2015-03-15T01:00:00+05:00", "2015-03-14T10:00:00.5Z", "no date"},
	"number":    {"0.25", "5", "5.40", "-1", "1e2", "99.5"},
	"reference": {"Patient/1", "Patient/2/_history/3", "http://a/fhir/Patient/1", "Group/1", "Practitioner/1", "urn:uuid:1", "#1", "Patient", "https://b/fhir/Encounter/e/_history/1", "http://x/Questionnaire/q|1"},
}

// sampleKinds says which list serves a primitive type.
var sampleKinds = map[string]string{
	"code": "code", "string": "string", "markdown": "string", "uri": "uri", "url": "uri", "canonical": "uri", "oid": "uri", "uuid": "uri", "id": "id",
	"date": "date", "dateTime": "date", "instant": "date", "decimal": "number", "integer": "number", "positiveInt": "number", "unsignedInt": "number",
}

// drawValue makes JSON of a FHIR type.
func drawValue(t *rapid.T, typ string, depth int) any {
	if kind, ok := sampleKinds[typ]; ok {
		s := rapid.SampledFrom(samples[kind]).Draw(t, typ)
		if kind == "number" {
			return json.Number(s)
		}
		return s
	}
	switch typ {
	case "boolean":
		return rapid.Bool().Draw(t, typ)
	case "Reference":
		o := map[string]any{"reference": rapid.SampledFrom(samples["reference"]).Draw(t, "reference")}
		if rapid.Bool().Draw(t, "typed") {
			o["type"] = rapid.SampledFrom([]string{"Patient", "Group"}).Draw(t, "type")
		}
		return o
	}
	o := map[string]any{}
	for _, e := range elementsOf(typ) {
		wanted := !strings.Contains(" id extension modifierExtension assigner period rank sortedBy ", " "+e.Name+" ") || typ == "Timing"
		if wanted && depth < 4 && rapid.IntRange(0, 3).Draw(t, e.Name) > 0 {
			o[e.Name] = drawMany(t, e, func() any { return drawValue(t, e.Type, depth+1) })
		}
	}
	return o
}

// drawMany wraps values in an array if the element is one.
func drawMany(t *rapid.T, e element, draw func() any) any {
	if e.Max == 1 {
		return draw()
	}
	list := []any{}
	for range rapid.IntRange(1, 2).Draw(t, "items") {
		list = append(list, draw())
	}
	return list
}

// drawObject makes an object of a type that has values at the ends of the ways in b.
func drawObject(t *rapid.T, b *branch, typ string) map[string]any {
	o := map[string]any{}
	for _, c := range b.next {
		e, ok := elementOf(typ, c.name)
		if !ok {
			t.Fatalf("%s has no %s", typ, c.name)
		}
		if e.Choice != "" && slices.ContainsFunc(b.next, func(other *branch) bool {
			sibling, _ := elementOf(typ, other.name)
			return sibling.Choice == e.Choice && o[other.name] != nil
		}) {
			continue // one type of a choice is enough
		}
		if o[c.name] != nil {
			continue // the same element under another condition
		}
		o[c.name] = drawMany(t, e, func() any {
			inner := e.Type
			if e.Backbone != "" {
				inner = e.Backbone
			}
			if len(c.next) == 0 {
				return drawValue(t, inner, 1)
			}
			v := drawObject(t, c, inner)
			if c.where != "" && v[c.where] == nil {
				v[c.where] = rapid.SampledFrom([]string{c.equal, "other"}).Draw(t, c.where)
			}
			return v
		})
	}
	return o
}

// drawDocument makes a document of a type with values for some parameters.
func drawDocument(t *rapid.T, typ string, params []*param) *Document {
	root := &branch{}
	for _, p := range params {
		ways, _ := compileExpression(typ, p.Expression)
		for _, w := range ways {
			if rapid.IntRange(0, 3).Draw(t, "way") > 0 {
				root.add(w, end{})
			}
		}
	}
	o := drawObject(t, root, typ)
	o["resourceType"], o["id"] = typ, rapid.SampledFrom(samples["id"]).Draw(t, "id")
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	d, err := Parse(text)
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return d
}

var escaper = strings.NewReplacer(`\`, `\\`, `,`, `\,`, `$`, `\$`, `|`, `\|`)

// drawSearch makes a modifier and value of a parameter, mostly ones that ParseQuery takes.
func drawSearch(t *rapid.T, p *param) Param {
	of := func(kind string) string { return rapid.SampledFrom(samples[kind]).Draw(t, kind) }
	one := func(list ...string) string { return rapid.SampledFrom(list).Draw(t, "one") }
	prefix := func() string { return one(append([]string{""}, prefixes...)...) }
	name := p.Code
	if one("", "", "", "missing") == "missing" {
		return Param{name + ":missing", one("true", "false")}
	}
	switch p.Type {
	case "token":
		value := escaper.Replace(one(of("code"), of("uri"), of("string"), "true", "false"))
		return Param{name + one("", "", "", ":not", ":text"), one("", "", "|", of("uri")+"|") + value}
	case "reference":
		return Param{name + one("", "", "", ":Patient", ":identifier"), escaper.Replace(one(of("reference"), of("uri"), "1", "2", "e", "Patient/2", "Encounter/e"))}
	case "date":
		return Param{name, prefix() + of("date")}
	case "string":
		value := of("string")
		if runes := []rune(value); one("", "cut") == "cut" {
			value = string(runes[:len(runes)/2])
		}
		return Param{name + one("", "", ":exact", ":contains"), escaper.Replace(value)}
	case "uri":
		return Param{name + one("", "", ":below", ":above"), escaper.Replace(of("uri"))}
	}
	return Param{name, prefix() + of("number")}
}

// ofKind lists the supported parameters of every type that are of one kind, such as "token".
func ofKind(kind string) (all []typedParam) {
	for _, typ := range Types() {
		for _, p := range searchOf(typ).params {
			if p.refusal == "" && p.Type == kind {
				all = append(all, typedParam{typ, p})
			}
		}
	}
	return all
}

type typedParam struct {
	typ   string
	param *param
}

func (p typedParam) String() string { return p.typ + "." + p.param.Code }

// Match ⇒ every range list of the query holds a row of the document.
func TestIndexHasEveryMatch(t *testing.T) {
	for _, kind := range []string{"token", "reference", "date", "string", "uri"} {
		t.Run(kind, func(t *testing.T) {
			matches, all := 0, ofKind(kind)
			rapid.Check(t, func(t *rapid.T) {
				var p typedParam
				var d *Document
				for i := range 600 { // enough that some match, with any seed
					if i%30 == 0 {
						p = rapid.SampledFrom(all).Draw(t, "param")
						d = drawDocument(t, p.typ, []*param{p.param, searchOf(p.typ).param("_profile")})
					}
					search := drawSearch(t, p.param)
					q, unknown, err := ParseQuery(p.typ, []Param{search}, here)
					if err != nil || len(unknown) > 0 || !q.Match(d) {
						continue
					}
					if miss := uncovered(q, d); miss != "" {
						t.Fatalf("%s?%s=%s matches %s, but no entry is in %s", p.typ, search.Name, search.Value, d.JSON(), miss)
					}
					if q.Ranges() != nil {
						matches++
					}
				}
			})
			if matches == 0 {
				t.Error("no search that the index narrows has matched; the test says nothing")
			}
			t.Log(matches, "matches")
		})
	}
}

// ownValue writes the search for a value as the document has it; "" if the value cannot be searched.
func ownValue(p *param, e *end, v node) string {
	switch p.Type {
	case "token":
		value := ""
		e.tokens(v, func(t token) bool {
			if value = escaper.Replace(t.code); t.system != "" {
				value = escaper.Replace(t.system) + "|" + value
			}
			return value == ""
		})
		return value
	case "reference":
		if text := referenceOf(v, e.typ).Text; !IsID(text) { // a search would take it for the id of a resource
			return escaper.Replace(text)
		}
		return ""
	case "date":
		if e.typ == "Period" {
			return textOf(v, "start")
		} else if e.typ == "Timing" {
			return view(v.field("event").first().bytes())
		}
		return view(v.bytes())
	case "string":
		value := ""
		texts(v, e.typ, func(s string) bool { value = escaper.Replace(s); return false })
		return value
	case "uri":
		return escaper.Replace(view(v.bytes()))
	case "number":
		return view(v.bytes())
	}
	return textOf(v, "value")
}

// failer is what *testing.T and *rapid.T have in common.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// checkOwnValues searches a document by each of its values for a parameter, and counts them. :missing and :not must be
// the opposites of what they negate.
func checkOwnValues(t failer, p *param, d *Document, found map[string]int) {
	p.ways.walk(d.root(), func(e *end, v node) bool {
		own, prefix := ownValue(p, e, v), ""
		if e.typ == "Period" || e.typ == "Timing" {
			prefix = "ap"
		}
		q, _, err := ParseQuery(d.Type(), []Param{{p.Code, prefix + own}}, here)
		if own == "" || err != nil {
			return true
		}
		if !q.Match(d) {
			t.Fatalf("%s?%s=%s does not match %s", d.Type(), p.Code, own, d.JSON())
		}
		if miss := uncovered(q, d); miss != "" {
			t.Fatalf("%s?%s=%s matches %s, but no entry is in %s", d.Type(), p.Code, own, d.JSON(), miss)
		}
		found[p.Type]++
		return true
	})
	missing := mustQuery(t, d.Type(), p.Code+":missing=true").Match(d)
	if present := mustQuery(t, d.Type(), p.Code+":missing=false").Match(d); missing == present {
		t.Fatalf("%s.%s is missing: %t, present: %t in %s", d.Type(), p.Code, missing, present, d.JSON())
	}
	if p.Type == "token" && mustQuery(t, d.Type(), p.Code+"=a").Match(d) == mustQuery(t, d.Type(), p.Code+":not=a").Match(d) {
		t.Fatalf("%s.%s is and is not a in %s", d.Type(), p.Code, d.JSON())
	}
}

func TestDocumentIsFoundByItsValues(t *testing.T) {
	for _, kind := range []string{"token", "reference", "date", "string", "uri", "number", "quantity"} {
		t.Run(kind, func(t *testing.T) {
			found, all := map[string]int{}, ofKind(kind)
			rapid.Check(t, func(t *rapid.T) {
				p := rapid.SampledFrom(all).Draw(t, "param")
				checkOwnValues(t, p.param, drawDocument(t, p.typ, []*param{p.param}), found)
			})
			if found[kind] == 0 {
				t.Error("no document was found; the test says nothing")
			}
			t.Log(found)
		})
	}
}

// The same for documents from a folder of NDJSON files, if one is named.
func TestRealDocumentIsFoundByItsValues(t *testing.T) {
	found := map[string]int{}
	for _, typ := range Types() {
		for i, d := range readNDJSON(t, typ) {
			if i%50 != 0 {
				continue
			}
			for _, p := range searchOf(typ).params {
				if p.refusal == "" && p.Type != "composite" {
					checkOwnValues(t, p, d, found)
				}
			}
		}
	}
	t.Log(found)
}
