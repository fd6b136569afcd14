// Package audit says what an entry of the audit log is and how it is written down: as a link of a chain, as a line of
// NDJSON or CSV, and as a FHIR R4 AuditEvent. It keeps nothing; package storage does.
//
// Nouns:
//
//   - An [Event] is one entry: who did what to which target, from where, when and with what outcome. It holds ids, never
//     health data.
//   - An [Action] is a word of a closed list for what was done.
//   - The chain: each event is kept with the hash of the one before it and with its own, which covers both ([Sum]). So
//     nobody changes, removes, inserts or reorders events without breaking it.
//   - An [Anchor] is the number and hash of one event, kept outside the log. It shows that the log has lost its end, or
//     was written anew as a whole.
//   - A [Verdict] is what a walk along the chain found.
//   - A [Filter] selects events for a report, a [Page] orders and cuts them.
package audit

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"satchel/fhir"
)

// Event is one entry of the audit log.
type Event struct {
	Seq  int64     // position in the log, from 1 without gaps; given when it is stored
	Time time.Time // when it was stored, to the millisecond; never earlier than the event before it
	Who  Who
	From string // remote address without port; "" for what happens on the machine itself

	Action  Action
	Target  string  // "Patient/1", "Patient/1/_history/2", "Observation" for a search, the id of a job, the name of an account
	Outcome Outcome // a zero one counts as success
	Status  int     // HTTP status, or exit code of a command; 0: none

	Patients []string // logical ids of those whose data it was about, at most MaxPatients; [Everybody] comes first
	More     int      // so many patients beyond those listed

	Detail    string // a few words without health data: names of search parameters, counts, bytes, hash of a file
	RequestID string
	Hash      string // hex SHA-256, see Sum; given when it is stored
}

// Who did it.
type Who struct {
	Name string // of the account or client; of the operating system's user for a command; "" if nobody signed in
	Kind Kind
}

// Kind says what sort of actor somebody is.
type Kind string

// The kinds.
const (
	User      Kind = "user"      // a local account
	Client    Kind = "client"    // a backend client with a token
	CLI       Kind = "cli"       // a command on the machine
	System    Kind = "system"    // the server by itself: expiry, start, stop
	Anonymous Kind = "anonymous" // nobody has signed in
)

// Kinds lists all kinds.
func Kinds() []Kind { return []Kind{User, Client, CLI, System, Anonymous} }

// Outcome says how it ended.
type Outcome string

// The outcomes.
const (
	Success Outcome = "success"
	Refused Outcome = "refused" // by a rule: not allowed, not found, not valid
	Failed  Outcome = "failed"  // by a fault of the server, the disk or the network
)

// Outcomes lists all outcomes.
func Outcomes() []Outcome { return []Outcome{Success, Refused, Failed} }

// OutcomeOf is the outcome that an HTTP status stands for.
func OutcomeOf(status int) Outcome {
	switch {
	case status >= 500:
		return Failed
	case status >= 400:
		return Refused
	}
	return Success
}

// MaxPatients is the most patients that one event lists; those beyond are counted.
const MaxPatients = 100

// Everybody stands among the patients of an event for every patient there was, or for more than it lists: whoever asks
// for the events about one patient gets it, too. It is no legal id, so nobody has that name.
const Everybody = "*"

// The most bytes that the texts of an event keep.
const (
	maxName   = 256
	maxFrom   = 64
	maxTarget = 256
	maxDetail = 1000
	maxID     = 128
)

// Clean brings an event into the form in which it is stored: texts of one line, cut to their limits, patients in order
// and each once. Cleaning twice changes nothing. An action, kind or outcome beyond the lists is an error, as it shows a
// fault in the program.
func (e Event) Clean() (Event, error) {
	if e.Outcome == "" {
		e.Outcome = Success
	}
	if _, ok := actions[e.Action]; !ok {
		return e, fmt.Errorf("%q is no action of the audit log; see audit.Actions", e.Action)
	}
	if !slices.Contains(Kinds(), e.Who.Kind) {
		return e, fmt.Errorf("%q is no kind of actor of the audit log; see audit.Kinds", e.Who.Kind)
	}
	if !slices.Contains(Outcomes(), e.Outcome) {
		return e, fmt.Errorf("%q is no outcome of the audit log; see audit.Outcomes", e.Outcome)
	}
	e.Who.Name = line(e.Who.Name, maxName)
	e.From = line(e.From, maxFrom)
	e.Target = line(e.Target, maxTarget)
	e.Detail = line(e.Detail, maxDetail)
	e.RequestID = line(e.RequestID, maxID)
	e.Patients, e.More = patients(e.Patients, max(e.More, 0))
	e.Time = e.Time.UTC().Truncate(time.Millisecond)
	return e, nil
}

// patients orders ids and cuts the list; a list that is cut is about Everybody. What is no legal id cannot be anybody's,
// and is only counted.
func patients(ids []string, more int) ([]string, int) {
	if len(ids) == 0 {
		return nil, more
	}
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	all := slices.Contains(ids, Everybody)
	legal := slices.DeleteFunc(ids, func(id string) bool { return !fhir.IsID(id) && id != Everybody })
	more += len(ids) - len(legal)
	if all {
		legal = legal[1:] // it sorts before every legal id
	}
	if len(legal) > MaxPatients {
		legal, more, all = legal[:MaxPatients], more+len(legal)-MaxPatients, true
	}
	if all {
		legal = slices.Insert(legal, 0, Everybody)
	}
	if len(legal) == 0 {
		return nil, more
	}
	return legal, more
}

// line makes one line of visible text of at most so many bytes. Control and format characters, which could forge a
// line of a log or turn a name around, become spaces.
func line(s string, most int) string {
	if !plain(s) {
		s = strings.Map(func(r rune) rune {
			if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
				return ' '
			}
			return r
		}, strings.ToValidUTF8(s, "\uFFFD"))
	}
	s = strings.TrimSpace(s)
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return strings.TrimSpace(s[:most])
}

// plain reports whether a text is all visible ASCII and spaces.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// ParamNames lists the names of the parameters of a raw query string for Detail, each once, in order. Values hold
// health data and are left out; what does not look like a name becomes "?".
func ParamNames(query string) string {
	var names []string
	for part := range strings.FieldsFuncSeq(query, func(r rune) bool { return r == '&' || r == ';' }) {
		name, _, ok := strings.Cut(part, "=")
		name = strings.NewReplacer("%3A", ":", "%3a", ":").Replace(name)
		if !ok || !isParamName(name) {
			name = "?"
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), " ")
}

// isParamName holds for names such as "_id", "code:in", "subject:Patient.name" and "value-quantity". No name of R4 has a
// digit, but a number put in a wrong place has.
func isParamName(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if c|0x20 >= 'a' && c|0x20 <= 'z' || strings.IndexByte("_-:.$", c) >= 0 {
			continue
		}
		return false
	}
	return true
}
