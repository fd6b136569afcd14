package handover

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"satchel/internal/texts"
)

// Outcome is what a check of a package comes to. Its number is the exit code of the command.
type Outcome int

// Outcomes.
const (
	Good    Outcome = 0 // whole and unchanged
	Altered Outcome = 1 // something is not as it was sealed
	Partial Outcome = 2 // something is missing, or it was never sealed, or says itself that it is incomplete
	Unknown Outcome = 3 // no package that this version reads
)

// outcomes are what each outcome means, for the documentation; its number is its place.
var outcomes = []string{
	"good: whole and unchanged",
	"altered: something is not as it was sealed",
	"incomplete: something is missing, it was never sealed, or it was sealed with the verdict INCOMPLETE",
	"unknown: no package that this version reads",
}

// String is the outcome as a word.
func (o Outcome) String() string {
	return [...]string{"good", "altered", "incomplete", "unknown-version"}[o]
}

// MarshalText writes the outcome as a word.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// Finding is one thing that is not as it should be.
type Finding struct {
	Outcome Outcome `json:"outcome"`
	Bag     string  `json:"bag,omitempty"`  // name of the bag
	Path    string  `json:"path,omitempty"` // in the bag
	Problem string  `json:"problem"`

	admitted bool // the package says so itself, and nothing is wrong with it beside that
}

// Result is what [Verify] found.
type Result struct {
	Outcome   Outcome    `json:"outcome"`
	Sentence  string     `json:"sentence"` // for people
	Findings  []Finding  `json:"findings"`
	Notes     []string   `json:"notes,omitempty"`   // worth knowing, nothing wrong
	Missing   []string   `json:"missing,omitempty"` // what a package that was sealed as INCOMPLETE says is missing, in words
	Bags      []string   `json:"bags"`              // paths of those that were looked at
	Files     int64      `json:"files"`
	Bytes     int64      `json:"bytes"`
	Resources int64      `json:"resources"`        // current ones, as the manifest says and the lines bear out
	Signer    string     `json:"signer,omitempty"` // fingerprint of the key whose signature is sound; whose key it is, the practice must say
	Manifests []Manifest `json:"-"`                // of the bags, in their order
}

// most findings that a result lists.
const maxFindings = 200

// add notes findings of a bag.
func (r *Result) add(bag string, findings ...Finding) {
	for _, f := range findings {
		f.Bag = bag
		r.Findings = append(r.Findings, f)
	}
}

// note adds something worth knowing, once.
func (r *Result) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(r.Notes, text) {
		r.Notes = append(r.Notes, text)
	}
}

// OnlyIncomplete reports whether the package is unchanged, and incomplete only by its own verdict: what is missing was
// missing when it was made.
func (r *Result) OnlyIncomplete() bool {
	return r.Outcome == Partial && !slices.ContainsFunc(r.Findings, func(f Finding) bool { return !f.admitted })
}

// conclude makes the outcome and the sentence from the findings. What was changed weighs more than what is missing, and
// that more than what is not understood.
func (r *Result) conclude() {
	weight := map[Outcome]int{Altered: 0, Partial: 1, Unknown: 2}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(weight[a.Outcome], weight[b.Outcome]), cmp.Compare(a.Bag, b.Bag), cmp.Compare(a.Path, b.Path))
	})
	if len(r.Findings) == 0 {
		r.Outcome = Good
		r.Sentence = r.praise()
		return
	}
	first := r.Findings[0]
	r.Outcome = first.Outcome
	at := first.Problem
	if first.Path != "" {
		at = first.Path + ": " + at
	}
	if len(r.Bags) > 1 && first.Bag != "" {
		at = first.Bag + ": " + at
	}
	more := ""
	if n := len(r.Findings) - 1; n > 0 {
		more = fmt.Sprintf(" (and %d more)", n)
	}
	switch r.Outcome {
	case Altered:
		r.Sentence = "Do not rely on this package: it is not as it was sealed: " + at + more + "."
	case Partial:
		r.Sentence = "This package is not complete: " + at + more + "."
	default:
		r.Sentence = "This cannot be checked: " + at + more + "."
	}
	r.Findings = r.Findings[:min(len(r.Findings), maxFindings)]
}

func (r *Result) praise() string {
	m := r.Manifests[len(r.Manifests)-1]
	signed := "It is not signed, so this shows that it is undamaged, not who made it."
	if r.Signer != "" {
		signed = "It is signed with the key " + r.Signer + "."
	}
	parts := ""
	if len(r.Bags) > 1 {
		parts = fmt.Sprintf(" in %d parts", len(r.Bags))
	}
	return fmt.Sprintf("This package is whole and unchanged: %s resources, %s files%s, %s. %s",
		texts.Number(r.Resources), texts.Number(r.Files), parts, strings.ToLower(string(m.Verdict)), signed)
}
