package view

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"satchel/demo"
	"satchel/fhir"
	"satchel/handover"
)

// attacks are what a page must show as the letters they are.
var attacks = []string{
	`"><script>alert(1)</script>`, `javascript:alert(1)`, `<img src=x onerror=alert(1)>`, `'"--></style></title><svg onload=alert(1)>`,
	`=HYPERLINK("http://evil.example","click")`, `{{.T}}{{template "row"}}`, `<!--`, `]]><a href="data:text/html,x">`,
	`" onmouseover="alert(1)" x="`, `</tbody></table><iframe src="//evil.example">`, `&lt;script&gt;&#x3C;b&#x3E;`, "\u202egnp.exe\u2028\ufeff",
	`../../../../etc/passwd`, `Binary/x" autofocus onfocus="alert(1)`, `http://evil.example/a.png`, `%source% STYLE %line%`,
}

// hostile replaces every text of a resource that the door leaves free with attacks.
func hostile(value any, next func() string) any {
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			switch name {
			case "resourceType", "id", "data", "div", "meta":
				if name == "div" {
					v[name] = `<div xmlns="http://www.w3.org/1999/xhtml"><script>alert(1)</script><p onclick="x">` + next() + `</p></div>`
				}
			default:
				v[name] = hostile(inner, next)
			}
		}
	case []any:
		for i := range v {
			v[i] = hostile(v[i], next)
		}
	case string:
		return next()
	}
	return value
}

var (
	safeHref = regexp.MustCompile(`^(#[A-Za-z0-9._-]+|[a-z]+(-\d+)?\.html(#[A-Za-z0-9._-]+)?|\.\./fhir/[a-z]+/[A-Za-z]+-\d+\.ndjson|\.\./attachments/[0-9a-f]{2}/[0-9a-f]{64}\.[a-z.]+)$`)
	safeSrc  = regexp.MustCompile(`^\.\./attachments/[0-9a-f]{2}/[0-9a-f]{64}\.(png|jpg|gif|webp|bmp)$`)
	safeSVG  = regexp.MustCompile(`^[-0-9. ,()a-zHMLz]*$`)
)

// forms are the elements of pages with the attributes that each may have.
var forms = func() map[string]string {
	all := map[string]string{
		"html": "lang", "meta": "charset http-equiv content name", "body": "", "a": "class href aria-current", "header": "", "nav": "aria-label class",
		"main": "id tabindex", "section": "aria-labelledby", "h2": "id", "p": "class", "span": "class", "strong": "class", "time": "datetime",
		"table": "role", "thead": "role", "tbody": "role id class", "tr": "role class", "th": "role scope data-label", "td": "role data-label class colspan",
		"details": "open", "svg": "viewbox role aria-label aria-hidden", "rect": "class x y width height transform", "line": "class x1 x2 y1 y2",
		"text": "x y dy text-anchor", "polyline": "class points", "circle": "cx cy r", "path": "d transform", "img": "src alt",
	}
	for name := range strings.FieldsSeq("head title style ul li h1 caption summary dl div dt dd figure figcaption footer") {
		all[name] = ""
	}
	return all
}()

// inert fails the test if a page has an element, attribute or address that the template does not write.
func inert(t *testing.T, name, page string) {
	t.Helper()
	for _, one := range tokens(t, page) {
		if one.name == "" {
			continue
		}
		may, known := forms[one.name]
		if !known {
			t.Fatalf("%s has an element <%s>", name, one.name)
		}
		for attr, value := range one.attrs {
			fine := strings.Contains(" "+may+" ", " "+attr+" ")
			switch attr {
			case "href":
				fine = fine && safeHref.MatchString(value)
			case "src":
				fine = fine && safeSrc.MatchString(value)
			case "points", "d", "transform", "x", "y", "cx", "cy":
				fine = fine && safeSVG.MatchString(value)
			case "http-equiv":
				fine = value == "Content-Security-Policy"
			}
			if !fine {
				t.Errorf("%s has <%s %s=%q>", name, one.name, attr, value)
			}
		}
	}
}

func TestPagesAreInert(t *testing.T) {
	t.Parallel()
	for _, patient := range patients {
		for name, page := range record(t, patient).pages(t) {
			inert(t, name, page)
		}
	}
}

// attacked is a record whose every free text is an attack.
func attacked(t *testing.T, next func() string) bundle {
	t.Helper()
	b := record(t, demo.EverythingPatientID)
	b.o.Practice, b.o.Verdict = next(), next()
	for i := range b.o.Exclusions {
		b.o.Exclusions[i] = handover.ExclusionSummary{Type: next(), Part: handover.Part(next()), Reason: next(), Authority: next()}
	}
	for i := range b.items {
		if b.items[i].JSON == nil {
			continue
		}
		var value any
		if err := json.Unmarshal(b.items[i].JSON, &value); err != nil {
			t.Fatal(err)
		}
		b.items[i].JSON = resource(t, hostile(value, next))
		if _, err := fhir.Parse(b.items[i].JSON); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func TestHostileContentIsInert(t *testing.T) {
	t.Parallel()
	for shift := range 4 { // so that other attacks meet other elements
		n := shift * 5
		next := func() string { n++; return attacks[n%len(attacks)] }
		b := attacked(t, next)
		shown := ""
		for name, page := range b.pages(t) {
			inert(t, name, page)
			shown += readable(t, page)
			if strings.Contains(page, "<script") || strings.Contains(page, "onerror=alert(1)>") {
				t.Errorf("%s has an attack as it is", name)
			}
		}
		for _, a := range attacks {
			if !strings.Contains(shown, strings.Join(strings.Fields(a), " ")) {
				t.Errorf("%q is not shown", a)
			}
		}
	}
}

// What is no picture by its file name is not drawn, whatever its resource says; what browsers run has a warning.
func TestOnlyPicturesAreDrawn(t *testing.T) {
	t.Parallel()
	b := bundle{o: Options{Patient: "p"}}
	add := func(id, contentType, path string) {
		b.items = append(b.items, Item{Section: handover.Current, Version: 1, Attachments: map[string]string{"Media.content": path},
			JSON: resource(t, map[string]any{"resourceType": "Media", "id": id, "content": map[string]any{"contentType": contentType, "data": "eA==", "title": id}})})
	}
	name := func(ext string) string {
		return "data/attachments/ab/" + strings.Repeat("ab", 32) + ext
	}
	add("real", "image/png", name(".png"))
	add("drawing", "image/svg+xml", name(".svg.txt"))
	add("lie", "image/png", name(".svg"))
	add("site", "text/html", name(".html.txt"))
	add("unknown", "", name(".bin"))
	rows := rowsOf(t, b.pages(t))
	for id, want := range map[string][2]bool{"real": {true, false}, "drawing": {false, true}, "lie": {false, false}, "site": {false, true}, "unknown": {false, true}} {
		row := rows["Media-"+id].html
		if got := [2]bool{strings.Contains(row, "<img"), strings.Contains(row, language.say("file.careful"))}; got != want {
			t.Errorf("%s: drawn and warned %v, want %v", id, got, want)
		}
		if !strings.Contains(row, `href="../attachments/ab/`) {
			t.Errorf("%s has no link", id)
		}
	}
}
