package audit

import (
	"net/netip"
	"strconv"
	"strings"

	"satchel/fhir"
)

// Systems of codes of an AuditEvent beside those of its type.
const (
	entityType = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
	objectRole = "http://terminology.hl7.org/CodeSystem/object-role"
	sourceType = "http://terminology.hl7.org/CodeSystem/security-source-type"
	agentType  = "http://terminology.hl7.org/CodeSystem/extra-security-role-type"
)

// Source is meta.source of every AuditEvent that is written from the log.
const Source = "urn:satchel:audit-log"

// The parts of an AuditEvent that an event fills.
type (
	auditEvent struct {
		ResourceType string   `json:"resourceType"`
		ID           string   `json:"id,omitempty"`
		Meta         meta     `json:"meta"`
		Type         code     `json:"type"`
		Subtype      []code   `json:"subtype"`
		Action       string   `json:"action,omitempty"`
		Recorded     string   `json:"recorded"`
		Outcome      string   `json:"outcome"`
		OutcomeDesc  string   `json:"outcomeDesc,omitempty"`
		Agent        []agent  `json:"agent"`
		Source       source   `json:"source"`
		Entity       []entity `json:"entity,omitempty"`
	}
	meta struct {
		VersionID   string `json:"versionId,omitempty"`
		LastUpdated string `json:"lastUpdated,omitempty"`
		Source      string `json:"source"`
	}
	code struct {
		System string `json:"system"`
		Code   string `json:"code"`
	}
	codes struct {
		Coding []code `json:"coding"`
	}
	reference struct {
		Reference  string      `json:"reference,omitempty"`
		Identifier *identifier `json:"identifier,omitempty"`
		Display    string      `json:"display,omitempty"`
	}
	identifier struct {
		Value string `json:"value"`
	}
	agent struct {
		Type      *codes    `json:"type,omitempty"`
		Who       reference `json:"who"`
		AltID     string    `json:"altId,omitempty"`
		Name      string    `json:"name,omitempty"`
		Requestor bool      `json:"requestor"`
		Network   *network  `json:"network,omitempty"`
	}
	network struct {
		Address string `json:"address"`
		Type    string `json:"type"`
	}
	source struct {
		Observer reference `json:"observer"`
		Type     []code    `json:"type"`
	}
	entity struct {
		What   *reference `json:"what,omitempty"`
		Type   code       `json:"type"`
		Role   *code      `json:"role,omitempty"`
		Name   string     `json:"name,omitempty"`
		Detail []detail   `json:"detail,omitempty"`
	}
	detail struct {
		Type  string `json:"type"`
		Value string `json:"valueString"`
	}
)

// idHash is how much of an event's hash its id holds, in hex digits.
const idHash = 16

// ID is the logical id of an event's AuditEvent: "log-17-9f86d081884c7d65", its seq and the begin of its hash. No other log
// has that event, so ids of events that another server wrote and that were stored here as resources are others. "" for an
// event that is not stored.
func ID(e Event) string {
	if e.Seq <= 0 || len(e.Hash) < idHash {
		return ""
	}
	return "log-" + strconv.FormatInt(e.Seq, 10) + "-" + e.Hash[:idHash]
}

// SeqOf is the seq in a text of the form of [ID]. Whether the log has an event of that id only the log can say.
func SeqOf(id string) (seq int64, ok bool) {
	rest, ok := strings.CutPrefix(id, "log-")
	number, hash, dash := strings.Cut(rest, "-")
	seq, err := strconv.ParseInt(number, 10, 64)
	if !ok || !dash || err != nil || seq < 1 || len(hash) != idHash || strings.Trim(hash, "0123456789abcdef") != "" {
		return 0, false
	}
	return seq, true
}

// FHIR writes an event as an R4 AuditEvent, compact JSON, with the id that [ID] gives. The event must be clean, as every
// stored one is.
func FHIR(e Event) []byte {
	c := actions[e.Action]
	a := auditEvent{
		ResourceType: "AuditEvent",
		ID:           ID(e),
		Meta:         meta{Source: Source},
		Type:         code{dicom, c.typ},
		Action:       c.crud,
		Recorded:     fhir.FormatInstant(e.Time),
		Outcome:      map[Outcome]string{Success: "0", Refused: "4", Failed: "8"}[e.Outcome],
		Agent:        []agent{agentOf(e)},
		Source:       source{Observer: reference{Display: "Satchel"}, Type: []code{{sourceType, "4"}}},
		Entity:       entities(e),
	}
	if a.ID != "" {
		a.Meta.VersionID, a.Meta.LastUpdated = "1", a.Recorded // it never gets another one
	}
	if e.Status != 0 {
		a.OutcomeDesc = strconv.Itoa(e.Status)
	}
	system := dicom
	if c.typ == "rest" {
		a.Type.System, system = rest, inter
	}
	if c.subtype != "" {
		a.Subtype = append(a.Subtype, code{system, c.subtype})
	}
	a.Subtype = append(a.Subtype, code{own, string(e.Action)})
	return marshal(a)
}

// agentOf is the actor.
func agentOf(e Event) agent {
	a := agent{Who: reference{Display: string(e.Who.Kind)}, Requestor: e.Who.Kind != System}
	if e.Who.Name != "" {
		a.Who = reference{Identifier: &identifier{e.Who.Name}, Display: e.Who.Name}
		a.AltID, a.Name = e.Who.Name, e.Who.Name // for those who search by altid and agent-name
	}
	if role := map[Kind]string{User: "humanuser", CLI: "humanuser", Client: "dataprocessor", System: "dataprocessor"}[e.Who.Kind]; role != "" {
		a.Type = &codes{[]code{{agentType, role}}}
	}
	if e.From != "" {
		a.Network = &network{e.From, "1"} // a machine's name
		if _, err := netip.ParseAddr(e.From); err == nil {
			a.Network.Type = "2"
		}
	}
	return a
}

// entities are the target, if there is anything to say of it, and each patient that is not the target itself.
func entities(e Event) []entity {
	var all []entity
	first := target(e)
	if first.What != nil || first.Name != "" || first.Detail != nil {
		all = append(all, first)
	}
	for _, id := range e.Patients {
		if id == Everybody {
			all = append(all, entity{What: &reference{Display: "every patient"}, Type: code{entityType, "1"}, Role: &code{objectRole, "1"}})
			continue
		}
		if p := "Patient/" + id; p != e.Target {
			all = append(all, entity{What: &reference{Reference: p}, Type: code{entityType, "1"}, Role: &code{objectRole, "1"}})
		}
	}
	return all
}

// target is the first entity. Where the target is no resource its text is a name.
func target(e Event) entity {
	t := entity{Type: code{entityType, "2"}}
	role := actions[e.Action].role
	switch {
	case fhir.ParseReference(e.Target).Plain():
		t.What = &reference{Reference: e.Target}
		role = "4"
		if strings.HasPrefix(e.Target, "Patient/") {
			t.Type.Code, role = "1", "1"
		}
	case e.Target != "":
		t.Name = e.Target
	}
	if role != "" && e.Target != "" {
		t.Role = &code{objectRole, role}
	}
	for _, d := range []detail{{"detail", e.Detail}, {"request-id", e.RequestID}, {"hash", e.Hash}} {
		if d.Value != "" {
			t.Detail = append(t.Detail, d)
		}
	}
	if e.More > 0 {
		t.Detail = append(t.Detail, detail{"more-patients", strconv.Itoa(e.More)})
	}
	return t
}
