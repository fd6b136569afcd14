package property

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// Every test program with property tests imports this package.
func TestEveryPropertyTestIsSet(t *testing.T) {
	rapid, set := map[string]bool{}, map[string]bool{}
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if err == nil && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "bin" || d.Name() == "dist" || d.Name() == "testdata") {
				return filepath.SkipDir
			}
			return err
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, i := range file.Imports {
			rapid[filepath.Dir(path)] = rapid[filepath.Dir(path)] || i.Path.Value == `"pgregory.net/rapid"`
			set[filepath.Dir(path)] = set[filepath.Dir(path)] || i.Path.Value == `"satchel/internal/property"`
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for dir, has := range rapid {
		if has && !set[dir] {
			t.Errorf(`%s tests with rapid and does not import "satchel/internal/property"`, dir)
		}
	}
	if !rapid[filepath.Join(root, "fhir")] {
		t.Error("no rapid in fhir: the test looks in the wrong place")
	}
}
