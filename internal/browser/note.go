package browser

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// notes is what a tab asked for and complained about, and what it is doing.
type notes struct {
	sync.Mutex
	requests []string
	problems []string
	dialogs  []string
	loading  map[cdp.FrameID]bool // frames that load, or are about to
	files    map[string]string    // of downloads: from the browser's identifier to the suggested name
	done     []string             // downloads that are complete, by the browser's identifier
}

// note is called for every event of the tab, in their order, and must not wait for the browser.
func (b *Browser) note(event any) {
	b.notes.Lock()
	defer b.notes.Unlock()
	n := &b.notes
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		n.requests = append(n.requests, e.Request.URL)
	case *network.EventLoadingFailed:
		if !e.Canceled {
			n.problems = append(n.problems, strings.TrimSpace("loading failed: "+e.ErrorText+" "+string(e.BlockedReason)))
		}
	case *runtime.EventExceptionThrown:
		n.problems = append(n.problems, thrown(e.ExceptionDetails))
	case *runtime.EventConsoleAPICalled:
		if slices.Contains([]string{"error", "warning", "assert"}, string(e.Type)) {
			n.problems = append(n.problems, "console: "+words(e.Args))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			n.problems = append(n.problems, strings.TrimSpace(e.Entry.Text+" "+e.Entry.URL))
		}
	case *page.EventFrameRequestedNavigation:
		if e.Disposition == page.ClientNavigationDispositionCurrentTab {
			n.loading[e.FrameID] = true
		}
	case *page.EventFrameStartedLoading:
		n.loading[e.FrameID] = true
	case *page.EventFrameStoppedLoading:
		delete(n.loading, e.FrameID)
	case *page.EventNavigatedWithinDocument:
		delete(n.loading, e.FrameID)
	case *page.EventFrameDetached:
		delete(n.loading, e.FrameID)
	case *page.EventJavascriptDialogOpening:
		n.dialogs = append(n.dialogs, e.Message)
		go chromedp.Call(b.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true})
	}
}

// noteDownload is called for every event of the whole browser.
func (b *Browser) noteDownload(event any) {
	b.notes.Lock()
	defer b.notes.Unlock()
	switch e := event.(type) {
	case *browser.EventDownloadWillBegin:
		b.notes.files[e.GUID] = e.SuggestedFilename
	case *browser.EventDownloadProgress:
		if e.State == browser.DownloadProgressStateCompleted {
			b.notes.done = append(b.notes.done, e.GUID)
		}
	}
}

func thrown(d *runtime.ExceptionDetails) string {
	text := d.Text
	if d.Exception != nil {
		text += " " + d.Exception.Description
	}
	return fmt.Sprintf("exception: %s (%s line %d)", text, d.URL, d.LineNumber+1)
}

func words(args []*runtime.RemoteObject) string {
	var all []string
	for _, a := range args {
		if a.Description != "" {
			all = append(all, a.Description)
		} else {
			all = append(all, string(a.Value))
		}
	}
	return strings.Join(all, " ")
}

// Requests are the addresses that the pages asked for since Start or [Browser.Forget], in order.
func (b *Browser) Requests() []string {
	b.notes.Lock()
	defer b.notes.Unlock()
	return slices.Clone(b.notes.requests)
}

// Problems are the errors and warnings on the console, the exceptions, and what could not be loaded or was forbidden, since
// Start or [Browser.Forget]. A page whose status is 4xx or 5xx counts.
func (b *Browser) Problems() []string {
	b.notes.Lock()
	defer b.notes.Unlock()
	return slices.Clone(b.notes.problems)
}

// Dialogs are the texts of the windows that scripts opened with alert, confirm or prompt; each was answered with OK.
func (b *Browser) Dialogs() []string {
	b.notes.Lock()
	defer b.notes.Unlock()
	return slices.Clone(b.notes.dialogs)
}

// Forget empties Requests, Problems and Dialogs.
func (b *Browser) Forget() {
	b.notes.Lock()
	defer b.notes.Unlock()
	b.notes.requests, b.notes.problems, b.notes.dialogs = nil, nil, nil
}

// WantQuiet reports every problem, and every request whose address begins with none of the prefixes. Addresses that lead
// nowhere (data:, blob:, about:) are fine.
func (b *Browser) WantQuiet(prefixes ...string) {
	b.t.Helper()
	for _, p := range b.Problems() {
		b.t.Errorf("%s: %s", b.address(), p)
	}
	prefixes = append(prefixes, "data:", "blob:", "about:")
	for _, r := range b.Requests() {
		if !slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(r, p) }) {
			b.t.Errorf("%s asks for %q", b.address(), r)
		}
	}
}
