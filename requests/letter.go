package requests

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"text/template"

	"satchel/fhir"
)

// LetterKind says what a letter is for.
type LetterKind string

// The letters.
const (
	LetterAcknowledgement LetterKind = "acknowledgement"
	LetterExtension       LetterKind = "extension"
	LetterDenial          LetterKind = "denial"
	LetterReceipt         LetterKind = "receipt" // of a handover, for both sides to sign
)

// LetterKinds lists all letters.
func LetterKinds() []LetterKind {
	return []LetterKind{LetterAcknowledgement, LetterExtension, LetterDenial, LetterReceipt}
}

// Letter is what is written to whoever asked. Its texts are plain: whoever makes a page of it escapes them.
type Letter struct {
	Kind       LetterKind
	Date       Day
	From       []string // lines: the practice
	To         []string // lines: the requester
	Subject    string
	Paragraphs []Paragraph
	Signatures []string // who signs, one line each
}

// Paragraph is a piece of a letter.
type Paragraph struct {
	Head  string   // "": none
	Text  string   // "": items alone
	Items []string // a list after the text
}

// Letter writes a letter about a request, as of today. It is refused, as conflict, while there is nothing to tell: no
// extension, no denial, or nothing given.
func (l *Ledger) Letter(ctx context.Context, id string, kind LetterKind) (Letter, error) {
	e, err := l.Entry(ctx, id)
	if err != nil {
		return Letter{}, err
	}
	d, _ := e.Decided()
	switch {
	case kind == LetterExtension && e.Extension == nil:
		return Letter{}, fhir.Errorf(fhir.CodeConflict, "request %s was not extended, so there is no letter about that", e.Number)
	case kind == LetterDenial && d.Kind != StepDeny && len(e.Withhold) == 0:
		return Letter{}, fhir.Errorf(fhir.CodeConflict, "request %s was not denied, not even in part, so there is no letter about that", e.Number)
	case kind == LetterReceipt && len(e.Given) == 0:
		return Letter{}, fhir.Errorf(fhir.CodeConflict, "by request %s nothing was handed over yet, so there is no receipt", e.Number)
	}
	text, ok := letterTexts[kind]
	if !ok {
		return Letter{}, fhir.Errorf(fhir.CodeValue, "%.40q is no letter; use one of %s", kind, strings.Join(texts(LetterKinds()), ", "))
	}
	return text.write(kind, l.facts(e, d))
}

// facts is what the texts of letters can tell.
type facts struct {
	Number, Received, Due, DueBefore, Asked, Subject, Requester, Purpose string
	Reason, Text, Complaint, Contact, Practice, Reach                    string
	Grounds, Given                                                       []string
	Review, NotHere, Identity, Patient                                   bool
	Partly                                                               bool // approved, but for what was withheld

	today    Day
	from, to []string
}

func (l *Ledger) facts(e Entry, d Decision) facts {
	p, q := l.options.Practice(), e.Requester
	f := facts{
		Number: e.Number, Received: e.Received.Long(), Due: e.Due.Long(), Asked: e.Asked, Requester: q.Name, Purpose: e.Purpose,
		Subject: cmp.Or(e.Subject.Name, q.Name), Text: d.Text, Complaint: cmp.Or(p.Complaint, civilRights),
		Contact: cmp.Or(p.Contact, p.Name, "our practice"), Practice: cmp.Or(p.Name, "our practice"), Reach: strings.Join(nonEmpty(p.Phone, p.Email), ", "),
		Patient: q.Role == RolePatient, today: l.Today(),
		from: lines(p.Name, p.Address, p.Phone, p.Email), to: lines(q.Name, q.Organization, q.Address),
	}
	if e.Scope == ScopePopulation {
		f.Subject = ""
	}
	if x := e.Extension; x != nil {
		f.Reason, f.DueBefore = x.Reason, x.From.Long()
	}
	for _, g := range d.Grounds {
		if g != GroundOther {
			f.Grounds = append(f.Grounds, sentence(groundTexts[g]))
		}
		f.Review = f.Review || g.Reviewable()
		f.NotHere = f.NotHere || g == "not-patient"
		f.Identity = f.Identity || g == "identity" || g == "not-representative"
	}
	f.Partly = d.Kind == StepApprove && len(e.Withhold) > 0
	for _, w := range e.Withhold {
		if f.Partly {
			f.Grounds = append(f.Grounds, sentence(strings.Join(nonEmpty(w.Reason, w.Authority), ", ")))
			f.Text = "" // of the approval
			f.Review = f.Review || strings.Contains(w.Authority, reviewedBy)
		}
	}
	for _, g := range e.Given {
		f.Given = append(f.Given, given(g, l))
	}
	return f
}

// reviewedBy is the rule by which a denial must be reviewed if asked.
const reviewedBy = "164.524(a)(3)"

// given tells of one disclosure.
func given(g Disclosure, l *Ledger) string {
	day := DayOf(g.Time, l.Zone()).Long()
	if len(g.SHA256) == 0 {
		return fmt.Sprintf("%s: on paper, %s, to %s", day, Way(g.Way).Text(), g.Recipient)
	}
	return fmt.Sprintf("%s: %s, %d bytes, SHA-256 %s, %s, to %s. Completeness: %s", day, g.File, g.Bytes, hex.EncodeToString(g.SHA256), Way(g.Way).Text(),
		g.Recipient, g.Verdict)
}

// lines splits texts into lines without empty ones.
func lines(texts ...string) []string {
	var all []string
	for _, t := range texts {
		all = append(all, nonEmpty(strings.Split(t, "\n")...)...)
	}
	return all
}

// sentence begins with a capital and ends with a full stop.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + strings.TrimSuffix(s[1:], ".") + "."
}

// letterText is a letter before it is filled in: each text is a template over facts. A paragraph that comes out empty is
// left out.
type letterText struct {
	subject    string
	paragraphs []paragraphText
	signatures []string
}

type paragraphText struct {
	head, text string
	items      func(f facts) []string
}

func (t letterText) write(kind LetterKind, f facts) (Letter, error) {
	letter := Letter{Kind: kind, Date: f.today, From: f.from, To: f.to, Signatures: t.signatures}
	var err error
	if letter.Subject, err = fill(t.subject, f); err != nil {
		return Letter{}, err
	}
	for _, p := range t.paragraphs {
		text, err := fill(p.text, f)
		if err != nil {
			return Letter{}, err
		}
		out := Paragraph{Head: p.head, Text: text}
		if p.items != nil {
			out.Items = p.items(f)
		}
		if out.Text != "" || out.Items != nil {
			letter.Paragraphs = append(letter.Paragraphs, out)
		}
	}
	return letter, nil
}

// fill puts the facts into a text. Facts are text and never run as a template.
func fill(text string, f facts) (string, error) {
	t, err := template.New("").Parse(text)
	if err != nil {
		return "", fmt.Errorf("read the text of a letter: %w", err)
	}
	var b strings.Builder
	if err := t.Execute(&b, f); err != nil {
		return "", fmt.Errorf("write a letter: %w", err)
	}
	return strings.Join(strings.Fields(b.String()), " "), nil
}
