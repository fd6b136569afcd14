package browser

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"

	"satchel/internal/judge"
)

// patience is how long a step may take until it has failed.
const patience = 30 * time.Second

// Insecure is a name of this machine that the browser knows. Unlike those of loopback it makes pages by http: no secure
// context, as an address in a practice's network does.
const Insecure = "practice.example"

// Browser is one tab with cookies of its own. It serves one test and one goroutine.
type Browser struct {
	t         testing.TB
	ctx       context.Context
	downloads string // folder
	media     media
	notes     notes
}

// chromium is the process that all tabs share. It runs while it has users.
var chromium struct {
	sync.Mutex
	users int
	ctx   context.Context
	stop  context.CancelFunc
}

// Main runs the tests of a package with one browser process for all of them, if any starts one; for TestMain:
//
//	func TestMain(m *testing.M) { os.Exit(browser.Main(m)) }
//
// Without it tests that do not overlap start one each, which takes most of a second.
func Main(m interface{ Run() int }) int {
	chromium.Lock()
	chromium.users++
	chromium.Unlock()
	defer release()
	return m.Run()
}

// Start opens a tab 1280 wide and 900 high, which is closed when the test ends.
func Start(t testing.TB) *Browser {
	t.Helper()
	if testing.Short() {
		t.Skip("drives a browser; not in short mode")
	}
	path := judge.Program(t, "chromium", "chromium-browser", "google-chrome", "chrome")
	shared, err := acquire(path)
	t.Cleanup(release)
	if err != nil {
		t.Fatalf("%s does not start: %v", path, err)
	}
	b := &Browser{t: t, downloads: t.TempDir(), notes: notes{loading: map[cdp.FrameID]bool{}, files: map[string]string{}}}
	ctx, stop := chromedp.NewContext(shared, chromedp.WithNewBrowserContext(), chromedp.WithListener(b.note))
	t.Cleanup(stop)
	b.ctx = ctx
	if err := chromedp.Do(b.ctx); err != nil {
		t.Fatalf("opening a tab: %v", err)
	}
	b.keepDownloads()
	b.Window(1280, 900)
	t.Cleanup(b.keepFailure)
	return b
}

// acquire returns the context of the shared process and starts it if need be. Each call needs one of release.
func acquire(path string) (context.Context, error) {
	chromium.Lock()
	defer chromium.Unlock()
	chromium.users++
	if chromium.ctx != nil {
		return chromium.ctx, nil
	}
	ctx, stopProcess := chromedp.NewExecAllocator(context.Background(), options(path)...)
	ctx, stopTab := chromedp.NewContext(ctx)
	chromium.ctx, chromium.stop = ctx, func() { stopTab(); stopProcess() }
	return ctx, chromedp.Do(ctx)
}

// release lets go of the shared process, and ends it with its last user.
func release() {
	chromium.Lock()
	defer chromium.Unlock()
	if chromium.users--; chromium.users == 0 && chromium.ctx != nil {
		chromium.stop()
		chromium.ctx, chromium.stop = nil, nil
	}
}

// options start a browser with a fresh profile that speaks to nobody outside of this machine.
func options(path string) []chromedp.ExecAllocatorOption {
	list := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.WSURLReadTimeout(2*patience), // a busy machine is slow to start it
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("no-proxy-server", true),
		chromedp.Flag("host-resolver-rules", "MAP "+Insecure+" 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"),
	)
	if os.Getuid() == 0 { // as root, in containers, the browser refuses its own sandbox
		list = append(list, chromedp.NoSandbox)
	}
	return list
}
