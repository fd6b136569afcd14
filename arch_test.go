package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
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
	"cli":  {"app", "exports", "config", "datadir", "backup", "doctor", "certs", "requests", "worklist", "auth", "engine", "engine/bulk", "engine/imports", "handover", "storage", "audit", "fhir", "demo", "internal/about", "internal/durable", "internal/secretfile", "internal/terminal", "engine/pack"},
	"app":  {"fhir", "config", "datadir", "backup", "doctor", "certs", "web", "web/faces", "pages", "exports", "requests", "auth", "engine", "handover", "storage", "audit", "internal/about", "internal/durable", "internal/terminal", "engine/pack"},
	"demo": {"fhir"},

	"doctor":  {"backup", "certs", "datadir", "config", "engine", "storage", "audit", "internal/about", "internal/durable"},
	"backup":  {"datadir", "config", "storage", "audit", "internal/about", "internal/durable", "internal/secretfile"},
	"certs":   {"datadir", "config", "internal/about", "internal/durable"},
	"datadir": {"config", "handover", "storage", "internal/about", "internal/durable"},
	"config":  {"requests", "auth", "engine", "internal/durable"},

	"web/faces":       {"web", "web/fhirapi", "web/api", "web/smart", "pages"},
	"pages":           {"internal/texts", "web", "exports", "requests", "worklist", "auth", "engine", "engine/bulk", "engine/imports", "handover", "handover/view", "storage", "audit", "fhir", "engine/pack"},
	"web/fhirapi":     {"web", "exports", "requests", "auth", "engine/bulk", "engine/pack", "handover", "storage", "audit", "fhir"},
	"web/api":         {"web", "exports", "auth", "engine/pack", "handover", "storage", "audit", "fhir"},
	"web/smart":       {"web", "auth", "audit", "fhir"},
	"web":             {"exports", "requests", "auth", "engine", "handover", "storage", "audit", "fhir"},
	"exports":         {"requests", "auth", "engine", "engine/bulk", "engine/imports", "handover", "handover/view", "storage", "audit", "fhir", "engine/pack"},
	"worklist":        {"auth", "storage", "audit", "fhir"},
	"requests":        {"internal/texts", "handover", "storage", "audit", "fhir"},
	"auth":            {"auth/internal/cost", "storage", "audit", "fhir"},
	"engine":          {"engine/bulk", "engine/imports", "engine/progress", "handover", "handover/view", "storage", "audit", "fhir", "internal/durable", "internal/fault", "engine/pack"},
	"engine/pack":     {"engine/record", "engine/bulk", "handover", "handover/view", "storage", "audit", "fhir", "internal/durable"},
	"engine/record":   {"handover", "storage", "fhir"},
	"engine/bulk":     {"engine/progress", "storage", "audit", "fhir", "internal/durable", "internal/fault"},
	"engine/progress": {},
	"engine/imports":  {"handover", "storage", "audit", "fhir", "internal/durable", "internal/fault"},
	"handover":        {"fhir", "internal/durable", "internal/texts"},
	"handover/view":   {"handover", "fhir", "internal/texts"},
	"storage":         {"migrations", "audit", "fhir", "internal/durable"},
	"audit":           {"fhir"},
	"migrations":      {},
	"fhir":            {},

	"auth/internal/cost": {},

	"internal/about":                 {"storage"},
	"internal/durable":               {"internal/durable/internal/seam"},
	"internal/durable/internal/seam": {},
	"internal/fault":                 {"fhir"},
	"internal/interrupt":             {},
	"internal/secretfile":            {},
	"internal/terminal":              {},
	"internal/texts":                 {},
}

// free are folders that may import what they like: programs beside the product, and tests. Nothing of the product imports them.
var free = []string{"bench", "conformance", "torture", "fhir/internal", "packaging/internal", "auth/authtest", "internal/audittest", "internal/browser", "internal/judge", "internal/property",
	"internal/durable/durabletest", "internal/await", "internal/storagetest", "internal/testpractice", "internal/testsatchel", "internal/testserver", "internal/texts/textstest"}

// owners says which packages alone may import a foreign one (with everything below it).
var owners = map[string][]string{
	"database/sql":                        {"storage"},
	"modernc.org/sqlite":                  {"storage"},
	"github.com/pressly/goose":            {"storage"},
	"github.com/julienschmidt/httprouter": {"web"},
	"net/http":                            {"web", "web/faces", "web/fhirapi", "web/api", "web/smart", "pages", "app", "cli", "auth"},
	"github.com/BurntSushi/toml":          {"config"},
	"github.com/pelletier/go-toml":        {"config"},
	"github.com/spf13/cobra":              {"cli"},
	"github.com/kardianos/service":        {"app"},
	"github.com/schollz/progressbar":      {"cli"},
	"github.com/prometheus/client_golang": {"web"},
	"golang.org/x/crypto/acme":            {"certs", "config"}, // config: the address of Let's Encrypt
	"filippo.io/age":                      {"handover", "backup"},
	"github.com/chromedp":                 {}, // for tests
}

// pure names what a package without input and output may not import.
var pure = map[string][]string{
	"pages": {"os", "database/sql"},
	"fhir":  {"os", "io/fs", "net", "net/http", "database/sql", "log", "log/slog", "path/filepath"},
	"auth":  {"os", "database/sql"},
	"audit": {"os", "net", "net/http", "database/sql"},
	"demo":  {"os", "net", "net/http", "database/sql"},
}

// Imports run downward, and each foreign package has its owner.
func TestArchitecture(t *testing.T) {
	seen := map[string]bool{}
	for _, file := range productFiles(t) {
		seen[path.Dir(file)] = true
		checkImports(t, file, path.Dir(file))
	}
	for room := range floors {
		if !seen[room] {
			t.Errorf("no file of %s was read: take its floor away, or the test looks in the wrong place", room)
		}
	}
}

// productFiles are the Go files of the product by their path, without those of tests and of free folders.
func productFiles(t *testing.T) (files []string) {
	t.Helper()
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		file = filepath.ToSlash(file)
		if d.IsDir() {
			if file != "." && (strings.HasPrefix(d.Name(), ".") || slices.Contains([]string{"testdata", "bin", "dist"}, d.Name()) || slices.Contains(free, file)) {
				return filepath.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(file, ".go") && !strings.HasSuffix(file, "_test.go") {
			files = append(files, file)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
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
var undurable = regexp.MustCompile(`\bos\.Rename\(|\bos\.Create(Temp)?\(|\w\.Sync\(\)|\bO_CREATE\b|WriteFile\(`)

// mayWrite are the files that make files by themselves all the same, and why.
var mayWrite = map[string]string{
	"app/log_rotate.go":            "a log need not survive a power cut",
	"backup/read.go":               "what is unpacked is synced as a tree",
	"certs/export.go":              "a copy of a certificate, also to a device; made again at any time",
	"cli/demo.go":                  "a demo is made again at any time",
	"cli/report.go":                "a list of findings; the import says them again",
	"datadir/disk.go":              "tries whether a file can be made",
	"handover/container_folder.go": "a folder is synced as a tree when it is sealed",
	"handover/container_zip.go":    "closed and renamed by internal/durable",
	"storage/lock.go":              "a lock holds nothing",
}

// Files that somebody relies on are written by internal/durable alone.
func TestArchitectureDurable(t *testing.T) {
	for _, file := range productFiles(t) {
		if mayWrite[file] != "" || path.Dir(file) == "internal/durable" {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for n, line := range strings.Split(string(text), "\n") {
			if undurable.MatchString(line) {
				t.Errorf("%s:%d: %s\nuse internal/durable", file, n+1, strings.TrimSpace(line))
			}
		}
	}
}

// doors are words of deeds on exports, packages, accounts, clients and the worklist, which are said in exports and in the rooms that it asks, and nowhere else.
var doors = map[string][]string{ // by the folders that may say them
	`\b[sS]tore\.(Assign|Unassign)\(`:                                           {"worklist"},
	`auth\.Verb(Package|Job|JobCancel|Jobs)\b`:                                  {"exports", "auth"},
	`auth\.VerbEHIExport\b|\.(AskApp|AddEHIExport|DeleteEHIExport|EHIExport)\(`: {"exports", "auth", "requests", "storage"},
	`\b[sS]tore\.(AddAccount|AddFirstAccount|UpdateAccount|RemoveAccount|EndSessions|AddClient|UpdateClient|RemoveClient)\(`: {"auth", "storage", "internal/storagetest"},
	`\bAuth\.Remove(Account|Client)\(`: {"exports"},
	`\bEngine\.(Start|StartPackage|Cancel|Protect|Open|Export|MakePackage|StartImport|StopImport)\(`: {"exports"},
}

// Nobody goes past exports, worklist and auth: faces neither decide on such things nor let the engine or the store do something with one.
func TestDoors(t *testing.T) {
	for pattern, may := range doors {
		word := regexp.MustCompile(pattern)
		err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") || slices.Contains(may, filepath.ToSlash(filepath.Dir(file))) {
				return err
			}
			text, err := os.ReadFile(file)
			if found := word.Find(text); found != nil {
				t.Errorf("%s says %s: that is decided and done in %v alone", file, found, may)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
