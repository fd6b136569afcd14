package cli

import (
	"context"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"satchel/demo"
	"satchel/internal/browser"
	"satchel/internal/testsatchel"
)

// The package of a patient who has something of everything, read as its receiver reads it: from the first page over the
// menu through all pages, to a document and to the line of data under an entry; from file:// and without a network.
func TestReadPackageInBrowser(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "practice")
	testsatchel.Must(t, makeDemo(context.Background(), dir, demo.Options{Patients: 2}, io.Discard))
	found, err := filepath.Glob(filepath.Join(dir, "packages", "*_single_*"))
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	b := browser.Start(t)
	b.Offline()
	b.Open(filepath.Join(found[0], "OPEN-ME-FIRST.html"))
	b.Wait("COMPLETE WITH STATED EXCLUSIONS")
	b.Screenshot("package-first")
	b.WantAccessible()
	b.Click("Read the record")
	menu := strings.Split(b.Text("nav"), "\n")
	for _, entry := range menu {
		if strings.TrimSpace(entry) == "" {
			continue
		}
		b.Click(entry)
		b.Screenshot("package-" + entry)
		if by := b.Overflow(); by > 0 || b.Text("nav [aria-current]") != entry || b.Text("main tbody") == "" {
			t.Errorf("%s: too wide by %d, menu at %q, begins %.40q", entry, by, b.Text("nav [aria-current]"), b.Text("main tbody"))
		}
	}
	if len(menu) < 15 {
		t.Errorf("the menu is %q", menu)
	}
	b.Click("Documents")
	b.Click("Visit note 2022-02-15")
	if at := b.Address(); !strings.Contains(at, "/data/attachments/") || b.Text("body") == "" {
		t.Errorf("a document is at %s and says %q", at, b.Text("body"))
	}
	b.Back()
	b.Click("More details")
	b.Click(".source a[href$=ndjson]")
	if at, text := b.Address(), b.Text("body"); !strings.HasSuffix(at, ".ndjson") || !strings.Contains(text, `"resourceType"`) {
		t.Errorf("the source is at %s and says %.80q", at, text)
	}
	b.WantQuiet(browser.FileURL(found[0]) + "/")
}
