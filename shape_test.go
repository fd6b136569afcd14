package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// screen is how many lines a function may have, a test too: it fits a screen. A table of cases is a variable beside its test.
const screen = 60

// Functions fit a screen.
func TestFunctionsFitAScreen(t *testing.T) {
	t.Parallel()
	for _, file := range goFiles(t) {
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			lines := set.Position(fn.End()).Line - set.Position(fn.Pos()).Line + 1
			if lines > screen {
				t.Errorf("%s: %s has %d lines, at most %d fit: take a part out of it and give that a name", file, fn.Name.Name, lines, screen)
			}
		}
	}
}

// goFiles are all Go files of the module, those of tests too.
func goFiles(t *testing.T) (files []string) {
	t.Helper()
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && file != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "bin" || d.Name() == "dist") {
			return filepath.SkipDir
		}
		if err == nil && strings.HasSuffix(file, ".go") {
			files = append(files, file)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// named is a file that a document names by its path.
var named = regexp.MustCompile("`([a-z][a-z0-9/_]*/[a-z0-9_]+\\.(go|sql|txtar|json|html|sh))`")

// Files that the documents name are there.
func TestDocumentsNameFiles(t *testing.T) {
	t.Parallel()
	for _, document := range []string{"docs/architecture.md", "docs/developer.md", "docs/decisions.md", "README.md"} {
		text, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range named.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(m[1]); err != nil {
				t.Errorf("%s names %s, which is not there", document, m[1])
			}
		}
	}
}
