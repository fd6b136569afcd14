package browser

import (
	"fmt"
	"slices"

	"github.com/chromedp/chromedp"

	"satchel/internal/judge"
)

// Violation is one rule of accessibility that a page breaks, as axe-core tells it.
type Violation struct {
	ID     string // of the rule, such as "color-contrast"
	Impact string // minor, moderate, serious or critical
	Help   string // what the rule asks for
	Nodes  []Node // where it is broken
}

// Node is one place on a page.
type Node struct {
	HTML    string
	Summary string // what to do
}

// String is one line that names the rule and its first place.
func (v Violation) String() string {
	return fmt.Sprintf("%s %s: %s; %d times, first %.300s: %s", v.Impact, v.ID, v.Help, len(v.Nodes), v.Nodes[0].HTML, plain(v.Nodes[0].Summary))
}

// Axe judges the page as it stands with axe-core, with all details open. The browser's debugger runs it, which no policy of
// the page forbids; JavaScript must be on.
func (b *Browser) Axe() []Violation {
	b.t.Helper()
	return b.axe("{}")
}

// colourRules are options for axe: its rules about colours alone, of those that WantAccessible asks.
const colourRules = "{runOnly: ['color-contrast', 'link-in-text-block']}"

// axe runs axe-core with options; a page is given its 600 kB only once.
func (b *Browser) axe(options string) []Violation {
	b.t.Helper()
	if !eval[bool](b, "axe", "typeof axe === 'object'") {
		eval[chromedp.Void](b, "axe", string(judge.File(b.t, "axe.min.js"))+";0")
	}
	return evalFor[[]Violation](b, 4*patience, "axe", `(async () => {
		document.querySelectorAll('details').forEach(d => d.open = true);
		const r = await axe.run(document, {resultTypes: ['violations'], preload: false, ...`+options+`});
		return r.violations.map(v => ({ID: v.id, Impact: v.impact, Help: v.help,
			Nodes: v.nodes.map(n => ({HTML: n.html, Summary: n.failureSummary}))}));
	})()`)
}

// WantAccessible reports whatever axe finds, but not the rules that are named.
func (b *Browser) WantAccessible(without ...string) {
	b.t.Helper()
	for _, v := range b.Axe() {
		if !slices.Contains(without, v.ID) {
			b.t.Errorf("%s: %s", b.address(), v)
		}
	}
}

// WantColours reports what axe's rules about colours find: all that can differ between a page by day and by night, and so
// enough by night after WantAccessible by day.
func (b *Browser) WantColours() {
	b.t.Helper()
	for _, v := range b.axe(colourRules) {
		b.t.Errorf("%s: %s", b.address(), v)
	}
}
