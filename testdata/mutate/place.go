package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// place is a mutant: these bytes of this file in place of those.
type place struct {
	pkg, file string
	line      int
	source    []byte
	from, to  int
	with      string
}

// text is the file with the mutation.
func (p place) text() []byte {
	return slices.Concat(p.source[:p.from], []byte(p.with), p.source[p.to:])
}

func (p place) String() string {
	return fmt.Sprintf("%s:%d: %s -> %s", p.file, p.line, short(string(p.source[p.from:p.to])), short(p.with))
}

// short is a text in one line of bounded length.
func short(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if s == "" {
		return "nothing"
	}
	if len(s) > 90 {
		s = s[:90] + "…"
	}
	return s
}

// read finds every place of a package's product files.
func read(pkg string) ([]place, error) {
	files, err := filepath.Glob(filepath.Join(pkg, "*.go"))
	if err != nil {
		return nil, err
	}
	var all []place
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || strings.HasSuffix(file, "_windows.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, file, source, 0)
		if err != nil {
			return nil, err
		}
		at := func(from, to token.Pos, with string) {
			all = append(all, place{pkg, file, set.Position(from).Line, source, set.Position(from).Offset, set.Position(to).Offset, with})
		}
		ast.Inspect(f, func(n ast.Node) bool {
			mutations(n, at, func(x ast.Node) string {
				return string(source[set.Position(x.Pos()).Offset:set.Position(x.End()).Offset])
			})
			return true
		})
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s: no Go files", pkg)
	}
	return all, nil
}

// swapped are operators and what they become.
var swapped = map[token.Token]string{
	token.LSS: "<=", token.LEQ: "<", token.GTR: ">=", token.GEQ: ">", token.EQL: "!=", token.NEQ: "==",
	token.LAND: "||", token.LOR: "&&", token.ADD: "-", token.SUB: "+",
}

// mutations are those of one node: another operator, a condition that always or never holds, a statement that is not there, an
// error that is not returned, a boolean that is the other one.
func mutations(n ast.Node, at func(from, to token.Pos, with string), text func(ast.Node) string) {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		if with := swapped[n.Op]; with != "" {
			at(n.OpPos, n.OpPos+token.Pos(len(n.Op.String())), with)
		}
	case *ast.IfStmt:
		at(n.Cond.Pos(), n.Cond.End(), "("+text(n.Cond)+") && false")
		at(n.Cond.Pos(), n.Cond.End(), "("+text(n.Cond)+") || true")
	case *ast.ExprStmt:
		if _, ok := n.X.(*ast.CallExpr); ok {
			at(n.Pos(), n.End(), "")
		}
	case *ast.DeferStmt:
		at(n.Pos(), n.End(), "")
	case *ast.AssignStmt:
		if n.Tok != token.DEFINE && len(n.Lhs) == 1 {
			at(n.Pos(), n.End(), "")
		}
	case *ast.ReturnStmt:
		if k := len(n.Results); k > 0 && text(n.Results[k-1]) == "err" {
			at(n.Results[k-1].Pos(), n.Results[k-1].End(), "nil")
		}
	case *ast.Ident:
		if n.Name == "true" {
			at(n.Pos(), n.End(), "false")
		} else if n.Name == "false" {
			at(n.Pos(), n.End(), "true")
		}
	}
}
