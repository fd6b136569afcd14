package browser

import (
	"os"
	"path/filepath"
	"slices"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

// keepDownloads lets the tab save files into a folder of its own.
func (b *Browser) keepDownloads() {
	b.t.Helper()
	if err := chromedp.ListenBrowser(b.ctx, b.noteDownload); err != nil {
		b.fail("downloads: %v", err)
	}
	yes := true
	_, err := chromedp.CallBrowser(b.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior:         browser.SetDownloadBehaviorBehaviorAllowAndName,
		BrowserContextID: chromedp.FromContext(b.ctx).BrowserContextID,
		DownloadPath:     b.downloads,
		EventsEnabled:    &yes,
	})
	if err != nil {
		b.fail("downloads: %v", err)
	}
}

// Download takes a step that saves a file, waits until it is complete, and returns its path, in a folder that ends with the
// test. The file has the name that a person would have got.
func (b *Browser) Download(step func()) string {
	b.t.Helper()
	b.notes.Lock()
	before := len(b.notes.done)
	b.notes.Unlock()
	step()
	path := ""
	b.until("nothing was saved", func() bool {
		b.notes.Lock()
		defer b.notes.Unlock()
		for _, id := range slices.Clone(b.notes.done[before:]) { // other tabs' too
			got := filepath.Join(b.downloads, id)
			if _, err := os.Stat(got); err == nil {
				path = filepath.Join(b.downloads, filepath.Base(b.notes.files[id]))
				return os.Rename(got, path) == nil
			}
		}
		return false
	})
	return path
}
