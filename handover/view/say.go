package view

import (
	"slices"
	"strings"
	"time"

	"satchel/fhir"
)

// Fact is the newest version of a resource in words, for pages that are not these: a chart on a screen. All of it is plain
// text, to be escaped where it is shown.
type Fact struct {
	Type, ID string
	Version  int64
	Updated  time.Time
	Title    string
	Code     string // of the title, such as "LOINC 8480-6"
	Date     string // as in the resource, "" without one
	When     string // the date as people read it
	Status   string // in words
	Lines    []string
	Badges   []string // what a reader must see beside it
	Parts    []Part   // the columns that the plan of its type has
	Files    []File
	Test     string // of an Observation: the same for results of the same test
	Active   bool   // it stands now, as far as its status says
	Done     bool   // it was done and is no mistake
}

// Part is one thing that is said about a fact.
type Part struct{ Label, Text string }

// File is a document or picture that a fact has.
type File struct {
	Title       string
	ContentType string // as stored
	At          string // element path, as [fhir.Document.Attachments] gives it; "Binary.data" for the content of a Binary
	URL         string // as stored, "" without one
	Held        bool   // the resource holds the bytes itself
	Careful     bool   // the reader shall be warned before opening it
}

// Facts writes all newest versions that were added, newest first.
func (v *View) Facts() []Fact {
	v.labels, v.asked = map[string]string{}, map[string]*fact{}
	slices.SortFunc(v.facts, newest)
	for _, f := range v.facts {
		if f.live() && f.asks != nil && f.asks.url != "" {
			v.asked[f.asks.url] = f
		}
	}
	var all []Fact
	for _, f := range v.facts {
		if f.live() {
			all = append(all, v.say(f))
		}
	}
	return all
}

// Names are the references whose targets have no name in the facts, sorted: what to add so that they are told by name.
func (v *View) Names() []string {
	missing := map[string]bool{}
	var names []string
	for _, f := range v.facts {
		for i := range f.fields {
			for _, x := range f.fields[i].values {
				if x.kind == linked && x.text == "" && relative(x.code) && v.current[x.code] == nil && !missing[x.code] {
					missing[x.code] = true
					names = append(names, x.code)
				}
			}
		}
	}
	slices.Sort(names)
	return names
}

// say writes a fact.
func (v *View) say(f *fact) Fact {
	title := v.titlePiece(f)
	out := Fact{
		Type: f.typ, ID: f.id, Version: f.version, Updated: f.updated, Title: title.Text, Code: title.Code, Date: f.date,
		Badges: v.badges(f), Active: active(f), Done: given(f),
	}
	if out.Title == "" {
		out.Title = v.t.say("unnamed")
	}
	if f.date != "" {
		out.When, _ = v.t.people(f.date)
	}
	out.Status = said(v.statusCell(f).Paras, ", ")
	if f.result != nil {
		out.Test = f.result.test
		out.Lines = v.measured(f)
	}
	for _, paths := range fieldsOf(f.plan.columns) {
		cell := v.pathCell(f, "", paths)
		cell.Paras = slices.DeleteFunc(cell.Paras, func(pieces []piece) bool { return len(pieces) > 0 && pieces[0].File != nil }) // among the files
		if text := said(cell.Paras, "; "); text != "" {
			out.Parts = append(out.Parts, Part{v.t.column(f.typ, paths), text})
		}
	}
	for i := range f.files {
		a := &f.files[i]
		out.Files = append(out.Files, File{v.fileView(f, a).Title, a.contentType, a.at, a.url, a.data, a.careful()})
	}
	return out
}

// measured are the values of a result, with what they mean.
func (v *View) measured(f *fact) (lines []string) {
	for i, paragraph := range v.resultParas(f) {
		line := said([][]piece{paragraph}, "")
		if r := f.result.lines[i]; len(r.flags) > 0 {
			line += " (" + said([][]piece{v.pieces(f, r.flags)}, "") + ")"
		}
		lines = append(lines, line)
	}
	return lines
}

// said is the text of paragraphs.
func said(paragraphs [][]piece, between string) string {
	var all []string
	for _, pieces := range paragraphs {
		var words []string
		for _, p := range pieces {
			words = append(words, p.Text)
		}
		all = append(all, join(" ", words...))
	}
	return strings.TrimSpace(join(between, all...))
}

// TypeName is what one resource of a type is called, or several.
func TypeName(typ string, n int64) string {
	if n == 1 {
		return language.one(typ)
	}
	return language.many(typ)
}

// Reason is why something was left out, by its short code in an [Exclusion].
func Reason(code string) string {
	if words, ok := language.reasons[code]; ok {
		return words
	}
	return code
}

// Day is a FHIR date as people read it; what is none is answered as it is.
func Day(date string) string {
	text, _ := language.people(date)
	return text
}

// Person says who a Patient is: name and date of birth, as far as either is known; "" if none is.
func Person(root fhir.Value) string {
	born := root.Child("birthDate").Text()
	if born != "" {
		born = language.say("born", "date", Day(born))
	}
	return join(", ", humanName(MainName(root)), born)
}

// MainName is the name by which a person goes now; that of nobody if there is none.
func MainName(root fhir.Value) (main fhir.Value) {
	rank := map[string]int{"official": 4, "usual": 3, "": 2, "nickname": 1, "temp": 1, "anonymous": 1}
	best := -1
	for n := range root.Each("name") {
		if r := rank[n.Child("use").Text()]; r > best && humanName(n) != "" {
			best, main = r, n
		}
	}
	return main
}

// HumanName is a name as it is spoken.
func HumanName(name fhir.Value) string { return humanName(name) }

// Address is an address in one line.
func Address(a fhir.Value) string { return address(a) }

// System is a short name of a code system or a namespace of identifiers.
func System(uri string) string { return systemName(uri) }
