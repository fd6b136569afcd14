package storage

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// sqliteWords are what only files named sqlite_*.go may have, in code or in comments: the engine's name, its statements that
// are not standard SQL, and the imports that come with it.
var sqliteWords = regexp.MustCompile(`(?i:sqlite|pragma|vacuum|rowid|user_version|satchel_row|json_each|insert or |collate|indexed by|\biif\(|goose)|\b(WAL|BEGIN|COMMIT|ROLLBACK)\b|database/sql/driver|\b(max|min)\(\w+, *\?`)

// What is SQLite's own stands in the files named for it: another engine replaces those, and nothing else.
func TestSQLiteHasItsFiles(t *testing.T) {
	t.Parallel()
	own := 0
	for _, path := range sources(t) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(path, "sqlite_") {
			own++
			continue
		}
		for i, line := range strings.Split(string(text), "\n") {
			if word := sqliteWords.FindString(line); word != "" {
				t.Errorf("%s:%d: %q belongs into a file sqlite_*.go", path, i+1, word)
			}
		}
	}
	if own < 5 {
		t.Errorf("only %d files sqlite_*.go: the test looks in the wrong place", own)
	}
}

// engineWords are what a promise to callers is not made of.
var engineWords = regexp.MustCompile(`(?i:sqlite|pragma|vacuum|write-ahead|checkpoint)|\bWAL\b|\bfsync\b`)

// What exported names promise is said without the engine's words.
func TestPromisesNameNoEngine(t *testing.T) {
	t.Parallel()
	said := 0
	for _, path := range sources(t) {
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if !d.Name.IsExported() {
					continue
				}
				said++
				if d.Doc == nil {
					t.Errorf("%s: %s promises nothing: it has no comment", path, d.Name)
				} else if word := engineWords.FindString(strings.ReplaceAll(d.Doc.Text(), "Checkpoint", "")); word != "" {
					t.Errorf("%s: %s speaks of %q", path, d.Name, word)
				}
			case *ast.GenDecl:
				if word := engineWords.FindString(d.Doc.Text()); word != "" && ast.IsExported(firstName(d)) {
					t.Errorf("%s: %s speaks of %q", path, firstName(d), word)
				}
			}
		}
	}
	if said < 100 {
		t.Errorf("only %d exported functions: the test looks in the wrong place", said)
	}
}

// firstName is the first name that a declaration declares.
func firstName(d *ast.GenDecl) string {
	for _, s := range d.Specs {
		switch s := s.(type) {
		case *ast.TypeSpec:
			return s.Name.Name
		case *ast.ValueSpec:
			return s.Names[0].Name
		}
	}
	return ""
}

// sources are the files of this package that are not tests.
func sources(t *testing.T) (paths []string) {
	t.Helper()
	all, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range all {
		if !strings.HasSuffix(path, "_test.go") {
			paths = append(paths, path)
		}
	}
	return paths
}
