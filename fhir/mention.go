package fhir

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Mention says by what a document that names no patient can be told to be about one. It is a hint for people, who decide:
// nothing follows from it by itself.
type Mention string

// The mentions, from strongest to weakest.
const (
	MentionIdentifier Mention = "identifier" // an identifier of the patient stands in it
	MentionNameBirth  Mention = "name-birth" // a name and the birth date stand in it
	MentionName       Mention = "name"       // it is about somebody with the patient's name
)

// Sure reports whether a mention is more than a name, which many people share.
func (m Mention) Sure() bool { return m == MentionIdentifier || m == MentionNameBirth }

// Identifier is an R4 Identifier: a value, and the system in which it is unique, "" if that is not said.
type Identifier struct{ System, Value string }

// matches reports whether two identifiers can be the same. Letters are compared without case, and a system only where both
// have one.
func (i Identifier) matches(other Identifier) bool {
	return strings.EqualFold(i.Value, other.Value) && (i.System == "" || other.System == "" || i.System == other.System)
}

// Person is by what a Patient is told in other documents.
type Person struct {
	Identifiers []Identifier
	names       [][]string // words of each name: the family name and the first given one
	birth       string     // "2006-01-02"; "" if the day is not known
}

// Person reads a Patient.
func (d *Document) Person() Person {
	root := d.root()
	p := Person{Identifiers: identifiersOf(root)}
	for _, n := range root.field("name").each() {
		p.name(n)
	}
	if birth := root.field("birthDate").text(); len(birth) == len(time.DateOnly) {
		p.birth = birth
	}
	return p
}

// name takes in a HumanName that has both a family and a given name, or a text of at least two words.
func (p *Person) name(n node) {
	family, given := wordsOf(n.field("family").text()), []string(nil)
	for _, g := range n.field("given").each() {
		if given = wordsOf(g.text()); len(given) > 0 {
			break
		}
	}
	if len(family) > 0 && len(given) > 0 {
		p.names = append(p.names, append(family, given...))
	} else if text := wordsOf(n.field("text").text()); len(text) > 1 {
		p.names = append(p.names, text)
	}
}

// identifiersOf are the identifiers of a resource that have a value.
func identifiersOf(resource node) (all []Identifier) {
	for _, i := range resource.field("identifier").each() {
		if value := strings.TrimSpace(i.field("value").text()); value != "" {
			all = append(all, Identifier{i.field("system").text(), value})
		}
	}
	return all
}

// Mentions are what a document says by which people are told: anywhere in it, narrative included, but not in the bytes of
// attachments.
type Mentions struct {
	Identifiers []Identifier // of whatever, in order of the document, each once
	Names       []string     // of those it is about: the display of a subject, the name of a contained Patient
	Dates       []string     // whole days, "2006-01-02": those that are written otherwise in each way to read them
	words       map[string]bool
}

// mostMentions bounds the lists of [Mentions], so that an odd document costs no more than another.
const mostMentions = 64

// Mentions reads them.
func (d *Document) Mentions() Mentions {
	m := Mentions{words: map[string]bool{}}
	for i := range d.cells {
		switch n := (node{d, int32(i + 1)}); n.kind() {
		case '{':
			m.object(n)
		case '"':
			if n.label() != "data" {
				m.text(n.text())
			}
		}
	}
	for _, c := range d.root().field("contained").each() {
		if c.field("resourceType").is("Patient") {
			for _, n := range c.field("name").each() {
				m.contained(n)
			}
		}
	}
	return m
}

// subjectElements are the elements whose display is the name of whom a document is about.
var subjectElements = []string{"subject", "patient", "beneficiary", "individual", "for"}

// object takes in an Identifier, and the display of a subject.
func (m *Mentions) object(n node) {
	id := Identifier{n.field("system").text(), ""}
	if v := n.field("value"); v.kind() == '"' && (strings.Contains(id.System, ":") || n.label() == "identifier") {
		id.Value = strings.TrimSpace(v.text())
	}
	if id.Value != "" && len(m.Identifiers) < mostMentions && !slices.Contains(m.Identifiers, id) {
		m.Identifiers = append(m.Identifiers, id)
	}
	if slices.Contains(subjectElements, n.label()) {
		m.called(n.field("display").text())
	}
}

// contained takes in the name of a contained Patient.
func (m *Mentions) contained(name node) {
	var words []string
	texts(name, "HumanName", func(s string) bool { words = append(words, strings.Clone(s)); return true })
	m.called(strings.Join(words, " "))
}

func (m *Mentions) called(name string) {
	if len(wordsOf(name)) > 1 && len(m.Names) < mostMentions && !slices.Contains(m.Names, name) {
		m.Names = append(m.Names, name)
	}
}

// text takes in the words and the days of a text.
func (m *Mentions) text(s string) {
	for _, w := range wordsOf(s) {
		m.words[w] = true
	}
	for _, found := range writtenDays.FindAllString(s, mostMentions) {
		for _, layout := range []string{time.DateOnly, "1/2/2006", "2/1/2006", "2.1.2006"} {
			day, err := time.Parse(layout, found)
			if iso := day.Format(time.DateOnly); err == nil && len(m.Dates) < mostMentions && !slices.Contains(m.Dates, iso) {
				m.Dates = append(m.Dates, iso)
			}
		}
	}
}

// writtenDays are days without a time of day, as documents and people write them.
var writtenDays = regexp.MustCompile(`\b(\d{4}-\d\d-\d\d|\d{1,2}/\d{1,2}/\d{4}|\d{1,2}\.\d{1,2}\.\d{4})\b`)

// wordsOf are the words of a text, folded.
func wordsOf(s string) []string {
	return strings.FieldsFunc(fold(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// Of says by what a person is mentioned, the strongest; "" if by nothing.
func (m Mentions) Of(p Person) Mention {
	for _, i := range p.Identifiers {
		if slices.ContainsFunc(m.Identifiers, i.matches) {
			return MentionIdentifier
		}
	}
	for _, name := range p.names {
		if p.birth != "" && slices.Contains(m.Dates, p.birth) && m.has(name) {
			return MentionNameBirth
		}
	}
	for _, name := range p.names {
		for _, called := range m.Names {
			if words := wordsOf(called); !slices.ContainsFunc(name, func(w string) bool { return !slices.Contains(words, w) }) {
				return MentionName
			}
		}
	}
	return ""
}

// has reports whether all words of a name stand in the document.
func (m Mentions) has(name []string) bool {
	return !slices.ContainsFunc(name, func(w string) bool { return !m.words[w] })
}

// Queries are searches for Patients that find, among others, whoever the document mentions: at most so many of each kind.
func (m Mentions) Queries(most int) (all []Query) {
	ask := func(params ...Param) {
		if q, _, err := ParseQuery("Patient", params, Bases{}); err == nil {
			all = append(all, q)
		}
	}
	for _, i := range m.Identifiers[:min(most, len(m.Identifiers))] {
		text := escapeValue(i.Value)
		if i.System != "" {
			text = escapeValue(i.System) + "|" + text
		}
		ask(Param{Name: "identifier", Value: text})
		if i.System != "" {
			ask(Param{Name: "identifier", Value: "|" + escapeValue(i.Value)}) // a number that was stored without its system
		}
	}
	for _, day := range m.Dates[:min(most, len(m.Dates))] {
		ask(Param{Name: "birthdate", Value: day})
	}
	for _, name := range m.Names[:min(most, len(m.Names))] {
		var params []Param
		for _, w := range wordsOf(name) {
			params = append(params, Param{Name: "name", Value: w})
		}
		ask(params...)
	}
	return all
}
