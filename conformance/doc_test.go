package conformance

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// ids are the rows of docs/conformance.md: so many under each letter.
var ids = []struct {
	letter string
	n      int
}{{"K", 22}, {"P", 27}, {"S", 13}, {"X", 4}, {"M", 16}, {"D", 3}, {"E", 2}, {"F", 12}, {"O", 3}, {"G", 5}, {"A", 4}, {"C", 6}, {"W", 5}, {"T", 14}, {"L", 1}}

// documented is one row of a table of the page.
type documented struct{ id, status, remarks string }

// documentedRows reads the tables under a heading: those whose first cell fits.
func documentedRows(t *testing.T, heading string, id *regexp.Regexp) []documented {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "docs", "conformance.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "\n## "+heading+"\n")
	if !found {
		t.Fatalf("no heading %q", heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var rows []documented
	for l := range strings.SplitSeq(section, "\n") {
		cells := strings.Split(strings.Trim(l, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if n := len(cells); n >= 2 && id.MatchString(cells[0]) {
			rows = append(rows, documented{cells[0], cells[n-2], cells[n-1]})
		}
	}
	return rows
}

// testNames are the tests in all packages.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	function := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	err := filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range function.FindAllSubmatch(text, -1) {
			names[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range ehiRows {
		names["TestEHIExport/"+r.id] = true
	}
	for _, r := range slices.Concat(kickOffRows, parameterRows, statusRows, manifestRows, fileRows, groupRows, discoveryRows, tokenRows) {
		names["TestConformance/"+r.id] = true
	}
	return names
}

// named are the tests that remarks name.
func (d documented) named() []string {
	var names []string
	for _, m := range regexp.MustCompile("`(Test[^`]+)`").FindAllStringSubmatch(d.remarks, -1) {
		names = append(names, m[1])
	}
	return names
}

// The page lists every row once, says holds only of what a test shows, and names no test that is not there.
func TestConformanceDocument(t *testing.T) {
	t.Parallel()
	tests, seen := testNames(t), map[string]int{}
	mentioned := map[string]bool{}
	for _, d := range documentedRows(t, "Bulk Data Access and Backend Services", regexp.MustCompile(`^[A-Z]-\d\d$`)) {
		seen[d.id]++
		switch d.status {
		case "holds":
			if len(d.named()) == 0 {
				t.Errorf("%s holds without a test", d.id)
			}
		case "does not hold", "not offered (MAY)":
			if d.remarks == "" {
				t.Errorf("%s: no reason", d.id)
			}
		default:
			t.Errorf("%s: status %q", d.id, d.status)
		}
		for _, name := range d.named() {
			mentioned[name] = true
			if !tests[name] {
				t.Errorf("%s names %s, which does not exist", d.id, name)
			}
		}
	}
	total := 0
	for _, l := range ids {
		for i := 1; i <= l.n; i++ {
			total++
			if id := fmt.Sprintf("%s-%02d", l.letter, i); seen[id] != 1 {
				t.Errorf("%s is there %d times", id, seen[id])
			}
		}
	}
	if len(seen) != total {
		t.Errorf("%d rows, want %d", len(seen), total)
	}
	for name := range tests {
		if strings.HasPrefix(name, "TestConformance/") && !mentioned[name] {
			t.Errorf("no row names %s", name)
		}
	}
}

// The other tables are whole, too.
func TestConformanceDocumentTables(t *testing.T) {
	t.Parallel()
	tests := testNames(t)
	count := func(heading, id string, want int, status ...string) {
		rows := documentedRows(t, heading, regexp.MustCompile(id))
		seen := map[string]bool{}
		for _, d := range rows {
			seen[d.id] = true
			if len(status) > 0 && !slices.Contains(status, d.status) {
				t.Errorf("%s %s: status %q", heading, d.id, d.status)
			}
			for _, name := range d.named() {
				if top, _, _ := strings.Cut(name, "/"); !tests[top] {
					t.Errorf("%s %s names %s, which does not exist", heading, d.id, name)
				}
			}
		}
		if len(rows) != want || len(seen) != want {
			t.Errorf("%s: %d rows, %d of them different, want %d", heading, len(rows), len(seen), want)
		}
	}
	count("EHI export", `^\d$`, len(ehiRows), "holds", "holds in part")
	count("Inferno", `^[A-Z]\d[ab]?$`, 22, "holds", "does not hold")
	count("Clients", `fetch|client \d`, 3)
	count("Smile CDR", `^\d\d$`, 58, "same", "changed on purpose", "not offered")
	if rows := documentedRows(t, "Smile CDR", regexp.MustCompile(`^\d\d$`)); rows[57].id != "58" || rows[0].id != "01" {
		t.Error(rows[0].id, rows[57].id)
	}
}
