package pages

import (
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strings"
	"sync"
	"time"

	"satchel/internal/texts"
)

//go:embed templates
var templateFiles embed.FS

// pages are the templates, texts and assets of all pages.
type pages struct {
	texts     texts.Texts
	templates map[string]func() (*template.Template, error) // by name of the page
	assets    *assets
	places    []place
}

// place is one row of the navigation.
type place struct {
	path  string
	key   string
	route Route
}

// loadPages reads all that is embedded.
func loadPages(zone func() *time.Location) (*pages, error) {
	p := &pages{}
	var err error
	if p.texts, err = texts.Load(textFiles); err != nil {
		return nil, err
	}
	if p.assets, err = loadAssets(); err != nil {
		return nil, err
	}
	if err := p.loadTemplates(zone); err != nil {
		return nil, err
	}
	for _, rt := range Routes() {
		if rt.Nav != "" {
			p.places = append(p.places, place{path: "/" + rt.Pattern, key: rt.Nav, route: rt})
		}
	}
	return p, nil
}

// loadTemplates parses the layout and the parts, and prepares each page to be parsed on top of a copy of them when it is first
// shown: all of them at once would be most of the work of a start. A page's functions know its noun.
func (p *pages) loadTemplates(zone func() *time.Location) error {
	parts := template.New("").Funcs(p.funcs("", zone)).Funcs(template.FuncMap{"part": partOf(nil)})
	if _, err := parts.ParseFS(templateFiles, "templates/part/*.html"); err != nil {
		return fmt.Errorf("templates/part: %w", err)
	}
	files, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		return err
	}
	p.templates = map[string]func() (*template.Template, error){}
	for _, file := range files {
		name := strings.TrimSuffix(path.Base(file), ".html")
		p.templates[name] = sync.OnceValues(func() (*template.Template, error) {
			t, err := parts.Clone()
			if err != nil {
				return nil, err
			}
			t.Funcs(p.funcs(nounOf(name), zone)).Funcs(template.FuncMap{"part": partOf(t)})
			return t.ParseFS(templateFiles, file)
		})
	}
	return nil
}

// partOf fills in a part whose name is known only when the page is shown.
func partOf(t *template.Template) func(name string, data any) (template.HTML, error) {
	return func(name string, data any) (template.HTML, error) {
		var b strings.Builder
		err := t.ExecuteTemplate(&b, name, data)
		return template.HTML(b.String()), err // escaped by its own template
	}
}

// nounOf is the noun of a page: "exports" of "exports-one".
func nounOf(page string) string {
	noun, _, _ := strings.Cut(page, "-")
	return noun
}

// titleKey is the key of a page's title: "title", and "one.title" for "exports-one".
func titleKey(page string) string {
	if _, rest, ok := strings.Cut(page, "-"); ok {
		return rest + ".title"
	}
	return "title"
}
