package view

import (
	"html"
	"strings"
	"testing"
)

// token is a start tag with its attributes, or, without a name, text.
type token struct {
	name  string
	attrs map[string]string
	text  string
}

// tokens reads HTML as a browser does, as far as these pages go; what they must never have fails the test.
func tokens(t *testing.T, page string) (all []token) {
	t.Helper()
	for page != "" {
		i := strings.IndexByte(page, '<')
		if i < 0 {
			i = len(page)
		}
		if text := html.UnescapeString(page[:i]); text != "" {
			all = append(all, token{text: text})
		}
		page = page[i:]
		if page == "" {
			break
		}
		if strings.HasPrefix(page, "<!--") || strings.HasPrefix(page, "<?") {
			t.Fatalf("a comment or instruction in the page: %.80q", page)
		}
		one, rest := tag(t, page)
		if page[1] != '/' && page[1] != '!' {
			all = append(all, one)
		}
		page = rest
		if one.name == "style" {
			_, page, _ = strings.Cut(page, "</style>")
		}
	}
	return all
}

// tag reads one tag.
func tag(t *testing.T, page string) (token, string) {
	t.Helper()
	out := token{attrs: map[string]string{}}
	i := 1
	for i < len(page) && !strings.ContainsRune(" \t\n>", rune(page[i])) {
		i++
	}
	out.name = strings.ToLower(page[1:i])
	for {
		for i < len(page) && strings.ContainsRune(" \t\n/", rune(page[i])) {
			i++
		}
		if i >= len(page) {
			t.Fatalf("a tag without end: %.80q", page)
		}
		if page[i] == '>' {
			return out, page[i+1:]
		}
		start := i
		for i < len(page) && !strings.ContainsRune(" \t\n=>", rune(page[i])) {
			i++
		}
		name, value := strings.ToLower(page[start:i]), ""
		if i+1 < len(page) && page[i] == '=' {
			if page[i+1] != '"' {
				t.Fatalf("an attribute without quotes: %.80q", page)
			}
			end := strings.IndexByte(page[i+2:], '"')
			value = html.UnescapeString(page[i+2 : i+2+end])
			i += end + 3
		}
		out.attrs[name] = value
	}
}

// rows are the rows of facts, by anchor: everything between one <tbody id=…> and its end, and where it is.
type place struct{ page, html string }

func rowsOf(t *testing.T, pages map[string]string) map[string]place {
	t.Helper()
	rows := map[string]place{}
	for name, page := range pages {
		for _, part := range strings.Split(page, `<tbody role="rowgroup" id="`)[1:] {
			id, rest, _ := strings.Cut(part, `"`)
			body, _, _ := strings.Cut(rest, "</tbody>")
			if before, ok := rows[id]; ok {
				t.Errorf("%s has a row on %s and on %s", id, before.page, name)
			}
			rows[id] = place{name, body}
		}
	}
	return rows
}

// readable is the text of HTML with single spaces.
func readable(t *testing.T, part string) string {
	var b strings.Builder
	for _, one := range tokens(t, part) {
		b.WriteString(one.text)
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
