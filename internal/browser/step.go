package browser

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// find.js finds elements as a person would: by what is written on or beside them.
//
//go:embed find.js
var finder string

// FileURL is the address of a file on this machine.
func FileURL(path string) string {
	return (&url.URL{Scheme: "file", Path: "/" + strings.TrimPrefix(filepath.ToSlash(path), "/")}).String()
}

// Open opens an address, or a file by its absolute path, and waits until it is loaded. Statuses of 4xx and 5xx are no
// failures here.
func (b *Browser) Open(address string) {
	b.t.Helper()
	if filepath.IsAbs(address) {
		address = FileURL(address)
	}
	b.do("open "+address, chromedp.Navigate(address))
	b.settle()
}

// Click clicks on what is named: by its visible text or label, or by a CSS selector. A page that is loaded because of it is
// waited for; what a script does later is not, see [Browser.Wait].
func (b *Browser) Click(what string) {
	b.t.Helper()
	type spot struct {
		X, Y    float64
		Problem string
	}
	at := eval[spot](b, "click "+what, call("spot", what))
	if at.Problem != "" {
		b.fail("click %q: %s", what, at.Problem)
	}
	b.do("click "+what, chromedp.MouseClickXY(at.X, at.Y))
	b.settle()
}

// Fill gives a field the text, in place of what was in it. The field is named by its label, or by a CSS selector; of a list
// the entry with the text is chosen, a box is checked by "on" and unchecked by "".
func (b *Browser) Fill(field, text string) {
	b.t.Helper()
	switch kind := eval[string](b, "fill "+field, call("fill", field, text)); kind {
	case "type":
		b.do("fill "+field, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			_, err := chromedp.Call(ctx, input.InsertText, input.InsertTextParams{Text: text})
			return err
		}))
	case "click":
		b.Click(field)
	case "done":
	default:
		b.fail("fill %q: %s", field, kind)
	}
}

// Upload puts files into a field for files, named as for [Browser.Fill].
func (b *Browser) Upload(field string, paths ...string) {
	b.t.Helper()
	object := eval[*runtime.RemoteObject](b, "upload to "+field, call("field", field))
	if object.ObjectID == "" {
		b.fail("upload to %q: there is no such field", field)
	}
	if _, err := chromedp.Call(b.ctx, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: paths, ObjectID: object.ObjectID}); err != nil {
		b.fail("upload to %q: %v", field, err)
	}
}

// Submit clicks the button that sends the form in which the focus is, or the only form of the page.
func (b *Browser) Submit() {
	b.t.Helper()
	if selector := eval[string](b, "submit", call("submitter")); selector != "" {
		b.Click(selector)
		return
	}
	b.fail("submit: the focus is in no form, and the page has not just one, or it has no button")
}

// Press presses keys: letters, or one of "Tab", "Shift+Tab", "Enter", "Escape", "Space", "Down", "Up".
func (b *Browser) Press(keys string) {
	b.t.Helper()
	named := map[string]string{"Tab": kb.Tab, "Shift+Tab": kb.Tab, "Enter": kb.Enter, "Escape": kb.Escape, "Space": " ", "Down": kb.ArrowDown, "Up": kb.ArrowUp}
	var options []chromedp.KeyOption
	if strings.HasPrefix(keys, "Shift+") {
		options = append(options, chromedp.KeyModifiers(kb.ModifierShift))
	}
	text := keys
	if named[keys] != "" {
		text = named[keys]
	}
	b.do("press "+keys, chromedp.KeyEvent(text, options...))
	b.settle()
}

// Back goes back by one page.
func (b *Browser) Back() {
	b.t.Helper()
	before, err := b.entry()
	if err != nil {
		b.fail("history: %v", err)
	}
	eval[chromedp.Void](b, "go back", "void setTimeout(() => history.back())") // later: the page may go before it has answered
	b.until("there is no way back", func() bool {
		now, err := b.entry() // while the pages change places there is no active one, and Chromium says so
		return err == nil && now != before
	})
	b.settle()
}

// entry is the number of the page in the history. A page that the browser kept comes back without being loaded.
func (b *Browser) entry() (int64, error) {
	h, err := chromedp.Run(b.ctx, chromedp.NavigationEntries())
	if err != nil {
		return 0, err
	}
	return h.CurrentIndex, nil
}

// Wait waits until the page shows the text. Runs of white space count as one space. A page that goes away while it is asked
// is no failure: the next one is asked.
func (b *Browser) Wait(text string) {
	b.t.Helper()
	b.until(fmt.Sprintf("the page does not show %q", text), func() bool {
		return strings.Contains(plain(b.quietly(textOf("body"))), plain(text))
	})
}

// Until waits until a JavaScript expression is true, of this page or of one that it makes place for.
func (b *Browser) Until(expression string) {
	b.t.Helper()
	b.until("never true: "+expression, func() bool { return b.quietly("String(!!("+expression+"))") == "true" })
}

// settle waits until the page that a step may have called for is there. What the page asked for during the step is known
// when it has answered once more. An end of loading that the browser never told is believed after a while.
func (b *Browser) settle() {
	b.t.Helper()
	time.Sleep(20 * time.Millisecond) // the browser does not tell that a click calls for no page
	var complete time.Time
	b.until("the page does not finish loading", func() bool {
		state := b.quietly("document.readyState")
		b.notes.Lock()
		loading := len(b.notes.loading) > 0
		b.notes.Unlock()
		if state != "complete" {
			complete = time.Time{}
		} else if complete.IsZero() {
			complete = time.Now()
		}
		return !complete.IsZero() && (!loading || time.Since(complete) > 3*time.Second)
	})
	b.notes.Lock()
	clear(b.notes.loading)
	b.notes.Unlock()
}

func (b *Browser) until(problem string, fine func() bool) {
	b.t.Helper()
	for end := time.Now().Add(patience); !fine(); time.Sleep(25 * time.Millisecond) {
		if time.Now().After(end) {
			b.fail("%s", problem)
		}
	}
}

// do takes a step within the time that a step has.
func (b *Browser) do(what string, action chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, patience)
	defer stop()
	if err := chromedp.Do(ctx, action); err != nil {
		b.fail("%s: %v", what, err)
	}
}

// Eval returns the value of a JavaScript expression, which is awaited if it is a promise.
func Eval[T any](b *Browser, expression string) T {
	b.t.Helper()
	return eval[T](b, "evaluate", expression)
}

func eval[T any](b *Browser, what, expression string) T {
	b.t.Helper()
	return evalFor[T](b, patience, what, expression)
}

func evalFor[T any](b *Browser, longest time.Duration, what, expression string) T {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, longest)
	defer stop()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.fail("%s: %v", what, err)
	}
	return value
}

// call is an expression that calls one of find.js's functions.
func call(function string, args ...string) string {
	quoted, _ := json.Marshal(append([]string{}, args...))
	return "(" + finder + ")()." + function + "(..." + string(quoted) + ")"
}

func plain(text string) string { return strings.Join(strings.Fields(text), " ") }
