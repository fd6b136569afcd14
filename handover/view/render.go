package view

import (
	"bufio"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"io"
	"strings"

	"satchel/fhir"
	"satchel/internal/texts"
)

//go:embed page.html
var pageFile string

//go:embed style.css
var style string

// policy forbids everything but the style of the page itself and pictures beside it. Browsers disagree about what 'self'
// means for files; "file:" says it to those that take it for nothing.
var policy = func() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; img-src 'self' file:; base-uri 'none'; form-action 'none'"
}()

var pageTemplate = template.Must(template.New("page").Parse(strings.Replace(language.fill(pageFile), "STYLE", style, 1)))

// shown is what the template gets.
type shown struct {
	Lang, Policy string
	Text         pageText
	Title        string
	Practice     string
	Name         string
	AsOf         piece
	Menu         []menuItem
	Parts        []menuItem
	Jumps        []jump
	Blocks       []shownBlock
	Contents     bool
}

type menuItem struct {
	Text, Href string
	Here       bool
}

type shownBlock struct {
	ID, Heading, Code string
	Notes             []string
	Chart             *chart
	Tables            []shownTable
}

type shownTable struct {
	Caption string
	Columns []string
	Wide    int
	Rows    func(yield func(row) bool)
}

// render writes one page.
func (v *View) render(w io.Writer, p *page, pages []*page) error {
	s := shown{Lang: texts.Language, Policy: policy, Text: v.t.pages[p.name], Practice: v.o.Practice, Name: v.name()}
	if !v.o.TransactionTime.IsZero() {
		s.AsOf = v.datePiece(fhir.FormatInstant(v.o.TransactionTime))
	}
	s.Title = s.Text.Title
	if p.parts > 1 {
		s.Title += " (" + v.t.say("part") + " " + itoa(int64(p.part)) + " " + v.t.say("of") + " " + itoa(int64(p.parts)) + ")"
	}
	for _, q := range pages {
		if q.part == 1 {
			s.Menu = append(s.Menu, menuItem{v.t.pages[q.name].Menu, q.file, q.name == p.name})
		}
		if q.name == p.name && p.parts > 1 {
			s.Parts = append(s.Parts, menuItem{itoa(int64(q.part)), q.file, q == p})
		}
	}
	s.Jumps, s.Contents = p.jumps, len(p.jumps) > 1
	for _, b := range p.blocks {
		s.Blocks = append(s.Blocks, v.shownBlock(b))
	}
	out := bufio.NewWriterSize(w, 64<<10)
	if err := pageTemplate.Execute(out, s); err != nil {
		return err
	}
	return out.Flush()
}

func (v *View) shownBlock(b block) shownBlock {
	out := shownBlock{ID: b.id, Heading: b.heading, Code: b.code, Notes: b.notes, Chart: b.chart}
	if b.more {
		out.Heading += " " + v.t.say("continued")
	}
	for _, t := range b.tables {
		out.Tables = append(out.Tables, shownTable{t.caption, t.columns, len(t.columns), func(yield func(row) bool) {
			for i := range t.rows {
				if !yield(t.row(i)) {
					return
				}
			}
		}})
	}
	return out
}

// name is the patient's name.
func (v *View) name() string {
	if f := v.current["Patient/"+v.o.Patient]; f != nil && f.title.text != "" {
		return f.title.text
	}
	return v.o.Patient
}
