package view

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"satchel/demo"
	"satchel/internal/browser"
)

func TestMain(m *testing.M) { os.Exit(browser.Main(m)) }

// pagesIn are the pages in a folder.
func pagesIn(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.html"))
	if err != nil || len(files) < len(pageNames) {
		t.Fatalf("%d pages, %v", len(files), err)
	}
	return files
}

// name is what pictures of a page are called.
func name(file, how string) string {
	return "view-" + strings.TrimSuffix(filepath.Base(file), ".html") + "-" + how
}

// From file:// and without a network the browser has nothing to complain about and asks for nothing but files of the package;
// styles apply, pictures are drawn, axe finds nothing.
func TestPagesInBrowser(t *testing.T) {
	b := browser.Start(t)
	b.Offline()
	root := t.TempDir()
	pictures := 0
	for _, file := range pagesIn(t, record(t, demo.EverythingPatientID).save(t, root)) {
		b.Open(file)
		const look = `[...document.images].every(i => i.complete && i.naturalWidth > 0) && getComputedStyle(document.querySelector('header .whose')).fontSize != getComputedStyle(document.body).fontSize ? document.images.length : -1`
		n := browser.Eval[int](b, look)
		if n < 0 {
			t.Errorf("%s: a picture is not drawn or the style does not apply", filepath.Base(file))
		}
		pictures += max(n, 0)
		b.Screenshot(name(file, "wide"))
		b.WantAccessible()
		b.WantQuiet(browser.FileURL(root) + "/")
		b.Forget()
	}
	if pictures == 0 {
		t.Error("no page has a picture")
	}
}

// Whatever the window, from 400 % enlarged over a phone and a tablet to a screen, and on paper, nobody has to scroll sideways;
// on a phone in the dark axe finds nothing either.
func TestPagesForEverybody(t *testing.T) {
	b := browser.Start(t)
	for _, file := range pagesIn(t, record(t, demo.EverythingPatientID).save(t, t.TempDir())) {
		narrow := func(how string) {
			if by := b.Overflow(); by > 0 {
				t.Errorf("%s, %s: wider than the window by %d", filepath.Base(file), how, by)
			}
			b.Screenshot(name(file, how))
		}
		b.Light()
		b.Open(file)
		b.Zoom(400)
		narrow("enlarged")
		for _, width := range []int64{768, 961, 1024, 1265} {
			b.Window(width, 1024)
			narrow(fmt.Sprint(width))
		}
		b.Window(718, 1000) // A4 between its margins
		b.Paper()
		narrow("paper")
		b.Screen()
		b.Dark()
		b.Phone()
		narrow("phone")
		if slices.Contains([]string{"index.html", "results.html", "documents.html"}, filepath.Base(file)) { // of each kind of part one
			b.WantAccessible()
		}
	}
}

// Printed, a page is a document with every row of it and without the menu.
func TestPagesOnPaper(t *testing.T) {
	b := browser.Start(t)
	dir := record(t, demo.EverythingPatientID).save(t, t.TempDir())
	for _, file := range []string{"index.html", "results.html"} {
		b.Open(filepath.Join(dir, file))
		b.Paper()
		if b.Text("nav") != "" || b.Text("main tbody") == "" {
			t.Errorf("%s on paper: menu %q, rows %.40q", file, b.Text("nav"), b.Text("main tbody"))
		}
		b.Screen()
		if pdf := b.PDF(); !bytes.HasPrefix(pdf, []byte("%PDF-")) || len(pdf) < 10_000 {
			t.Errorf("%s prints %d bytes", file, len(pdf))
		} else if shots := os.Getenv("SATCHEL_SHOTS"); shots != "" {
			os.WriteFile(filepath.Join(shots, name(file, "print")+".pdf"), pdf, 0o600)
		}
	}
}

// Every page reads the same without JavaScript, for there is none in it.
func TestPagesWithoutScript(t *testing.T) {
	b := browser.Start(t)
	files := pagesIn(t, record(t, demo.EverythingPatientID).save(t, t.TempDir()))
	with := make([]string, len(files))
	for i, file := range files {
		b.Open(file)
		with[i] = b.Text("body")
	}
	b.Script(false)
	for i, file := range files {
		b.Open(file)
		if got := b.Text("body"); got != with[i] || len(got) < 100 {
			t.Errorf("%s reads otherwise without JavaScript", filepath.Base(file))
		}
	}
}

// All can be reached and opened with the keyboard: the way past the menu, the menu, details.
func TestPagesByKeyboard(t *testing.T) {
	b := browser.Start(t)
	dir := record(t, demo.EverythingPatientID).save(t, t.TempDir())
	b.Open(filepath.Join(dir, "health.html"))
	b.Press("Tab")
	if got := b.Focused(); !strings.Contains(got, `class="skip"`) {
		t.Errorf("Tab first comes to %s", got)
	}
	const outlined = "parseFloat(getComputedStyle(document.activeElement).outlineWidth) >= 2"
	if !browser.Eval[bool](b, outlined) {
		t.Error("nobody sees where the focus is")
	}
	b.Press("Enter")
	if got := b.Focused(); !strings.HasPrefix(got, `<main`) {
		t.Errorf("the skip link leads to %s", got)
	}
	b.Press("Tab")
	for range 40 {
		if strings.HasPrefix(b.Focused(), "<summary") && !strings.Contains(b.Focused(), language.say("contents")) {
			break
		}
		b.Press("Tab")
	}
	const open = "document.activeElement.parentElement.open"
	before := browser.Eval[bool](b, open)
	if b.Press("Enter"); browser.Eval[bool](b, open) == before || !browser.Eval[bool](b, outlined) {
		t.Errorf("Enter does not open %s", b.Focused())
	}
	b.Open(filepath.Join(dir, "index.html"))
	for range 3 {
		b.Press("Tab")
	}
	if b.Press("Enter"); strings.HasSuffix(b.Address(), "index.html") {
		t.Errorf("Enter in the menu leads to %s", b.Address())
	}
}

// What the records hold does not run, be it text, narrative, picture or attached page: no window opens (attacks try
// alert(1)), nothing is asked for.
func TestHostileInBrowser(t *testing.T) {
	root := t.TempDir()
	b := browser.Start(t)
	n := 0
	record := attacked(t, func() string { n++; return attacks[n%len(attacks)] })
	attach(t, &record, "image/svg+xml", `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script><image href="http://evil.example/a.png"/></svg>`)
	attach(t, &record, "text/html", `<!DOCTYPE html><img src="http://evil.example/a.png" onerror="alert(1)"><script>alert(1)</script>`)
	attach(t, &record, "image/png", `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"></svg>`)
	for _, file := range pagesIn(t, record.save(t, root)) {
		b.Open(file)
		b.Screenshot(name(file, "hostile"))
	}
	attached := 0
	for path := range record.files {
		if strings.HasSuffix(path, ".txt") || strings.HasSuffix(path, ".png") {
			b.Open(filepath.Join(root, "data", filepath.FromSlash(path)))
			attached++
		}
	}
	if attached < 3 {
		t.Errorf("only %d attachments were opened", attached)
	}
	if d := b.Dialogs(); len(d) > 0 {
		t.Errorf("a script ran: %q", d)
	}
	b.WantQuiet(browser.FileURL(root) + "/")
}

// attach adds a document with an attachment.
func attach(t *testing.T, b *bundle, contentType, content string) {
	t.Helper()
	id := "attached-" + strings.NewReplacer("/", "-", "+", "-").Replace(contentType)
	b.put(t, "DocumentReference/"+id, [][]byte{resource(t, map[string]any{"resourceType": "DocumentReference", "id": id, "status": "current",
		"content": []any{map[string]any{"attachment": map[string]any{"contentType": contentType, "data": []byte(content), "title": id}}}})}, true, false, 1)
	if !slices.ContainsFunc(b.items, func(i Item) bool { return i.ID == id && len(i.Attachments) == 1 }) {
		t.Fatalf("%s is not attached", id)
	}
}
