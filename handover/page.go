package handover

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"maps"
	"reflect"
	"slices"
	"strings"

	"satchel/fhir"
	"satchel/internal/texts"
)

// The pages are read offline by people who do not know the program: no script, no network, one style.
//
//go:embed pages/*
var pageFiles embed.FS

var style = mustRead("pages/style.css")

// pageCSP lets a page show its own style and nothing else.
var pageCSP = "default-src 'none'; style-src " + cspHash(style) + "; img-src data:; base-uri 'none'; form-action 'none'"

func mustRead(path string) string {
	text, err := pageFiles.ReadFile(path)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// cspHash is the source expression for an inline style or script.
func cspHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"style":  func() template.CSS { return template.CSS(style) },
	"csp":    func() string { return pageCSP },
	"number": texts.Number,
}).ParseFS(pageFiles, "pages/*.html"))

func render(name string, data any) ([]byte, error) {
	var b bytes.Buffer
	err := pages.ExecuteTemplate(&b, name, data)
	return b.Bytes(), err
}

// FormatHTML is the page that documents a version of the format. It is part of every package and is served as
// /docs/format. Its tables are made from the types that write the files.
func FormatHTML(version string) ([]byte, error) {
	if version != FormatVersion {
		return nil, fmt.Errorf("format %q is unknown; this program documents %q", version, FormatVersion)
	}
	type table struct {
		Name, File, Title string
		Rows              []fieldRow
	}
	var tables []table
	for _, s := range shapes {
		prefix, typ := "", reflect.TypeOf(s.value)
		if typ.Kind() == reflect.Slice {
			prefix, typ = "[].", typ.Elem()
		}
		tables = append(tables, table{s.name, s.file, s.title, fieldRows(prefix, typ)})
	}
	return render("format.html", map[string]any{
		"Version": version, "Layout": layout, "Rules": rules, "Tables": tables, "Changes": changes, "Namespace": signatureNamespace,
		"Outcomes": outcomes, "Verdicts": []Manifest{{Verdict: Complete}, {Verdict: CompleteWithExclusions}, {Verdict: Incomplete}},
	})
}

// fieldRow is a field in the documentation.
type fieldRow struct{ Name, Type, Text string }

// fieldRows lists the fields of a type and of what is in it.
func fieldRows(prefix string, t reflect.Type) []fieldRow {
	var out []fieldRow
	for _, p := range properties(t) {
		typ, mark, inner := describeType(p)
		if p.optional {
			typ += ", optional"
		}
		name := prefix + p.name + mark
		out = append(out, fieldRow{name, typ, p.doc})
		if inner != nil {
			out = append(out, fieldRows(name+".", inner)...)
		}
	}
	return out
}

// describeType says what a field is; mark is how what is in it is named, inner the struct that is in it.
func describeType(p property) (typ, mark string, inner reflect.Type) {
	t := p.typ
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == instantType:
		return "instant", "", nil
	case len(p.enum) > 0:
		return "one of " + strings.Join(p.enum, " | "), "", nil
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct:
		return "list of objects", "[]", t.Elem()
	case t.Kind() == reflect.Slice:
		return "list of texts", "[]", nil
	case t.Kind() == reflect.Map && t.Elem().Kind() == reflect.Struct:
		return "object by resource type", ".<Type>", t.Elem()
	case t.Kind() == reflect.Map:
		return "numbers by reason", ".<reason>", nil
	case t.Kind() == reflect.Struct:
		return "object", "", t
	case t.Kind() == reflect.Int || t.Kind() == reflect.Int64:
		return "whole number", "", nil
	case t.Kind() == reflect.Bool:
		return "true or false", "", nil
	case t.Kind() == reflect.Interface:
		return "any value", "", nil
	}
	return "text", "", nil
}

func changelogPage() ([]byte, error) { return render("changelog.html", changes) }

// countRow is a row of the balance as people read it.
type countRow struct {
	Type string
	Count
	Left int64 // excluded current resources
}

func countRows(counts map[string]Count) []countRow {
	var out []countRow
	for _, typ := range slices.Sorted(maps.Keys(counts)) {
		out = append(out, countRow{typ, counts[typ], total(counts[typ].Excluded)})
	}
	return out
}

func reconciliationPage(r *Reconciliation) ([]byte, error) {
	return render("reconciliation.html", map[string]any{"R": r, "Rows": countRows(r.Counts)})
}

// putWelcome writes the first page and the text beside it.
func (w *Writer) putWelcome(b *bag, m Manifest) error {
	var resources int64
	for _, c := range m.Counts {
		resources += c.ExportedCurrent
	}
	data := map[string]any{
		"M": m, "Name": b.name, "Sender": w.options.Sender, "About": w.options.About, "Rows": countRows(m.Counts),
		"Resources": resources, "View": w.view && b == w.bag(), "When": m.TransactionTime.UTC().Format("January\u00a02, 2006, 3:04\u00a0PM UTC"), "Instant": fhir.FormatInstant(m.TransactionTime.Time),
		"Report": b == w.bag(), "FormatFile": "data/docs/format-" + FormatVersion + ".html", "Readme": w.readme(b, m, resources),
	}
	page, err := render("open-me-first.html", data)
	if err != nil {
		return err
	}
	if err := b.put("OPEN-ME-FIRST.html", bytes.NewReader(page)); err != nil {
		return err
	}
	return b.putText("README.txt", w.readme(b, m, resources))
}
