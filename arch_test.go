package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// floors says which packages of this module a package may import. A package that is not listed fails the test: give it
// its floor here and in docs/architecture.md.
var floors = map[string][]string{
	"main":       {"web", "desk", "exports", "requests", "auth", "engine", "handover", "storage", "audit", "fhir", "demo", "internal/durable", "internal/interrupt"},
	"web":        {"desk", "exports", "requests", "auth", "engine", "handover", "storage", "audit", "fhir"},
	"desk":       {"exports", "requests", "auth", "engine", "handover", "storage", "audit", "fhir"},
	"exports":    {"requests", "auth", "engine", "handover", "storage", "audit", "fhir"},
	"requests":   {"storage", "audit", "fhir"},
	"auth":       {"storage", "audit", "fhir"},
	"engine":     {"handover", "storage", "audit", "fhir", "internal/durable", "internal/fault"},
	"handover":   {"fhir", "internal/durable"},
	"storage":    {"migrations", "audit", "fhir", "internal/durable"},
	"audit":      {"fhir"},
	"migrations": {},
	"demo":       {"fhir"},
	"fhir":       {},
}

// owners says which packages alone may import a foreign one (with everything below it).
var owners = map[string][]string{
	"database/sql":                        {"storage"},
	"modernc.org/sqlite":                  {"storage"},
	"github.com/pressly/goose":            {"storage"},
	"github.com/julienschmidt/httprouter": {"web"},
	"net/http":                            {"web", "desk", "main", "auth"},
	"github.com/BurntSushi/toml":          {"main"},
	"github.com/spf13/cobra":              {"main"},
	"github.com/kardianos/service":        {"main"},
	"github.com/schollz/progressbar":      {"main"},
	"github.com/prometheus/client_golang": {"web"},
	"golang.org/x/crypto/acme":            {"main"},
	"filippo.io/age":                      {"handover", "main"},
	"github.com/chromedp":                 {}, // for tests
}

// pure names what a package without input and output may not import.
var pure = map[string][]string{
	"desk":  {"os", "database/sql"},
	"fhir":  {"os", "io/fs", "net", "net/http", "database/sql", "log", "log/slog", "path/filepath"},
	"auth":  {"os", "database/sql"},
	"audit": {"os", "net", "net/http", "database/sql"},
	"demo":  {"os", "net", "net/http", "database/sql"},
}

// Imports run downward, and each foreign package has its owner. Programs beside the product (generators in internal,
// bench) and tests are free.
func TestArchitecture(t *testing.T) {
	seen := map[string]bool{}
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if file != "." && (strings.HasPrefix(name, ".") || name == "testdata" || name == "internal" || name == "bench" || name == "bin" || name == "dist") {
				return filepath.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			pkg := packageOf(filepath.ToSlash(file))
			seen[pkg] = true
			checkImports(t, file, pkg)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, must := range []string{"main", "web", "engine", "auth", "storage", "fhir"} {
		if !seen[must] {
			t.Errorf("no file of package %s was read: the test looks in the wrong place", must)
		}
	}
}

// packageOf is the room that a file belongs to: its top folder.
func packageOf(file string) string {
	if dir := path.Dir(file); dir != "." {
		return strings.Split(dir, "/")[0]
	}
	return "main"
}

func checkImports(t *testing.T, file, pkg string) {
	t.Helper()
	allowed, ok := floors[pkg]
	if !ok {
		t.Errorf("%s: package %s has no floor", file, pkg)
		return
	}
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Error(err)
		return
	}
	for _, i := range f.Imports {
		imported, _ := strconv.Unquote(i.Path.Value)
		if own, ok := strings.CutPrefix(imported, "satchel/"); ok {
			room := strings.Split(own, "/")[0]
			if room == "internal" {
				room = own // each with its own floor: those for tests have none
			}
			if room != pkg && !slices.Contains(allowed, room) {
				t.Errorf("%s imports %s: %s may import only %v", file, imported, pkg, allowed)
			}
		}
		for foreign, may := range owners {
			if (imported == foreign || strings.HasPrefix(imported, foreign+"/")) && !slices.Contains(may, pkg) {
				t.Errorf("%s imports %s, which belongs to %v", file, imported, may)
			}
		}
		if slices.Contains(pure[pkg], imported) {
			t.Errorf("%s imports %s: %s is without it", file, imported, pkg)
		}
	}
}

// undurable is what only internal/durable may do: elsewhere a sync is easily forgotten, and no test would see it.
var undurable = regexp.MustCompile(`\bos\.Rename\(|\bos\.CreateTemp\(|\w\.Sync\(\)`)

// durableRooms are the packages that the rule holds for. TODO: all, once the rest uses internal/durable.
var durableRooms = []string{"storage", "engine", "handover", "auth", "requests", "web", "desk", "exports"}

// Files that somebody relies on are written by internal/durable alone.
func TestArchitectureDurable(t *testing.T) {
	out, err := exec.Command("git", "ls-files", "*.go").Output()
	if err != nil {
		t.Skip("no list of files:", err)
	}
	for file := range strings.Lines(string(out)) {
		file = strings.TrimSpace(file)
		first, _, _ := strings.Cut(file, "/")
		if strings.HasSuffix(file, "_test.go") || !slices.Contains(durableRooms, first) {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			continue // deleted and not yet committed
		}
		for n, line := range strings.Split(string(text), "\n") {
			if undurable.MatchString(line) {
				t.Errorf("%s:%d: %s\nuse internal/durable", file, n+1, strings.TrimSpace(line))
			}
		}
	}
}
