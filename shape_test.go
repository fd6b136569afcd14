package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// screen is how many lines a function may have: it fits a screen.
const screen = 60

// long are the functions that may be longer, with their lines at most: tables of cases, and stories that a browser or a job goes
// through step by step, which would not get clearer in pieces. Nothing may be added, and none may grow.
var long = map[string]int{
	"pages_test.TestAdministrationBrowser":               85,
	"pages_test.TestChart":                               61,
	"pages_test.TestCopy":                                85,
	"pages_test.TestCopyBrowser":                         63,
	"pages_test.TestFirstRunBrowser":                     66,
	"pages_test.TestGroups":                              71,
	"pages_test.TestRequestsBrowser":                     68,
	"requests_test.TestLetters":                          63,
	"requests_test.TestLinkEnds":                         71,
	"web/faces_test.TestAuditEventNarrowingLosesNothing": 65,
	"web/faces_test.TestNoted":                           62,
	"web/faces_test.TestScopeMatrix":                     64,
}

// Functions fit a screen.
func TestFunctionsFitAScreen(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, file := range goFiles(t) {
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		room := filepath.ToSlash(filepath.Dir(file))
		if strings.HasSuffix(f.Name.Name, "_test") {
			room += "_test"
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			lines := set.Position(fn.End()).Line - set.Position(fn.Pos()).Line + 1
			name := room + "." + fn.Name.Name
			seen[name] = seen[name] || lines > screen
			if most := max(screen, long[name]); lines > most {
				t.Errorf("%s: %s has %d lines, at most %d fit: take a part out of it and give that a name", file, fn.Name.Name, lines, most)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(long)) {
		if !seen[name] {
			t.Errorf("%s fits a screen, or is gone: take it from the list", name)
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
