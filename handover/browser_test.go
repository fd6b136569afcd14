package handover

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"satchel/internal/browser"
)

const goodPassphrase = "correct horse battery"

// selfOpening is a sealed ZIP, and the page that opens itself with [goodPassphrase].
func selfOpening(t *testing.T) (zipped, page []byte) {
	t.Helper()
	path := sealedZip(t)
	made, err := EncryptHTML(path, goodPassphrase)
	if err != nil {
		t.Fatal(err)
	}
	wantOutcome(t, verify(t, made, VerifyOptions{}), Unknown, "browser")
	for p, to := range map[string]*[]byte{path: &zipped, made: &page} {
		if *to, err = os.ReadFile(p); err != nil {
			t.Fatal(err)
		}
	}
	checkCSP(t, string(page), true)
	return zipped, page
}

// saved puts a page into a file of its own.
func saved(t *testing.T, page []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(path, page, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// From file:// and without a network the page says that a passphrase does not fit, and with the right one saves the very
// ZIP, by keyboard alone.
func TestSelfOpeningPage(t *testing.T) {
	zipped, page := selfOpening(t)
	b := browser.Start(t)
	b.Offline()
	path := saved(t, page)
	b.Open(path)
	b.Wait("Ready.")
	b.Screenshot("selfopen")
	b.WantAccessible()
	if got := b.Focused(); !strings.Contains(got, `id="passphrase"`) {
		t.Errorf("the page begins at %s", got)
	}
	b.Fill("Passphrase", goodPassphrase+"x")
	b.Press("Enter")
	b.Wait("The passphrase does not fit.")
	b.Screenshot("selfopen-wrong")
	if got := b.Focused(); !strings.Contains(got, `id="passphrase"`) || !strings.Contains(got, `aria-invalid="true"`) {
		t.Errorf("after a wrong passphrase the focus is on %s", got)
	}
	b.Fill("Passphrase", goodPassphrase)
	got, err := os.ReadFile(b.Download(func() { b.Press("Enter") }))
	if err != nil || !bytes.Equal(got, zipped) {
		t.Errorf("the page gave %d bytes back, want %d: %v", len(got), len(zipped), err)
	}
	b.Wait("Opened.")
	if got := b.Focused(); !strings.Contains(got, "download=") || browser.Eval[string](b, "document.getElementById('passphrase').value") != "" {
		t.Errorf("after opening the focus is on %s, and the passphrase still stands there", got)
	}
	again := b.Download(func() { b.Press("Enter") })
	if got, _ := os.ReadFile(again); !bytes.Equal(got, zipped) || filepath.Ext(again) != ".zip" {
		t.Errorf("the link gave %d bytes as %s", len(got), again)
	}
	b.Phone()
	b.Dark()
	b.Screenshot("selfopen-open-phone")
	b.WantAccessible()
	if by := b.Overflow(); by > 0 {
		t.Errorf("on a phone the page is too wide by %d", by)
	}
	b.WantQuiet(browser.FileURL(path))
}

func TestSelfOpeningShowsWhatIsTyped(t *testing.T) {
	_, page := selfOpening(t)
	b := browser.Start(t)
	b.Open(saved(t, page))
	b.Fill("Show what I type", "on")
	if got := browser.Eval[string](b, "document.getElementById('passphrase').type"); got != "text" {
		t.Errorf("the field is a %s", got)
	}
}

// A page that is not whole gives nothing and says so.
func TestSelfOpeningDamaged(t *testing.T) {
	_, page := selfOpening(t)
	last := bytes.LastIndex(page, []byte(`<script type="text/plain"`))
	end := last + bytes.Index(page[last:], []byte("</script>"))
	cut := append(bytes.Clone(page[:end-40]), page[end:]...)
	swapped := bytes.Clone(page)
	copy(swapped[end-40:end-36], "AAAA")
	for name, bad := range map[string]struct {
		page []byte
		says string
	}{
		"header":  {bytes.Replace(page, []byte(`"rounds":1`), []byte(`"rounds":2`), 1), "does not fit"},
		"missing": {append(bytes.Clone(page[:last]), page[end+len("</script>"):]...), "The file is cut off."},
		"cut":     {cut, "The file is cut off."},
		"changed": {swapped, "does not fit"}, // a page of one chunk cannot tell
	} {
		t.Run(name, func(t *testing.T) {
			b := browser.Start(t)
			b.Open(saved(t, bad.page))
			if bad.says != "The file is cut off." {
				b.Fill("Passphrase", goodPassphrase)
				b.Submit()
			}
			b.Wait(bad.says)
			if b.Text("#save") != "" {
				t.Error("the page offers something")
			}
		})
	}
}

// Where a browser cannot decrypt, the page says what to do: with JavaScript off, or by http: from another machine.
func TestSelfOpeningElsewhere(t *testing.T) {
	_, page := selfOpening(t)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write(page)
	}))
	t.Cleanup(s.Close)
	b := browser.Start(t)
	b.Open(strings.Replace(s.URL, "127.0.0.1", browser.Insecure, 1))
	b.Wait("open the file from your computer, not from a web address")
	b.Script(false)
	b.Open(saved(t, page))
	b.Wait("This page needs JavaScript, and it is turned off in this browser.")
}

// The pages that explain a package open from file:// without a network and are for everybody.
func TestExplainingPages(t *testing.T) {
	o := options(t.TempDir())
	o.Key = testKey()
	root := build(t, o).Paths[0]
	b := browser.Start(t)
	b.Offline()
	for _, file := range []string{"OPEN-ME-FIRST.html", "data/report/reconciliation.html", "data/docs/format-" + FormatVersion + ".html"} {
		path := filepath.Join(root, filepath.FromSlash(file))
		b.Open(path)
		name := strings.TrimSuffix(filepath.Base(path), ".html")
		b.Screenshot(name + "-wide")
		b.WantAccessible()
		b.Phone()
		b.Dark()
		b.Screenshot(name + "-phone")
		b.WantAccessible()
		if by := b.Overflow(); by > 0 {
			t.Errorf("%s is too wide for a phone by %d", file, by)
		}
		b.Window(1280, 900)
		b.Light()
		b.WantQuiet(browser.FileURL(root) + "/")
	}
}
