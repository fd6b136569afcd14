package fhir

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func parse(t interface {
	Helper()
	Fatalf(string, ...any)
}, text string) *Document {
	t.Helper()
	d, err := Parse([]byte(text))
	if err != nil {
		t.Fatalf("parse %s: %v", text, err)
	}
	return d
}

func TestNode(t *testing.T) {
	d := parse(t, `{"resourceType":"Patient","name":[{"family":"M\u00fcller","given":["A",null,"B"]},{}],"active":false,"x":{},"n":-1.50,"e":[]}`)
	root := d.root()
	name := root.field("name")
	for _, tt := range []struct {
		what string
		got  string
		want string
	}{
		{"kind of object", string(root.kind()), "{"},
		{"kind of array", string(name.kind()), "["},
		{"kind of literal", string(root.field("active").kind()), "f"},
		{"kind of number", string(root.field("n").kind()), "0"},
		{"kind of null", string(name.at(0).field("given").at(1).kind()), "n"},
		{"text of string", name.at(0).field("family").text(), "Müller"},
		{"raw of string", string(name.at(0).field("family").raw()), `"M\u00fcller"`},
		{"text of number", root.field("n").text(), "-1.50"},
		{"text of literal", root.field("active").text(), "false"},
		{"text of array", name.text(), ""},
		{"text of null", name.at(0).field("given").at(1).text(), ""},
		{"raw of object", string(root.field("x").raw()), "{}"},
		{"raw of array", string(name.at(0).field("given").raw()), `["A",null,"B"]`},
		{"name of member", name.at(0).field("given").name(), "given"},
		{"name of item", name.at(0).name(), ""},
		{"nothing", root.field("y").field("z").text() + string(root.field("y").raw()) + root.field("y").name(), ""},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.what, tt.got, tt.want)
		}
	}
	var names []string
	for c := range root.children {
		names = append(names, c.name())
	}
	if got := strings.Join(names, " "); got != "resourceType name active x n e" {
		t.Errorf("children: %s", got)
	}
	if root.field("e").first().ok() || root.field("x").first().ok() || root.field("y").ok() || root.field("y").kind() != 0 {
		t.Error("something found in nothing")
	}
}

func TestNodeNameAllocatesNothing(t *testing.T) {
	d := parse(t, `{"resourceType":"Patient","birthDate":"2000"}`)
	n := d.root().field("birthDate")
	if got := testing.AllocsPerRun(100, func() { _ = n.name() }); got != 0 {
		t.Errorf("%v allocations", got)
	}
}

// rebuilt writes a tree as JSON again.
func rebuilt(n node) string {
	var parts []string
	switch n.kind() {
	case '{':
		for c := range n.children {
			parts = append(parts, `"`+c.label()+`":`+rebuilt(c))
		}
		return "{" + strings.Join(parts, ",") + "}"
	case '[':
		for c := range n.children {
			parts = append(parts, rebuilt(c))
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	return string(n.raw())
}

// The tree holds the whole text: writing it gives the compact text.
func TestTreeIsText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := parse(t, resourceText().Draw(t, "text"))
		if got := rebuilt(d.root()); got != string(d.JSON()) {
			t.Fatalf("got  %s\nwant %s", got, d.JSON())
		}
	})
}

// jsonText generates JSON values with white space, escapes and odd numbers.
func jsonText(depth int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		most := 5
		if depth == 0 {
			most = 3
		}
		switch rapid.IntRange(0, most).Draw(t, "kind") {
		case 0, 1:
			return rapid.SampledFrom([]string{`""`, `"a"`, `"\""`, `"\\"`, `"\\\""`, `"a\u00fcb\/"`, `"\\u0000"`, `"}],{[:"`, `"ü€😀"`, `"` + strings.Repeat("long ", 20) + `\n"`}).Draw(t, "string")
		case 2:
			return rapid.SampledFrom([]string{"0", "-0", "1.00", "1E+02", "12345678901234567890.5"}).Draw(t, "number")
		case 3:
			return rapid.SampledFrom([]string{"true", "false", "null"}).Draw(t, "literal")
		case 4:
			return "[ " + strings.Join(rapid.SliceOfN(jsonText(depth-1), 0, 3).Draw(t, "items"), " ,\n") + "]"
		}
		return objectText(t, depth, nil)
	})
}

// objectText generates an object with the given members and others, in any order.
func objectText(t *rapid.T, depth int, members []string) string {
	names := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{`"a"`, `"name"`, `"_id"`, `"_versionId"`, `"tag"`, `"x\u0041"`, `""`, `"\\"`}), 0, 3, rapid.ID).Draw(t, "names")
	for _, n := range names {
		members = append(members, n+" : "+jsonText(depth-1).Draw(t, "value"))
	}
	return "{" + strings.Join(rapid.Permutation(members).Draw(t, "order"), " , ") + "\t}"
}

// resourceText generates resources that Parse accepts.
func resourceText() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		members := []string{`"resourceType": "` + rapid.SampledFrom(Types()).Draw(t, "type") + `"`}
		if rapid.Bool().Draw(t, "has id") {
			members = append(members, rapid.SampledFrom([]string{`"id":"old"`, `"\u0069d" : "old"`, `"id":"\u006fld"`}).Draw(t, "id"))
		}
		if rapid.Bool().Draw(t, "has meta") {
			var inner []string
			if rapid.Bool().Draw(t, "has versionId") {
				inner = append(inner, `"versionId": "7"`)
			}
			if rapid.Bool().Draw(t, "has lastUpdated") {
				inner = append(inner, `"lastUpdated":null`)
			}
			members = append(members, `"meta":`+objectText(t, 2, inner))
		}
		return objectText(t, 3, members)
	})
}
