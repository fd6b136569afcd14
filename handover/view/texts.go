package view

import (
	"embed"
	"html/template"
	"regexp"
	"strings"
	"unicode"

	"satchel/internal/texts"
)

//go:embed texts
var textFiles embed.FS

// words are all texts of the pages. Those of texts/en/page.json are found by [words.say]; the rest are tables by codes and names
// of FHIR, many of which have no text of their own and are written as they are.
type words struct {
	texts    texts.Texts
	pages    map[pageName]pageText
	columns  map[string]string // headings that do not follow from an element's name
	types    map[string]string // TYPE.one, TYPE.other
	codes    map[string]string // codes that need other words than their own
	flags    map[string]string // of interpretation
	units    map[string]string // codes of UCUM that are no words
	headings map[string]string
	verdicts map[string]string
	reasons  map[string]string
}

// pageText is what a page says about itself.
type pageText struct{ Menu, Title, Intro string }

// language are the words that the pages are written in.
var language = loadWords()

func loadWords() *words {
	t := texts.MustLoad(textFiles)
	all := &words{
		texts: t, pages: map[pageName]pageText{}, columns: t["columns"], types: t["types"], codes: t["words"], flags: t["flags"],
		units: t["units"], headings: t["headings"], verdicts: t["verdicts"], reasons: t["reasons"],
	}
	for _, name := range pageNames {
		say := func(what string) string { return t.Text("pages", string(name)+what) }
		all.pages[name] = pageText{say(".menu"), say(".title"), say(".intro")}
	}
	return all
}

// say fills in a text of texts/en/page.json.
func (t *words) say(key string, args ...any) string { return t.texts.Text("page", key, args...) }

// asked are the texts of page.json that page.html asks for: %skip%.
var asked = regexp.MustCompile(`%([a-z.]+)%`)

// fill puts texts into page.html once for all pages, since some are in every row.
func (t *words) fill(page string) string {
	return asked.ReplaceAllStringFunc(page, func(key string) string {
		return template.HTMLEscapeString(t.say(strings.Trim(key, "%")))
	})
}

// word is a code in words.
func (t *words) word(code string) string {
	if w, ok := t.codes[code]; ok {
		return w
	}
	return strings.ReplaceAll(code, "-", " ")
}

// one is what one resource of a type is called.
func (t *words) one(typ string) string {
	if name, ok := t.types[typ+".one"]; ok {
		return name
	}
	return spaced(typ)
}

// many is what several are called.
func (t *words) many(typ string) string {
	if name, ok := t.types[typ+".other"]; ok {
		return name
	}
	return spaced(typ)
}

// what is the heading of the column with the titles of a type.
func (t *words) what(typ string) string {
	if h, ok := t.columns[typ+" what"]; ok {
		return h
	}
	return t.columns["what"]
}

// column is the heading of a column of a plan.
func (t *words) column(typ, paths string) string {
	if h, ok := t.columns[typ+" "+paths]; ok {
		return h
	}
	if h, ok := t.columns[paths]; ok {
		return h
	}
	first, _, _ := strings.Cut(paths, "|")
	return t.label(first[strings.LastIndexByte(first, '.')+1:])
}

// label is the name of a field in words: "participant#2.actor" is "Participant 2 › Actor".
func (t *words) label(label string) string {
	var parts []string
	for part := range strings.SplitSeq(label, ".") {
		name, number, _ := strings.Cut(part, "#")
		if ext, ok := strings.CutPrefix(name, "+"); ok {
			name = t.say("extension", "name", spaced(strings.ReplaceAll(ext, "·", ".")))
		} else if h, ok := t.columns[name]; ok {
			name = h
		} else {
			name = spaced(name)
		}
		parts = append(parts, join(" ", name, number))
	}
	return strings.Join(parts, " › ")
}

// spaced divides the words of a name in camel case: "lastOccurrence" is "Last occurrence".
func spaced(name string) string {
	var b strings.Builder
	for i, r := range strings.ReplaceAll(name, "-", " ") {
		switch {
		case i == 0:
			r = unicode.ToUpper(r)
		case unicode.IsUpper(r):
			b.WriteByte(' ')
			r = unicode.ToLower(r)
		}
		b.WriteRune(r)
	}
	return b.String()
}
