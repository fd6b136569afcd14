package requests

import (
	"cmp"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"satchel/handover"
	"satchel/internal/texts"
)

// draft is a letter while it is written, from the texts of texts/en/letters.json.
type draft struct {
	Letter
	facts []any  // what the texts name between braces, name and value in turn; facts are never read as texts
	whose string // which of three texts speaks of the record: own, other, all
}

// draft begins a letter about a request.
func (l *Ledger) draft(e Entry, d Decision) *draft {
	p, q := l.options.Practice(), e.Requester
	subject := cmp.Or(e.Subject.Name, q.Name)
	out := &draft{whose: "other", Letter: Letter{
		Date: l.Today(), From: lines(p.Name, p.Address, p.Phone, p.Email), To: lines(q.Name, q.Organization, q.Address),
	}}
	switch {
	case e.Scope == ScopePopulation:
		out.whose = "all"
	case q.Role == RolePatient:
		out.whose = "own"
	}
	ours := sentences.Text("letters", "practice")
	contact := "contact"
	reach := strings.Join(nonEmpty(p.Phone, p.Email), ", ")
	if reach != "" {
		contact = "contact.reach"
	}
	out.facts = []any{
		"number", e.Number, "received", e.Received.Long(), "due", e.Due.Long(), "asked", e.Asked, "requester", q.Name, "subject", subject,
		"practice", cmp.Or(p.Name, ours), "contact", sentences.Text("letters", contact, "contact", cmp.Or(p.Contact, p.Name, ours), "reach", reach),
		"complaint", cmp.Or(p.Complaint, sentences.Text("letters", "complaint")), // 45 CFR 164.524(d)(2)(iii), 160.306
	}
	return out
}

// say fills a text in, as one line.
func (d *draft) say(key string) string {
	return strings.Join(strings.Fields(sentences.Text("letters", key, d.facts...)), " ")
}

// add adds paragraphs, each with the head that stands beside its text.
func (d *draft) add(keys ...string) {
	for _, key := range keys {
		p := Paragraph{Text: d.say(key)}
		if head := key + ".head"; d.say(head) != head {
			p.Head = d.say(head)
		}
		d.Paragraphs = append(d.Paragraphs, p)
	}
}

// tell adds a paragraph of what somebody wrote, and a list.
func (d *draft) tell(head, text string, items ...string) {
	if text = strings.Join(strings.Fields(text), " "); text != "" || len(items) > 0 {
		d.Paragraphs = append(d.Paragraphs, Paragraph{Head: head, Text: text, Items: items})
	}
}

func (d *draft) acknowledge(e Entry) {
	d.Subject = d.say("acknowledgement.subject")
	d.add("dear", "acknowledgement."+d.whose)
	if strings.TrimSpace(e.Asked) != "" {
		d.add("acknowledgement.asked")
	}
	d.add("acknowledgement.when", "acknowledgement.next", "ask")
}

func (d *draft) extend(e Entry) {
	d.facts = append(d.facts, "before", e.Extension.From.Long())
	d.Subject = d.say("extension.subject")
	d.add("dear", "extension."+d.whose)
	d.tell(d.say("extension.why.head"), e.Extension.Reason)
	d.add("extension.date", "ask")
}

// deny writes that nothing is given, or not all of it, and what can be done about it (45 CFR 164.524(d)(2)).
func (d *draft) deny(e Entry, decided Decision) {
	kind, text, grounds, review := "denial.", decided.Text, d.grounds(decided.Grounds), slices.ContainsFunc(decided.Grounds, Ground.Reviewable)
	if decided.Kind == StepApprove && len(e.Withhold) > 0 {
		kind, text, grounds = "partly.", "", append(grounds, withheld(e.Withhold)...) // the text is that of the approval
		review = review || slices.ContainsFunc(e.Withhold, func(w handover.Withhold) bool { return strings.Contains(w.Authority, reviewedBy) })
	}
	d.Subject = d.say(kind + "subject")
	d.add("dear", kind+d.whose)
	d.tell(d.say("denial.why.head"), text, grounds...)
	if slices.Contains(decided.Grounds, "identity") || slices.Contains(decided.Grounds, "not-representative") {
		d.add("denial.identity")
	}
	if slices.Contains(decided.Grounds, "not-patient") {
		d.add("denial.elsewhere")
	}
	right := "denial.review.none"
	if review {
		right = "denial.review"
	}
	d.tell(d.say("denial.review.head"), d.say(right))
	d.add("denial.complain")
}

// reviewedBy is the rule by which a denial must be reviewed if asked.
const reviewedBy = "164.524(a)(3)"

// grounds are the grounds of a denial as the letter writes them. One that is not on the list is in the text of the decision.
func (d *draft) grounds(list []Ground) (all []string) {
	for _, g := range list {
		if g != GroundOther {
			all = append(all, texts.Sentence(d.say("ground."+string(g))))
		}
	}
	return all
}

// withheld are the reasons for what is left out.
func withheld(list []handover.Withhold) (all []string) {
	for _, w := range list {
		all = append(all, texts.Sentence(strings.Join(nonEmpty(w.Reason, w.Authority), ", ")))
	}
	return all
}

func (d *draft) receipt(e Entry, zone *time.Location) {
	d.Subject = d.say("receipt.subject")
	var given []string
	for _, g := range e.Given {
		given = append(given, disclosed(g, zone))
	}
	first := "receipt.record"
	if d.whose == "all" {
		first = "receipt.all"
	}
	d.tell("", d.say(first), given...)
	d.add("receipt.check", "receipt.safe", "ask")
	d.Signatures = []string{d.say("receipt.sign.given"), d.say("receipt.sign.taken")}
}

// disclosed is the line of a receipt about one disclosure.
func disclosed(g Disclosure, zone *time.Location) string {
	key := "receipt.file"
	if len(g.SHA256) == 0 {
		key = "receipt.paper"
	}
	return sentences.Text("letters", key, "day", DayOf(g.Time, zone).Long(), "file", g.File, "size", g.Bytes, "hash", hex.EncodeToString(g.SHA256),
		"way", Way(g.Way).Text(), "recipient", g.Recipient, "verdict", g.Verdict)
}

// lines splits texts into lines without empty ones.
func lines(texts ...string) []string {
	var all []string
	for _, t := range texts {
		all = append(all, nonEmpty(strings.Split(t, "\n")...)...)
	}
	return all
}
