package view

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"satchel/handover"
)

// fact is what is kept of one version of a resource.
type fact struct {
	section handover.Section
	typ, id string
	version int64
	updated time.Time
	deleted bool
	path    string // of its source, below data/
	line    int64
	plan    plan
	fields  []field
	title   value
	date    string // as in the resource
	at      int64  // the date as Unix seconds, for sorting
	status  []string
	altered bool     // it has a modifierExtension: something that changes its meaning
	refused bool     // it orders that something is not to be done
	labels  []string // security labels, to be shown as badges
	files   []attached
	result  *result  // of an Observation
	answers []answer // of a QuestionnaireResponse
	asks    *asks    // of a Questionnaire
	uses    string   // canonical of the Questionnaire that is answered
	page    string   // file on which its row stands, given by the layout
}

// field is one element of a resource.
type field struct {
	path   string // names from the resource on, such as participant.actor; what R4 does not know and extensions too
	label  string // the same with numbers where an element repeats: participant#2.actor
	values []value
}

// kind says how a value is shown.
type kind uint8

const (
	plain   kind = iota
	coded        // text, code
	dated        // text is a FHIR date, dateTime, instant
	linked       // text is the display, code the reference
	filed        // code is the number of an entry in the fact's files
	wording      // a word of the texts, such as "to"
)

// value is a piece of a field as people read it.
type value struct {
	kind kind
	text string
	code string
}

// attached is an attachment or the content of a Binary.
type attached struct {
	title       string
	contentType string
	path        string // in the package, below data/; "" if it is not there
	url         string // as stored
	data        bool   // the resource holds the bytes itself
	at          string // element path
}

func (f *fact) key() string { return f.typ + "/" + f.id }

// live reports whether it is a newest version.
func (f *fact) live() bool {
	return !f.deleted && f.section != handover.History && f.section != handover.Deleted
}

// anchor is the name of its row. "_" is in no id, so that versions cannot be mistaken.
func (f *fact) anchor() string {
	a := f.typ + "-" + f.id
	if !f.live() {
		a += "_v" + strconv.FormatInt(f.version, 10)
	}
	return a
}

// wrong reports whether it was marked as entered in error.
func (f *fact) wrong() bool {
	for _, s := range f.status {
		if s == "entered-in-error" {
			return true
		}
	}
	return false
}

// has reports whether a status is among those given.
func (f *fact) has(states ...string) bool {
	for _, s := range f.status {
		for _, t := range states {
			if s == t {
				return true
			}
		}
	}
	return false
}

// values are those of all fields with the path; alternatives are divided by "|".
func (f *fact) values(paths string) (all [][]value) {
	for i := range f.fields {
		if matches(f.fields[i].path, paths) {
			all = append(all, f.fields[i].values)
		}
	}
	return all
}

// matches reports whether a path is one of those in a list divided by "|".
func matches(path, list string) bool {
	for p := range strings.SplitSeq(list, "|") {
		if p == path {
			return true
		}
	}
	return false
}

// newest sorts by date, newest first, then by type, id and version.
func newest(a, b *fact) int { return cmp.Or(cmp.Compare(b.at, a.at), byKey(a, b)) }

// byKey sorts by type, id and version.
func byKey(a, b *fact) int {
	return cmp.Or(cmp.Compare(a.typ, b.typ), cmp.Compare(a.id, b.id), cmp.Compare(a.version, b.version))
}
