package view

import (
	"go/ast"
	"strings"
	"testing"

	"satchel/fhir"
	"satchel/internal/texts/textstest"
)

// Every text that pages ask for exists, and every text that exists is asked for, by code or by what R4 knows.
func TestTexts(t *testing.T) {
	t.Parallel()
	u := textstest.Of(language.texts)
	for _, table := range []string{"words", "flags", "units", "verdicts", "reasons"} {
		u.Ask(table, "*", "codes in the data")
	}
	for _, name := range pageNames {
		for _, what := range []string{".menu", ".title", ".intro"} {
			u.Ask("pages", string(name)+what, "loadWords")
		}
	}
	for _, key := range asked.FindAllStringSubmatch(pageFile, -1) {
		u.Ask("page", key[1], "page.html")
	}
	textstest.Inspect(t, func(n ast.Node) { askedByCode(u, n) })
	u.Literals(t)
	askedByR4(t, u)
	u.Check(t)
}

// askedByCode finds v.t.say("key"), x.headings["key"] and x.columns["key"].
func askedByCode(u *textstest.Use, n ast.Node) {
	switch n := n.(type) {
	case *ast.CallExpr:
		if f, ok := n.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "say" && len(n.Args) > 0 {
			if key := textstest.Literal(n.Args[0]); key != "" {
				u.Ask("page", key, "say")
			}
		}
	case *ast.IndexExpr:
		if table, ok := n.X.(*ast.SelectorExpr); ok && (table.Sel.Name == "headings" || table.Sel.Name == "columns") {
			if key := textstest.Literal(n.Index); key != "" {
				u.Ask(table.Sel.Name, key, table.Sel.Name)
			}
		}
	}
}

// askedByR4 mentions the headings of columns and the names of fields and types that resources may have.
func askedByR4(t *testing.T, u *textstest.Use) {
	for typ, paths := range elements(t) {
		u.Mention("columns", typ+" what")
		for path := range paths {
			u.Mention("columns", path[strings.LastIndexByte(path, '.')+1:])
		}
		for _, column := range fieldsOf(planOf(typ).columns) {
			u.Mention("columns", typ+" "+column)
			u.Mention("columns", column)
		}
	}
	for _, path := range resultPaths {
		u.Mention("columns", "Observation "+path)
	}
	for typ := range language.types {
		name, _, _ := strings.Cut(typ, ".")
		if !fhir.IsType(name) {
			t.Errorf("texts/en/types.json: %s is no type", name)
		}
		for _, other := range []string{"one", "other"} {
			u.Ask("types", name+"."+other, typ)
		}
	}
}
