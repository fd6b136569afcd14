package requests

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"satchel/fhir"
	"satchel/handover"
	"satchel/storage"
)

// Request is one person's wish for a copy of a record.
type Request struct {
	ID       string    `json:"id"`
	Number   string    `json:"number"` // for people: 2026-0017
	Version  int64     `json:"version"`
	State    State     `json:"state"`
	Received Day       `json:"received"`
	Due      Day       `json:"due"`
	Answered Day       `json:"answered,omitzero"` // handed over, denied or withdrawn
	Late     bool      `json:"late"`              // answered after the due date
	Created  time.Time `json:"created"`
	Changed  time.Time `json:"changed"`
	Patient  string    `json:"patient,omitempty"` // logical id; "": not yet identified, or everybody
	Job      string    `json:"job,omitempty"`     // that makes or made the package
	Details
}

// Details is what of a request is asked for by people alone and searched only as text.
type Details struct {
	Channel   Channel   `json:"channel"`
	Requester Requester `json:"requester"`
	Subject   Subject   `json:"subject"`
	Scope     Scope     `json:"scope"`
	Asked     string    `json:"asked,omitempty"` // in the requester's words; what a narrowed request is narrowed to
	Purpose   string    `json:"purpose,omitempty"`
	Wish      Wish      `json:"wish"`

	RecordedBy string              `json:"recordedBy"`
	Hands      []string            `json:"hands,omitempty"` // accounts that recorded, checked or amended it: see Options.TwoPersons
	Check      *Check              `json:"check,omitempty"` // of identity; nil: not yet
	Extension  *Extension          `json:"extension,omitempty"`
	Decisions  []Decision          `json:"decisions,omitempty"` // the last one counts
	Linked     []string            `json:"linked,omitempty"`    // ids of Patients whose records staff include as the same person's
	Confirmed  []string            `json:"confirmed,omitempty"` // those of them that differ, and that the approver confirmed once more
	Withhold   []handover.Withhold `json:"withhold,omitempty"`  // what the approver left out
	Package    *Made               `json:"package,omitempty"`   // nil: not yet made
	Failures   int                 `json:"failures,omitempty"`  // of the package
	Failure    string              `json:"failure,omitempty"`   // the last one, in plain words
	App        *App                `json:"app,omitempty"`       // of a request by $ehi-export
	Notes      []Note              `json:"notes,omitempty"`
}

// Requester is who asks.
type Requester struct {
	Name         string `json:"name"`
	Role         Role   `json:"role"`
	Organization string `json:"organization,omitempty"`
	Authority    string `json:"authority,omitempty"` // what shows that they may ask for somebody else, such as a power of attorney
	Phone        string `json:"phone,omitempty"`
	Email        string `json:"email,omitempty"`
	Address      string `json:"address,omitempty"` // lines
}

// Subject is whose record is asked for, as the requester said it.
type Subject struct {
	Name      string `json:"name,omitempty"`
	BirthDate string `json:"birthDate,omitempty"` // as given
	Number    string `json:"number,omitempty"`    // of the patient at the practice
}

// Check says how it was found out who asks.
type Check struct {
	How  Proof     `json:"how"`
	By   string    `json:"by"` // account
	At   time.Time `json:"at"`
	Note string    `json:"note,omitempty"`
}

// Extension is the one extension of the due date.
type Extension struct {
	Days   int       `json:"days"`
	From   Day       `json:"from"` // the due date before
	Reason string    `json:"reason"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
}

// Decision is an approval, a denial, or that one was taken back.
type Decision struct {
	Kind    Step      `json:"kind"` // approve, deny or reopen
	By      string    `json:"by"`
	At      time.Time `json:"at"`
	Grounds []Ground  `json:"grounds,omitempty"` // of a denial
	Text    string    `json:"text,omitempty"`
}

// Made is the package that was made.
type Made struct {
	Job     string     `json:"job"`
	Files   []MadeFile `json:"files"` // as they are handed over: ZIP files, or every file for an app
	Verdict string     `json:"verdict"`
	At      time.Time  `json:"at"`
}

// MadeFile is one file that can be handed over.
type MadeFile struct {
	Name   string `json:"name"`
	Form   Form   `json:"form"` // zip, age or html
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// App is what a request by $ehi-export has beside.
type App struct {
	Account string    `json:"account"` // account or client that asked, and that may poll
	URL     string    `json:"url"`     // as it was sent
	Form    time.Time `json:"form,omitzero"`
}

// Note is something written beside a request.
type Note struct {
	At   time.Time `json:"at"`
	By   string    `json:"by"`
	Text string    `json:"text"`
}

// Decided is the decision in force: the last one, unless it was taken back. False: there is none.
func (r Request) Decided() (Decision, bool) {
	if n := len(r.Decisions); n > 0 && r.Decisions[n-1].Kind != StepReopen {
		return r.Decisions[n-1], true
	}
	return Decision{}, false
}

// Left is how many days are left until the due date; negative when it has passed.
func (r Request) Left(today Day) int { return int(r.Due - today) }

// maxText is the most bytes of one text of a request.
const maxText = 4000

// check refuses, as value or required, what no request can be.
func (r *Request) check() error {
	for _, err := range []error{
		r.Channel.check("how the request came in"), r.Requester.Role.check("the requester's role"), r.Scope.check("what is asked"),
		r.Wish.check("the wish for delivery"),
	} {
		if err != nil {
			return err
		}
	}
	switch {
	case strings.TrimSpace(r.Requester.Name) == "":
		return fhir.Errorf(fhir.CodeRequired, "a request needs the name of who asks")
	case r.Scope == ScopePopulation && r.Patient != "":
		return fhir.Errorf(fhir.CodeValue, "a handover of everybody names no patient; leave the patient out, or ask for one record")
	case r.Scope != ScopePopulation && r.Patient == "" && strings.TrimSpace(r.Subject.Name) == "":
		return fhir.Errorf(fhir.CodeRequired, "a request needs the patient, or the patient's name as it was given")
	case r.Scope == ScopeNarrowed && strings.TrimSpace(r.Asked) == "":
		return fhir.Errorf(fhir.CodeRequired, "a request for a part of a record must say which part")
	case r.Patient != "" && !fhir.IsID(r.Patient):
		return fhir.Errorf(fhir.CodeValue, "%.80q is no id of a patient; choose the patient from the list", r.Patient)
	}
	for _, id := range r.Linked {
		if !fhir.IsID(id) {
			return fhir.Errorf(fhir.CodeValue, "%.80q is no id of a patient", id)
		}
	}
	q, s := r.Requester, r.Subject
	return checkTexts(q.Name, q.Organization, q.Authority, q.Phone, q.Email, q.Address, s.Name, s.BirthDate, s.Number, r.Asked, r.Purpose)
}

// checkTexts refuses texts that are too long, or hold what no JSON of FHIR may.
func checkTexts(texts ...string) error {
	for _, t := range texts {
		if len(t) > maxText {
			return fhir.Errorf(fhir.CodeTooLong, "a text of the request has %d bytes; shorten it to %d", len(t), maxText)
		}
		if !utf8.ValidString(t) || strings.ContainsFunc(t, func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune("\t\r\n", r) }) {
			return fhir.Errorf(fhir.CodeValue, "a text of the request holds characters that cannot be seen; type it anew")
		}
	}
	return nil
}

// touched notes that an account worked on what an approver has to look at.
func (r *Request) touched(account string) {
	if account != "" && !slices.ContainsFunc(r.Hands, func(h string) bool { return strings.EqualFold(h, account) }) {
		r.Hands = append(r.Hands, account)
	}
}

// find is the text that a search looks in.
func (r *Request) find() string {
	q, s := r.Requester, r.Subject
	return fhir.Fold(strings.Join([]string{q.Name, q.Organization, q.Phone, q.Email, s.Name, s.BirthDate, s.Number, r.Patient}, " "))
}

// row is the request as storage keeps it.
func (r *Request) row() (storage.Request, error) {
	body, err := json.Marshal(r.Details)
	if err != nil {
		return storage.Request{}, fmt.Errorf("encode request: %w", err)
	}
	return storage.Request{
		ID: r.ID, Number: r.Number, Version: r.Version, State: string(r.State), Received: int(r.Received), Due: int(r.Due), Answered: int(r.Answered),
		Late: r.Late, Created: r.Created, Changed: r.Changed, Patient: r.Patient, Job: r.Job, Find: r.find(), Body: body,
	}, nil
}

// requestOf reads what row wrote.
func requestOf(s storage.Request) (Request, error) {
	r := Request{
		ID: s.ID, Number: s.Number, Version: s.Version, State: State(s.State), Received: Day(s.Received), Due: Day(s.Due), Answered: Day(s.Answered),
		Late: s.Late, Created: s.Created, Changed: s.Changed, Patient: s.Patient, Job: s.Job,
	}
	if err := json.Unmarshal(s.Body, &r.Details); err != nil {
		return r, fmt.Errorf("read request %s: %w", s.Number, err)
	}
	return r, nil
}
