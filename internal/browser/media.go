package browser

import (
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// media is how the page is shown.
type media struct{ kind, scheme string }

// Window makes the window so many CSS pixels wide and high.
func (b *Browser) Window(width, height int64) {
	b.t.Helper()
	b.do("resize", chromedp.EmulateViewport(width, height))
}

// Phone makes the window that of a phone: 390 by 844, touched with a finger.
func (b *Browser) Phone() {
	b.t.Helper()
	b.do("resize", chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch))
}

// Zoom shows the page of a window of 1280 by 900 enlarged, in percent, as Ctrl and + do: fewer and larger CSS pixels.
func (b *Browser) Zoom(percent int64) {
	b.t.Helper()
	b.do("zoom", chromedp.EmulateViewport(1280*100/percent, 900*100/percent, chromedp.EmulateScale(float64(percent)/100)))
}

// Dark lets the page think that its reader prefers dark colours.
func (b *Browser) Dark() {
	b.t.Helper()
	b.media.scheme = "dark"
	b.show()
}

// Light is the opposite of Dark, and how a tab starts.
func (b *Browser) Light() {
	b.t.Helper()
	b.media.scheme = "light"
	b.show()
}

// Paper shows the page as it is printed; Screen is the way back.
func (b *Browser) Paper() {
	b.t.Helper()
	b.media.kind = "print"
	b.show()
}

// Screen shows the page as on a screen.
func (b *Browser) Screen() {
	b.t.Helper()
	b.media.kind = ""
	b.show()
}

func (b *Browser) show() {
	b.t.Helper()
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: b.media.scheme}}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: b.media.kind, Features: features}); err != nil {
		b.fail("media: %v", err)
	}
}

// PDF prints the page.
func (b *Browser) PDF() []byte {
	b.t.Helper()
	pdf, err := chromedp.Run(b.ctx, chromedp.PrintToPDF())
	if err != nil {
		b.fail("print: %v", err)
	}
	return pdf
}

// Script turns JavaScript on or off for the pages that are opened from now on.
func (b *Browser) Script(on bool) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on}); err != nil {
		b.fail("script: %v", err)
	}
}

// Offline cuts the tab off from the network, this machine's own included.
func (b *Browser) Offline() {
	b.t.Helper()
	everything := []*network.Conditions{{Offline: true, DownloadThroughput: -1, UploadThroughput: -1}}
	if _, err := chromedp.Call(b.ctx, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: everything}); err != nil {
		b.fail("offline: %v", err)
	}
}

// Overflow is by how many CSS pixels the page is wider than its window; 0 means that nobody has to scroll sideways.
func (b *Browser) Overflow() int {
	b.t.Helper()
	return eval[int](b, "width", "Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)")
}
