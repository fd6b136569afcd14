package browser

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"
)

// Cookie is one as the browser keeps it, HttpOnly ones included.
type Cookie = network.Cookie

// Text is the visible text of the first element that a CSS selector finds, or "" if there is none or it is hidden.
func (b *Browser) Text(selector string) string {
	b.t.Helper()
	return eval[string](b, "text of "+selector, textOf(selector))
}

// textOf is an expression for the visible text of the first element that a CSS selector finds.
func textOf(selector string) string {
	return fmt.Sprintf("(e => e?.checkVisibility() ? e.innerText : '')(document.querySelector(%q))", selector)
}

// Has says whether a CSS selector finds anything, visible or not.
func (b *Browser) Has(selector string) bool {
	b.t.Helper()
	return eval[bool](b, "look for "+selector, fmt.Sprintf("document.querySelector(%q) !== null", selector))
}

// Address is the address of the page.
func (b *Browser) Address() string {
	b.t.Helper()
	return eval[string](b, "address", "location.href")
}

// Title is the title of the page.
func (b *Browser) Title() string {
	b.t.Helper()
	return eval[string](b, "title", "document.title")
}

// Focused says what has the focus, as the beginning of its HTML; "" means nothing.
func (b *Browser) Focused() string {
	b.t.Helper()
	return eval[string](b, "focus", "!document.activeElement || document.activeElement === document.body ? '' : document.activeElement.outerHTML.slice(0, 200)")
}

// Cookies are all of the tab.
func (b *Browser) Cookies() []*Cookie {
	b.t.Helper()
	id := chromedp.FromContext(b.ctx).BrowserContextID
	r, err := chromedp.CallBrowser(b.ctx, storage.GetCookies, storage.GetCookiesParams{BrowserContextID: id})
	if err != nil {
		b.fail("cookies: %v", err)
	}
	return r.Cookies
}

// Screenshot keeps a picture of the whole page as FILE.png in the folder that SATCHEL_SHOTS names. Without it nothing
// happens.
func (b *Browser) Screenshot(file string) {
	b.t.Helper()
	if dir := os.Getenv("SATCHEL_SHOTS"); dir != "" {
		if _, err := b.shoot(dir, file); err != nil {
			b.t.Errorf("screenshot %q: %v", file, err)
		}
	}
}

// shoot writes a picture and returns its path.
func (b *Browser) shoot(dir, file string) (string, error) {
	ctx, stop := context.WithTimeout(b.ctx, patience)
	defer stop()
	picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, regexp.MustCompile(`[^\w.-]+`).ReplaceAllString(file, "_")+".png")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	return path, os.WriteFile(path, picture, 0o600)
}

// keepFailure keeps a picture of the page on which a test failed.
func (b *Browser) keepFailure() {
	if !b.t.Failed() {
		return
	}
	dir := os.Getenv("SATCHEL_SHOTS")
	if dir == "" {
		dir = filepath.Join(os.TempDir(), "satchel-shots")
	}
	if path, err := b.shoot(dir, "failed-"+b.t.Name()); err == nil {
		b.t.Logf("the page at the end: %s", path)
	}
}

// fail ends the test with what was to be done, and what stood on the page instead.
func (b *Browser) fail(format string, args ...any) {
	b.t.Helper()
	text := plain(b.quietly("document.body?.innerText ?? ''"))
	b.t.Fatalf("%s\n  at %s\n  problems %q\n  the page says: %.1500s", fmt.Sprintf(format, args...), b.address(), b.Problems(), text)
}

func (b *Browser) address() string { return b.quietly("location.href") }

// quietly evaluates without failing the test.
func (b *Browser) quietly(expression string) string {
	ctx, stop := context.WithTimeout(b.ctx, patience/4)
	defer stop()
	value, _ := chromedp.Run(ctx, chromedp.Evaluate[string](expression))
	return value
}
