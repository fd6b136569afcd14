package desk

import (
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strings"
	"time"
)

//go:embed templates
var templateFiles embed.FS

// pages are the templates, texts and assets of all pages.
type pages struct {
	texts     texts
	templates map[string]*template.Template // by name of the page
	assets    *assets
	places    []place
}

// place is one row of the navigation.
type place struct {
	path  string
	key   string
	route Route
}

// loadPages reads all that is embedded. Each page is parsed with the layout and the parts, and with the texts of its noun.
func loadPages(zone func() *time.Location) (*pages, error) {
	p := &pages{templates: map[string]*template.Template{}}
	var err error
	if p.texts, err = loadTexts(language); err != nil {
		return nil, err
	}
	if p.assets, err = loadAssets(); err != nil {
		return nil, err
	}
	files, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		name := strings.TrimSuffix(path.Base(file), ".html")
		t := template.New(name).Funcs(p.funcs(nounOf(name), zone))
		t.Funcs(template.FuncMap{"part": partOf(t)})
		if _, err := t.ParseFS(templateFiles, "templates/part/*.html", file); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		p.templates[name] = t
	}
	for _, rt := range Routes() {
		if rt.Nav != "" {
			p.places = append(p.places, place{path: "/" + rt.Pattern, key: rt.Nav, route: rt})
		}
	}
	return p, nil
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
