package requests

import (
	"context"
	"strings"

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
	decided, _ := e.Decided()
	switch {
	case kind == LetterExtension && e.Extension == nil:
		return Letter{}, fhir.Errorf(fhir.CodeConflict, "request %s was not extended, so there is no letter about that", e.Number)
	case kind == LetterDenial && decided.Kind != StepDeny && len(e.Withhold) == 0:
		return Letter{}, fhir.Errorf(fhir.CodeConflict, "request %s was not denied, not even in part, so there is no letter about that", e.Number)
	case kind == LetterReceipt && len(e.Given) == 0:
		return Letter{}, fhir.Errorf(fhir.CodeConflict, "by request %s nothing was handed over yet, so there is no receipt", e.Number)
	}
	d := l.draft(e, decided)
	switch kind {
	case LetterAcknowledgement:
		d.acknowledge(e)
	case LetterExtension:
		d.extend(e)
	case LetterDenial:
		d.deny(e, decided)
	case LetterReceipt:
		d.receipt(e, l.Zone())
	default:
		return Letter{}, fhir.Errorf(fhir.CodeValue, "%.40q is no letter; use one of %s", kind, strings.Join(codes(LetterKinds()), ", "))
	}
	d.Kind = kind
	return d.Letter, nil
}
