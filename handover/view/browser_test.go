package view

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"satchel/demo"
)

// browser is a tab that remembers what it asked for and what it complained about.
type browser struct {
	ctx      context.Context
	mutex    sync.Mutex
	requests []string
	problems []string
}

// open starts a browser, or skips the test where there is none.
func open(t *testing.T) *browser {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if found, err := exec.LookPath(name); err == nil && path == "" {
			path = found
		}
	}
	if path == "" {
		t.Skip("no chromium found; install it (Debian: apt-get install chromium) to try the pages in a browser")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path))
	if os.Getuid() == 0 { // as root, in containers, the browser refuses its own sandbox
		options = append(options, chromedp.NoSandbox)
	}
	ctx, stop := context.WithTimeout(context.Background(), 3*time.Minute)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(stop)
	b := &browser{}
	b.ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	if err := chromedp.Listen(b.ctx, b.note); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(b.ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *browser) note(event any) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *network.EventLoadingFailed:
		b.problems = append(b.problems, "loading failed: "+e.ErrorText)
	case *runtime.EventConsoleAPICalled, *runtime.EventExceptionThrown:
		b.problems = append(b.problems, "a script ran")
	case *log.EventEntryAdded:
		b.problems = append(b.problems, e.Entry.Text)
	}
}

// visit opens a page and answers what it asked for and complained about.
func (b *browser) visit(t *testing.T, file string) (requests, problems []string) {
	t.Helper()
	b.mutex.Lock()
	b.requests, b.problems = nil, nil
	b.mutex.Unlock()
	address := (&url.URL{Scheme: "file", Path: "/" + strings.TrimPrefix(filepath.ToSlash(file), "/")}).String()
	if err := chromedp.Do(b.ctx, chromedp.Navigate(address)); err != nil {
		t.Fatal(err)
	}
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return slices.Clone(b.requests), slices.Clone(b.problems)
}

// pagesIn are the pages in a folder.
func pagesIn(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.html"))
	if err != nil || len(files) < len(pageNames) {
		t.Fatalf("%d pages, %v", len(files), err)
	}
	return files
}

// From file:// the browser has nothing to complain about and asks for nothing but files of the package; styles apply and
// pictures are drawn.
func TestPagesInBrowser(t *testing.T) {
	b := open(t)
	root := t.TempDir()
	pictures := 0
	for _, file := range pagesIn(t, record(t, demo.EverythingPatientID).save(t, root)) {
		requests, problems := b.visit(t, file)
		for _, r := range requests {
			if at, err := url.Parse(r); err != nil || at.Scheme != "file" || !strings.Contains(at.Path, filepath.ToSlash(root)+"/") {
				t.Errorf("%s asks for %q", filepath.Base(file), r)
			}
		}
		if len(problems) > 0 {
			t.Errorf("%s: %q", filepath.Base(file), problems)
		}
		const look = `[...document.images].every(i => i.complete && i.naturalWidth > 0) && getComputedStyle(document.querySelector('header .whose')).fontSize != getComputedStyle(document.body).fontSize ? document.images.length : -1`
		n, err := chromedp.Run(b.ctx, chromedp.Evaluate[int](look))
		if err != nil || n < 0 {
			t.Errorf("%s: a picture is not drawn or the style does not apply (%v)", filepath.Base(file), err)
		}
		pictures += max(n, 0)
	}
	if pictures == 0 {
		t.Error("no page has a picture")
	}
}

// Nothing is wider than the window of a phone.
func TestPagesOnAPhone(t *testing.T) {
	b := open(t)
	if err := chromedp.Do(b.ctx, chromedp.EmulateViewport(390, 800)); err != nil {
		t.Fatal(err)
	}
	for _, file := range pagesIn(t, record(t, demo.EverythingPatientID).save(t, t.TempDir())) {
		b.visit(t, file)
		width, err := chromedp.Run(b.ctx, chromedp.Evaluate[int](`document.documentElement.scrollWidth`))
		if err != nil || width > 390 {
			t.Errorf("%s is %d wide (%v)", filepath.Base(file), width, err)
		}
	}
}

// axe finds nothing, with all details open, on a wide light window and on a narrow dark one.
func TestPagesForEverybody(t *testing.T) {
	file := os.Getenv("SATCHEL_AXE")
	if file == "" {
		t.Skip("set SATCHEL_AXE to axe.min.js of axe-core (npm pack axe-core; MPL-2.0) to have the pages checked for accessibility")
	}
	axe, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b := open(t)
	pages := pagesIn(t, record(t, demo.EverythingPatientID).save(t, t.TempDir()))
	for scheme, width := range map[string]int64{"light": 1280, "dark": 390} {
		feature := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
		if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: feature}); err != nil {
			t.Fatal(err)
		}
		if err := chromedp.Do(b.ctx, chromedp.EmulateViewport(width, 900)); err != nil {
			t.Fatal(err)
		}
		for _, page := range pages {
			b.visit(t, page)
			for _, found := range findings(t, b, string(axe)) {
				t.Errorf("%s, %s, %d wide: %s", filepath.Base(page), scheme, width, found)
			}
		}
	}
}

// findings runs axe in the page. The browser's own debugger runs it, which no policy of the page forbids.
func findings(t *testing.T, b *browser, axe string) []string {
	t.Helper()
	const check = `document.querySelectorAll('details').forEach(d => d.open = true);
axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.map(v => v.impact + ' ' + v.id + ': ' + v.nodes.length + ' × ' + v.nodes[0].html.slice(0, 200)))`
	if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[*runtime.RemoteObject](axe+";0")); err != nil {
		t.Fatal(err)
	}
	all, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](check, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	return all
}
