// Package textstest holds the texts of a package to what its code and its templates ask for.
package textstest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"satchel/internal/texts"
)

// Any stands for every noun: of what asks, it is not known here for which.
const Any = "*"

// common is the noun that every noun may use; format is for package texts itself.
const common, format = "common", "format"

// Use is what a package asks of its texts: keys by noun, and where. A key that ends in "*" stands for all that begin so.
type Use struct {
	all   texts.Texts
	asked map[string]map[string]string
}

// Of begins with texts of which nobody has asked for any.
func Of(all texts.Texts) *Use { return &Use{all, map[string]map[string]string{}} }

// All are the texts.
func (u *Use) All() texts.Texts { return u.all }

// Ask says that a text is asked for at a place; it must exist.
func (u *Use) Ask(noun, key, where string) {
	if own, rest, ok := strings.Cut(key, ":"); ok {
		noun, key = own, rest
	}
	if u.asked[noun] == nil {
		u.asked[noun] = map[string]string{}
	}
	u.asked[noun][key] = where
}

// Mention says that a text may be asked for, if it exists in a noun's own file.
func (u *Use) Mention(noun, key string) {
	if u.has(noun, key) {
		u.Ask(noun, key, "Go")
	}
}

// has looks into the file of one noun.
func (u *Use) has(noun, key string) bool {
	prefix, many := strings.CutSuffix(key, "*")
	if !many {
		return u.all[noun][key] != ""
	}
	for k := range u.all[noun] {
		if strings.HasPrefix(k, prefix) {
			return true
		}
	}
	return false
}

// Literals takes each string in the product's Go files of the folder in which the test runs as a mention: code puts keys together
// in many ways, so a string that is a key counts as a use, and is no promise that it is one. "noun.key" is a key of that noun, and
// what ends in a full stop stands for all that begin so.
func (u *Use) Literals(t *testing.T) {
	t.Helper()
	Inspect(t, func(n ast.Node) {
		key := Literal(n)
		if key == "" {
			return
		}
		keys := []string{key}
		if strings.HasSuffix(key, ".") {
			keys = append(keys, key+"*")
		}
		for _, k := range keys {
			for noun := range u.all {
				u.Mention(noun, k)
			}
			if noun, rest, ok := strings.Cut(k, "."); ok && rest != "" {
				u.Mention(noun, rest)
			}
		}
	})
}

// Inspect visits each node of the product's Go files in the folder in which the test runs.
func Inspect(t *testing.T, visit func(ast.Node)) {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool { visit(n); return true })
	}
}

// Literal is the string that stands at a node; "" if none does.
func Literal(n ast.Node) string {
	l, ok := n.(*ast.BasicLit)
	if !ok || l.Kind != token.STRING {
		return ""
	}
	s, _ := strconv.Unquote(l.Value)
	return s
}

// Check fails the test for each text that is asked for and does not exist, and for each that exists and nobody asks for.
func (u *Use) Check(t *testing.T) {
	t.Helper()
	for noun, keys := range u.asked {
		for key, where := range keys {
			if !u.has(noun, key) && !u.has(common, key) && !(noun == Any && u.anywhere(key)) {
				t.Errorf("%s: there is no text %q in texts/%s/%s.json or common.json", where, key, texts.Language, noun)
			}
		}
	}
	for noun, sentences := range u.all {
		for key := range sentences {
			if noun != format && !u.isAsked(noun, key) {
				t.Errorf("texts/%s/%s.json: nobody asks for %q", texts.Language, noun, key)
			}
		}
	}
}

func (u *Use) anywhere(key string) bool {
	for noun := range u.all {
		if u.has(noun, key) {
			return true
		}
	}
	return false
}

// isAsked reports whether anybody asks for a text; a common one may be asked for by every noun.
func (u *Use) isAsked(noun, key string) bool {
	nouns := []string{noun, Any}
	if noun == common {
		nouns = nil
		for n := range u.asked {
			nouns = append(nouns, n)
		}
	}
	return slices.ContainsFunc(nouns, func(n string) bool {
		for k := range u.asked[n] {
			if prefix, many := strings.CutSuffix(k, "*"); k == key || many && strings.HasPrefix(key, prefix) {
				return true
			}
		}
		return false
	})
}
