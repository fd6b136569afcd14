package view

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"satchel/fhir"
)

// fieldsOf divides a list of a plan.
func fieldsOf(list string) []string { return strings.Fields(list) }

// brief is a row that points to a fact's home, without its cells.
func (v *View) brief(f *fact) row {
	r := row{Badges: v.badges(f), Key: f.key(), Version: f.version, Source: f.path, Line: f.line, Full: f.href()}
	if f.path != "" {
		r.Href = "../" + f.path
	}
	return r
}

// href is the address of a fact's home, "" if it has none.
func (f *fact) href() string {
	if f.page == "" {
		return ""
	}
	return f.page + "#" + f.anchor()
}

// full is a row that is the home of a fact, without its cells; shown are the paths that have a cell.
func (v *View) full(f *fact, shown []string) row {
	r := v.brief(f)
	r.ID, r.Full = f.anchor(), ""
	if !f.updated.IsZero() {
		r.Stored = fhir.FormatInstant(f.updated)
	}
	r.Details = v.details(f, shown)
	return r
}

// details are the fields that have no cell.
func (v *View) details(f *fact, shown []string) []detail {
	var all []detail
next:
	for i := range f.fields {
		x := &f.fields[i]
		for _, s := range shown {
			if matches(x.path, s) {
				continue next
			}
		}
		all = append(all, detail{v.labelOf(x.label), v.pieces(f, x.values)})
	}
	return all
}

// labelOf is the name of a field in words.
func (v *View) labelOf(label string) string {
	if s, ok := v.labels[label]; ok {
		return s
	}
	s := v.t.label(label)
	v.labels[label] = s
	return s
}

// badges are what a reader must see beside a fact.
func (v *View) badges(f *fact) (all []string) {
	if f.wrong() {
		all = append(all, v.t.say("badge.wrong"))
	}
	switch {
	case f.deleted:
		all = append(all, v.t.say("badge.deleted"))
	case !f.live():
		all = append(all, v.t.say("badge.old"))
	}
	if f.refused {
		all = append(all, v.t.say("badge.not"))
	}
	if f.altered {
		all = append(all, v.t.say("badge.altered"))
	}
	return append(all, f.labels...)
}

func (v *View) dateCell(f *fact) cell {
	c := cell{Label: v.t.columns["when"]}
	if f.date != "" {
		c.Paras = [][]piece{{v.datePiece(f.date)}}
	}
	return c
}

// datePiece writes a date; what is none is told as it is.
func (v *View) datePiece(iso string) piece {
	if text, ok := v.t.people(iso); ok {
		return piece{Text: text, ISO: iso}
	}
	return piece{Text: iso}
}

func (v *View) titleCell(f *fact) cell {
	return cell{Label: v.t.what(f.typ), Head: true, Paras: [][]piece{{v.titlePiece(f)}}}
}

// titlePiece tells what a fact is about.
func (v *View) titlePiece(f *fact) piece {
	t := f.title
	switch {
	case f.uses != "":
		return piece{Text: v.questionnaire(f)}
	case t.kind == linked:
		return piece{Text: v.nameOf(t)}
	case t.kind == dated:
		return v.datePiece(t.text)
	case t.text == "":
		return piece{Text: v.t.one(f.typ)}
	case t.kind == coded:
		return piece{Text: t.text, Code: t.code}
	}
	return piece{Text: t.text}
}

// titleOf is what a fact is called, in plain words.
func (v *View) titleOf(f *fact) string {
	if p := v.titlePiece(f); p.Text != "" {
		return p.Text
	}
	return v.t.say("unnamed")
}

// described is what a fact is and what it is called.
func (v *View) described(f *fact) string {
	kind, title := v.t.one(f.typ), v.titleOf(f)
	if title == kind {
		return kind
	}
	return kind + ": " + title
}

// nameOf is whom a reference means: its display, or the title of its target, or the reference itself.
func (v *View) nameOf(ref value) string {
	if ref.text != "" {
		return ref.text
	}
	if f := v.current[ref.code]; f != nil {
		if f.title.kind == linked { // one step and no further: references may run in circles
			if f.title.text != "" {
				return f.title.text
			}
			if g := v.current[f.title.code]; g != nil && g.title.kind != linked && g.title.text != "" {
				return g.title.text
			}
			return v.t.one(f.typ)
		}
		return v.titleOf(f)
	}
	return ref.code
}

func (v *View) pathCell(f *fact, label, paths string) cell {
	c := cell{Label: label}
	var before [][]value
	for _, values := range f.values(paths) {
		if slices.ContainsFunc(before, func(b []value) bool { return slices.Equal(b, values) }) {
			continue // the one who recorded it is often the one who says so
		}
		before = append(before, values)
		c.Paras = append(c.Paras, v.pieces(f, values))
	}
	return c
}

func (v *View) statusCell(f *fact) cell {
	c := cell{Label: v.t.columns["status"]}
	for _, s := range f.status {
		c.Paras = append(c.Paras, []piece{{Text: v.t.word(s)}})
	}
	return c
}

// pieces makes values ready to be written.
func (v *View) pieces(f *fact, values []value) []piece {
	all := make([]piece, 0, len(values))
	for _, x := range values {
		all = append(all, v.piece(f, x))
	}
	return all
}

func (v *View) piece(f *fact, x value) piece {
	switch x.kind {
	case coded:
		return piece{Text: x.text, Code: x.code}
	case dated:
		return v.datePiece(x.text)
	case wording:
		return piece{Text: x.text}
	case linked:
		return v.link(x)
	case filed:
		if i, err := strconv.Atoi(x.code); err == nil && i < len(f.files) {
			return piece{File: v.fileView(f, &f.files[i])}
		}
	}
	return piece{Text: x.text}
}

// link leads to the home of a reference's target if that is in the record.
func (v *View) link(ref value) piece {
	if target := v.current[ref.code]; target != nil && target.page != "" {
		return piece{Text: v.nameOf(ref), Href: target.href()}
	}
	p := piece{Text: v.nameOf(ref)}
	if relative(ref.code) {
		p.Say = v.t.say("not-here")
	}
	if p.Text != ref.code {
		p.Code = ref.code
	}
	return p
}

// attachedView is an attachment ready to be written.
type attachedView struct {
	Title   string
	Kind    string
	Href    string
	Picture bool
	Careful bool
	Say     string // where the bytes are if there is no link
	URL     string
}

// fileView makes an attachment ready. Addresses elsewhere are text.
func (v *View) fileView(f *fact, a *attached) *attachedView {
	out := &attachedView{Title: a.title, Kind: a.contentType}
	if out.Title == "" && a.path == "" && a.url != "" && fhir.ParseReference(a.url).Form != fhir.FormURN {
		out.Title = path.Base(a.url)
	}
	if out.Title == "" && f.title.kind != filed && f.typ != "Binary" {
		out.Title = v.titleOf(f)
	}
	if out.Title == "" {
		out.Title = v.t.say("file")
	}
	address := fhir.ParseReference(a.url)
	switch target := v.current[address.Key()]; {
	case a.path != "":
		out.Href, out.Picture, out.Careful = "../"+a.path, a.raster(), a.careful()
	case a.data:
		out.Say = v.t.say("file.inside")
	case target != nil && target.page != "":
		out.Href = target.href()
	case strings.Contains(a.url, "://"):
		out.Say, out.URL = v.t.say("file.elsewhere"), a.url
	case address.Form == fhir.FormURN: // another entry of the same Bundle
		out.Say, out.URL = v.t.say("file.inside"), a.url
	case a.url != "":
		out.Say, out.URL = v.t.say("file.missing"), a.url
	}
	return out
}
