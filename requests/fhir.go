package requests

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"

	"satchel/fhir"
)

// Systems of our own codes and identifiers.
const (
	codeSystem   = "urn:satchel:request"
	numberSystem = "urn:satchel:request-number"
	stateSystem  = "urn:satchel:request-state"
	stepSystem   = "urn:satchel:request-step"
	groundSystem = "urn:satchel:request-ground"
)

// The parts of a Task and of a Provenance that an entry fills.
type (
	task struct {
		ResourceType   string       `json:"resourceType"`
		ID             string       `json:"id"`
		Meta           meta         `json:"meta"`
		Identifier     []identifier `json:"identifier"`
		Status         string       `json:"status"`
		StatusReason   *concept     `json:"statusReason,omitempty"`
		BusinessStatus concept      `json:"businessStatus"`
		Intent         string       `json:"intent"`
		Code           concept      `json:"code"`
		Description    string       `json:"description,omitempty"`
		For            *reference   `json:"for,omitempty"`
		Execution      *period      `json:"executionPeriod,omitempty"`
		AuthoredOn     string       `json:"authoredOn"`
		LastModified   string       `json:"lastModified"`
		Requester      reference    `json:"requester"`
		Owner          *reference   `json:"owner,omitempty"`
		ReasonCode     *concept     `json:"reasonCode,omitempty"`
		Note           []annotation `json:"note,omitempty"`
		Restriction    restriction  `json:"restriction"`
		Input          []parameter  `json:"input,omitempty"`
		Output         []parameter  `json:"output,omitempty"`
	}
	provenance struct {
		ResourceType string      `json:"resourceType"`
		ID           string      `json:"id"`
		Target       []reference `json:"target"`
		OccurredAt   string      `json:"occurredDateTime"`
		Recorded     string      `json:"recorded"`
		Reason       []concept   `json:"reason,omitempty"`
		Activity     concept     `json:"activity"`
		Agent        []agent     `json:"agent"`
		Entity       []entity    `json:"entity,omitempty"`
	}
	meta struct {
		VersionID   string `json:"versionId"`
		LastUpdated string `json:"lastUpdated"`
	}
	identifier struct {
		System string `json:"system,omitempty"`
		Value  string `json:"value"`
	}
	coding struct {
		System string `json:"system"`
		Code   string `json:"code"`
	}
	concept struct {
		Coding []coding `json:"coding,omitempty"`
		Text   string   `json:"text,omitempty"`
	}
	reference struct {
		Reference  string      `json:"reference,omitempty"`
		Identifier *identifier `json:"identifier,omitempty"`
		Display    string      `json:"display,omitempty"`
	}
	period struct {
		Start string `json:"start,omitempty"`
		End   string `json:"end,omitempty"`
	}
	restriction struct {
		Period period `json:"period"`
	}
	annotation struct {
		Author string `json:"authorString,omitempty"`
		Time   string `json:"time,omitempty"`
		Text   string `json:"text"`
	}
	parameter struct {
		Type  concept `json:"type"`
		Value string  `json:"valueString"`
	}
	agent struct {
		Type concept   `json:"type"`
		Who  reference `json:"who"`
	}
	entity struct {
		Role string    `json:"role"`
		What reference `json:"what"`
	}
)

// taskStatus is the state in the words of Task.status; businessStatus has our own.
var taskStatus = map[State]string{
	Received: "received", Verifying: "received", Approved: "accepted", Denied: "rejected", Producing: "in-progress", Ready: "in-progress",
	Delivered: "completed", Closed: "completed", Withdrawn: "cancelled",
}

// FHIR writes an entry as R4 resources, compact JSON: a Task, and a Provenance for each decision and each disclosure.
func FHIR(e Entry) [][]byte {
	all := [][]byte{marshal(e.task())}
	for i, d := range e.Decisions {
		all = append(all, marshal(e.decided(i, d)))
	}
	for _, g := range e.Given {
		all = append(all, marshal(e.disclosed(g)))
	}
	return all
}

// WriteFHIR writes the resources of all entries, one per line, and stops at the first error of either side.
func WriteFHIR(w io.Writer, entries iter.Seq2[Entry, error]) error {
	for e, err := range entries {
		if err != nil {
			return err
		}
		for _, line := range FHIR(e) {
			if _, err := w.Write(append(line, '\n')); err != nil {
				return err
			}
		}
	}
	return nil
}

// WriteBundle writes the resources of all entries as one Bundle of type collection, and stops at the first error of either
// side.
func WriteBundle(w io.Writer, entries iter.Seq2[Entry, error]) error {
	before := `{"resourceType":"Bundle","type":"collection"`
	next := `,"entry":[`
	for e, err := range entries {
		if err != nil {
			return err
		}
		for _, r := range FHIR(e) {
			if _, err := fmt.Fprintf(w, `%s%s{"resource":%s}`, before, next, r); err != nil {
				return err
			}
			before, next = "", ","
		}
	}
	end := "]}\n"
	if before != "" { // no entry: FHIR has no empty lists
		end = before + "}\n"
	}
	_, err := io.WriteString(w, end)
	return err
}

// task is the request itself.
func (e Entry) task() task {
	q := e.Requester
	t := task{
		ResourceType: "Task", ID: e.ID, Meta: meta{strconv.FormatInt(e.Version, 10), fhir.FormatInstant(e.Changed)},
		Identifier: []identifier{{numberSystem, e.Number}}, Status: taskStatus[e.State], BusinessStatus: concept{Coding: []coding{{stateSystem, string(e.State)}}},
		Intent: "order", Code: concept{[]coding{{codeSystem, "ehi-access-request"}}, e.Scope.Text()}, Description: full(e.Asked),
		AuthoredOn: e.Received.String(), LastModified: fhir.FormatInstant(e.Changed), Restriction: restriction{period{e.Received.String(), e.Due.String()}},
		Requester: reference{Display: full(strings.Join(nonEmpty(q.Name, q.Organization), ", "))},
	}
	if e.Patient != "" {
		t.For = &reference{Reference: "Patient/" + e.Patient}
	} else if s := strings.Join(nonEmpty(e.Subject.Name, e.Subject.BirthDate), ", "); full(s) != "" {
		t.For = &reference{Display: s}
	}
	if q.Role == RolePatient && e.Patient != "" {
		t.Requester.Reference = "Patient/" + e.Patient
	}
	if e.Answered != 0 {
		t.Execution = &period{Start: e.Received.String(), End: e.Answered.String()}
	}
	if e.RecordedBy != "" {
		t.Owner = account(e.RecordedBy)
	}
	if p := full(e.Purpose); p != "" {
		t.ReasonCode = &concept{Text: p}
	}
	t.StatusReason = e.reason()
	for _, n := range e.Notes {
		t.Note = append(t.Note, annotation{n.By, fhir.FormatInstant(n.At), n.Text})
	}
	t.Input, t.Output = e.inputs(), e.outputs()
	return t
}

// reason is why the request is in its state: the grounds of a denial, why it was extended, or what failed.
func (e Entry) reason() *concept {
	if d, ok := e.Decided(); ok && d.Kind == StepDeny {
		return grounded(d)
	}
	if e.Failure != "" {
		return &concept{Text: e.Failure}
	}
	if e.Extension != nil {
		return &concept{Coding: []coding{{stepSystem, string(StepExtend)}}, Text: full(e.Extension.Reason)}
	}
	return nil
}

// grounded are the grounds of a decision; nil if there is nothing to say.
func grounded(d Decision) *concept {
	c := concept{Text: full(d.Text)}
	for _, g := range d.Grounds {
		c.Coding = append(c.Coding, coding{groundSystem, string(g)})
	}
	if c.Coding == nil && c.Text == "" {
		return nil
	}
	return &c
}

// inputs are what was asked and how it was checked.
func (e Entry) inputs() []parameter {
	q := e.Requester
	all := []parameter{}
	add := func(code, value string) {
		if value = full(value); value != "" {
			all = append(all, parameter{concept{Coding: []coding{{codeSystem, code}}}, value})
		}
	}
	add("channel", string(e.Channel))
	add("role", string(q.Role))
	add("scope", string(e.Scope))
	add("wish", string(e.Wish))
	add("authority", q.Authority)
	add("phone", q.Phone)
	add("email", q.Email)
	add("address", q.Address)
	add("subject-name", e.Subject.Name)
	add("subject-birth-date", e.Subject.BirthDate)
	add("subject-number", e.Subject.Number)
	if c := e.Check; c != nil {
		add("identity-check", string(c.How)+" by "+c.By+" at "+fhir.FormatInstant(c.At))
		add("identity-check-note", c.Note)
	}
	for _, id := range e.Linked {
		add("linked", "Patient/"+id)
	}
	for _, w := range e.Withhold {
		add("withheld", strings.Join(nonEmpty(w.Resource, w.System, w.Code, w.Reason, w.Authority), ", "))
	}
	return all
}

// outputs are what was given.
func (e Entry) outputs() []parameter {
	var all []parameter
	for _, g := range e.Given {
		text := strings.Join(nonEmpty(g.File, hex.EncodeToString(g.SHA256), g.Way, g.Form), ", ")
		all = append(all, parameter{concept{Coding: []coding{{codeSystem, "disclosure"}}}, text})
	}
	return all
}

// decided is the Provenance of a decision.
func (e Entry) decided(i int, d Decision) provenance {
	p := e.provenance(fmt.Sprintf("decision-%d", i+1), d.At, string(d.Kind), d.By)
	if g := grounded(d); g != nil {
		p.Reason = []concept{*g}
	}
	return p
}

// disclosed is the Provenance of a disclosure.
func (e Entry) disclosed(g Disclosure) provenance {
	p := e.provenance(fmt.Sprintf("disclosure-%d", g.ID), g.Time, "disclosure", g.Who)
	p.Agent = append(p.Agent, agent{concept{Coding: []coding{{"http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP"}}}, reference{Display: full(g.Recipient)}})
	if len(g.SHA256) > 0 {
		what := reference{Identifier: &identifier{"urn:satchel:sha256", hex.EncodeToString(g.SHA256)}, Display: strings.Join(nonEmpty(g.File, g.Verdict), ", ")}
		p.Entity = []entity{{"source", what}}
	}
	return p
}

func (e Entry) provenance(id string, at time.Time, activity, who string) provenance {
	p := provenance{
		ResourceType: "Provenance", ID: cut(e.ID+"-"+id, 64), Target: []reference{{Reference: "Task/" + e.ID}}, OccurredAt: fhir.FormatInstant(at),
		Recorded: fhir.FormatInstant(at), Activity: concept{Coding: []coding{{stepSystem, activity}}},
		Agent: []agent{{concept{Coding: []coding{{"http://terminology.hl7.org/CodeSystem/provenance-participant-type", "author"}}}, *account(cmp.Or(who, "system"))}},
	}
	if e.Patient != "" {
		p.Target = append(p.Target, reference{Reference: "Patient/" + e.Patient})
	}
	return p
}

// account refers to a local account.
func account(name string) *reference {
	return &reference{Identifier: &identifier{"urn:satchel:account", name}, Display: name}
}

// full is a text that a FHIR string may be: without spaces around.
func full(s string) string { return strings.TrimSpace(s) }

func nonEmpty(all ...string) []string {
	var some []string
	for _, s := range all {
		if full(s) != "" {
			some = append(some, full(s))
		}
	}
	return some
}

// cut is the begin of a text of one-byte letters.
func cut(s string, most int) string { return s[:min(len(s), most)] }

// marshal writes compact JSON as it is read by people. What is given to it cannot fail.
func marshal(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("requests: " + err.Error())
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
