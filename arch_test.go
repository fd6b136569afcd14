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

// floors says which packages of this module a package may import, by folder. A folder that is not listed fails the test: give it
// its floor here and in docs/architecture.md. Rooms of internal that serve the product have a floor, those for tests have none.
var floors = map[string][]string{
	".":    {"cli", "internal/interrupt"},
	"cli":  {"app", "exports", "config", "datadir", "backup", "doctor", "certs", "requests", "auth", "engine", "engine/imports", "handover", "storage", "audit", "fhir", "demo", "internal/about", "internal/owner", "internal/secretfile", "internal/terminal"},
	"app":  {"fhir", "config", "datadir", "backup", "doctor", "certs", "web", "desk", "exports", "requests", "auth", "engine", "handover", "storage", "audit", "internal/about", "internal/owner", "internal/terminal"},
	"demo": {"fhir"},

	"doctor":  {"backup", "certs", "datadir", "config", "engine", "storage", "audit", "internal/about"},
	"backup":  {"datadir", "config", "storage", "audit", "internal/about", "internal/owner", "internal/secretfile"},
	"certs":   {"datadir", "config", "internal/about"},
	"datadir": {"config", "handover", "storage", "internal/about", "internal/owner"},
	"config":  {"web", "requests", "auth", "engine", "internal/owner"},

	"web":            {"desk", "exports", "requests", "auth", "engine", "handover", "storage", "audit", "fhir"},
	"desk":           {"exports", "requests", "auth", "engine", "engine/imports", "handover", "handover/view", "storage", "audit", "fhir"},
	"exports":        {"requests", "auth", "engine", "engine/imports", "handover", "storage", "audit", "fhir"},
	"requests":       {"handover", "storage", "audit", "fhir"},
	"auth":           {"storage", "audit", "fhir"},
	"engine":         {"engine/imports", "handover", "handover/view", "storage", "audit", "fhir", "internal/durable", "internal/fault"},
	"engine/imports": {"handover", "storage", "audit", "fhir", "internal/durable", "internal/fault"},
	"handover":       {"fhir", "internal/durable"},
	"handover/view":  {"fhir"},
	"storage":        {"migrations", "audit", "fhir", "internal/durable"},
	"audit":          {"fhir"},
	"migrations":     {},
	"fhir":           {},

	"internal/about":                 {"storage"},
	"internal/durable":               {"internal/durable/internal/seam"},
	"internal/durable/internal/seam": {},
	"internal/fault":                 {"fhir"},
	"internal/interrupt":             {},
	"internal/owner":                 {},
	"internal/secretfile":            {},
	"internal/terminal":              {},
}

// free are folders that may import what they like: programs beside the product, and tests. Nothing of the product imports them.
var free = []string{"bench", "conformance", "torture", "fhir/internal", "packaging/internal", "internal/audittest", "internal/browser", "internal/judge",
	"internal/durable/durabletest", "internal/await", "internal/storagetest", "internal/testpractice", "internal/testsatchel", "internal/testserver"}

// owners says which packages alone may import a foreign one (with everything below it).
var owners = map[string][]string{
	"database/sql":                        {"storage"},
	"modernc.org/sqlite":                  {"storage"},
	"github.com/pressly/goose":            {"storage"},
	"github.com/julienschmidt/httprouter": {"web"},
	"net/http":                            {"web", "desk", "app", "cli", "auth"},
	"github.com/BurntSushi/toml":          {"config"},
	"github.com/pelletier/go-toml":        {"config"},
	"github.com/spf13/cobra":              {"cli"},
	"github.com/kardianos/service":        {"app", "cli"}, // cli asks whether a person started it
	"github.com/schollz/progressbar":      {"cli"},
	"github.com/prometheus/client_golang": {"web"},
	"golang.org/x/crypto/acme":            {"certs", "config"}, // config: the address of Let's Encrypt
	"filippo.io/age":                      {"handover", "backup"},
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

// Imports run downward, and each foreign package has its owner.
func TestArchitecture(t *testing.T) {
	seen := map[string]bool{}
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		folder := filepath.ToSlash(file)
		if d.IsDir() {
			if folder != "." && (strings.HasPrefix(d.Name(), ".") || slices.Contains([]string{"testdata", "bin", "dist"}, d.Name()) || slices.Contains(free, folder)) {
				return filepath.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(folder, ".go") && !strings.HasSuffix(folder, "_test.go") {
			seen[path.Dir(folder)] = true
			checkImports(t, folder, path.Dir(folder))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for room := range floors {
		if !seen[room] {
			t.Errorf("no file of %s was read: take its floor away, or the test looks in the wrong place", room)
		}
	}
}

func checkImports(t *testing.T, file, room string) {
	t.Helper()
	allowed, ok := floors[room]
	if !ok {
		t.Errorf("%s: folder %s has no floor", file, room)
		return
	}
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Error(err)
		return
	}
	for _, i := range f.Imports {
		imported, _ := strconv.Unquote(i.Path.Value)
		if own, ok := strings.CutPrefix(imported, "satchel/"); ok && !slices.Contains(allowed, own) {
			t.Errorf("%s imports %s: %s may import only %v", file, imported, room, allowed)
		}
		for foreign, may := range owners {
			if (imported == foreign || strings.HasPrefix(imported, foreign+"/")) && !slices.Contains(may, room) {
				t.Errorf("%s imports %s, which belongs to %v", file, imported, may)
			}
		}
		if slices.Contains(pure[room], imported) {
			t.Errorf("%s imports %s: %s is without it", file, imported, room)
		}
	}
}

// undurable is what only internal/durable may do: elsewhere a sync is easily forgotten, and no test would see it.
var undurable = regexp.MustCompile(`\bos\.Rename\(|\bos\.CreateTemp\(|\w\.Sync\(\)`)

// durableRooms are the folders that the rule holds for. TODO: all, once the rest uses internal/durable.
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
