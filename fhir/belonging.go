package fhir

import (
	"net/url"
	"slices"
	"strings"
)

// Belonging says to whom a document belongs, by R4's patient compartment and by [Disposition]:
//
//   - whom a subject-like element names is the subject; whoever takes part besides is only somebody else's helper;
//   - if no patient is the subject, who takes part counts, unless something says that the document is about somebody who
//     is not known here, such as a patient of another server;
//   - if it names no patient so, it belongs to whom the things belong that it hangs on, such as the encounter; and if it
//     hangs on nothing, to the patients whom it mentions anywhere, in an extension say.
//
// Which of the three it is follows from the document alone, so that it does not matter in which order resources arrive.
type Belonging struct {
	Owners []Owner // by what it says itself, each once, in order of id
	// Subjects are names, as of [Document.Names], of the patients it is about: by identifier or by UUID. They count before
	// Ties.
	Subjects []string
	Ties     []string // names of what it hangs on, each once
}

// Hangs reports whether other documents have a say in whose it is.
func (b Belonging) Hangs() bool { return len(b.Subjects)+len(b.Ties) > 0 }

// Belonging reads whose the document is. References count that name resources of this server, whose bases are own.
func (d *Document) Belonging(own Bases) Belonging {
	t := searchOf(d.typ)
	if t == nil {
		return Belonging{}
	}
	if d.typ == "Bundle" {
		return d.bundleBelonging(own)
	}
	return belonging(t, d.typ, d.root(), own, true)
}

// belonging reads whose a resource is, the document itself or one inside it. Mentions are looked for in a whole document.
func belonging(t *search, typ string, resource node, own Bases, whole bool) Belonging {
	r := reader{own: own, kind: t.kind}
	if id := resource.field("id"); typ == "Patient" && id.ok() {
		r.owners = append(r.owners, Owner{id.text(), tierSubject})
	}
	t.owners.walk(resource, func(e *end, v node) bool {
		if to := ParseReference(textOf(v, "reference")); to.Type == "Patient" && own.Owns(to) {
			r.owners = addOwner(r.owners, to.ID, e.tier)
		}
		return true
	})
	if len(r.owners) >= fewOwners {
		r.owners = strongest(r.owners)
	}
	if whole && typ != "Patient" {
		r.mentions(resource.d)
	}
	if typ != "Patient" && !r.has(tierSubject) && r.kind.belongs() {
		r.hang(t, resource)
	}
	return r.settle(typ == "Patient")
}

// belongs reports whether resources of a kind can be a patient's.
func (k Kind) belongs() bool { return k == Direct || k == Role || k == Reverse }

// reader is one reading of whose a resource is. The Why of owners are tiers until they are settled.
type reader struct {
	own            Bases
	kind           Kind
	owners         []Owner
	subjects, ties []string
	items          int  // references in the items of lists
	about          bool // it is about somebody who is not known here, or not by an id
	foreign        bool // it is about a patient of another server
}

func (r *reader) has(tier Why) bool {
	return slices.ContainsFunc(r.owners, func(o Owner) bool { return o.Why == tier })
}

// mentions takes in the patients that a document names anywhere.
func (r *reader) mentions(d *Document) {
	d.ReferenceTexts(func(text string) {
		if to := ParseReference(text); to.Type == "Patient" && r.own.Owns(to) {
			if len(r.owners) < fewOwners {
				r.owners = addOwner(r.owners, to.ID, tierMention)
			} else if !r.owns(to.ID) {
				r.owners = append(r.owners, Owner{strings.Clone(to.ID), tierMention})
			}
		}
	})
	if len(r.owners) >= fewOwners {
		r.owners = strongest(r.owners)
	}
	if d.typ == "Subscription" {
		for _, id := range criteriaPatients(d.root().field("criteria").text(), r.own) {
			r.owners = addOwner(r.owners, id, tierMention)
		}
	}
}

// owns looks for a patient among owners that were put in order, and others behind them.
func (r *reader) owns(id string) bool {
	_, found := slices.BinarySearchFunc(r.owners, id, func(o Owner, id string) int { return strings.Compare(o.Patient, id) })
	return found
}

// criteriaPatients are the patients that a search such as "Observation?patient=Patient/1" names.
func criteriaPatients(criteria string, own Bases) (ids []string) {
	_, query, _ := strings.Cut(criteria, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil
	}
	for name, list := range values {
		name, _, _ = strings.Cut(name, ":")
		for _, value := range list {
			for one := range strings.SplitSeq(value, ",") {
				bare := name == "patient" && IsID(one)
				if to := ParseReference(one); bare || to.Type == "Patient" && own.Owns(to) {
					ids = append(ids, BarePatient(one))
				}
			}
		}
	}
	return ids
}

// hang reads what else says whose a resource is that has no patient for its subject.
func (r *reader) hang(t *search, resource node) {
	t.owners.walk(resource, func(e *end, v node) bool {
		to := ParseReference(textOf(v, "reference"))
		switch e.tier {
		case tierSubject:
			r.subject(resource, v, to)
		case tierItem:
			r.items++
			r.tie(to)
		case tierAbout:
			r.tie(to)
		}
		return true
	})
	t.ties.walk(resource, func(_ *end, v node) bool {
		if to := ParseReference(textOf(v, "reference")); to.Type != "Group" {
			r.tie(to)
		}
		return true
	})
	for _, c := range resource.field("contained").each() {
		r.inner(c)
	}
}

// subject reads a subject-like element that names no patient by id.
func (r *reader) subject(resource, v node, to Reference) {
	switch {
	case to.Names() && to.Type == "Patient", to.Form == FormOther:
		r.about, r.foreign = true, true
	case to.Names() && to.Type != "Group": // what is about a group is about none of its members
		r.tie(to) // a device of the patient, say
	case to.Names():
	case to.Form == FormURN:
		r.about = true
		if id, ok := strings.CutPrefix(to.URN(), "urn:uuid:"); ok && isUUID([]byte(to.URN())) {
			r.name("Patient/" + id)
		}
	case to.Form == FormContained:
		for _, c := range resource.field("contained").each() {
			if c.field("id").is(to.ID) && c.field("resourceType").is("Patient") {
				r.about = true
				r.identified(c.field("identifier"))
			}
		}
	case to.Form == FormConditional && to.Type == "Patient":
		r.about = true
		if values, err := url.ParseQuery(to.Query); err == nil && len(values) == 1 {
			if system, value, ok := strings.Cut(values.Get("identifier"), "|"); ok {
				r.name(identifierName(system, value))
			}
		}
	case to.Form == FormConditional:
	case !v.field("type").ok() || v.field("type").is("Patient"):
		r.about = true
		r.identified(v.field("identifier"))
	}
}

// identified takes in identifiers of a patient that a resource is about.
func (r *reader) identified(identifiers node) {
	for _, i := range identifiers.each() {
		r.name(identifierName(i.field("system").text(), i.field("value").text()))
	}
}

// name notes a name of a patient that a resource is about.
func (r *reader) name(name string) {
	if name != "" && !slices.Contains(r.subjects, name) {
		r.subjects = append(r.subjects, name)
	}
}

// tie notes something that a resource hangs on. Only what can be a patient's says anything.
func (r *reader) tie(to Reference) {
	if to.Type == "Patient" || !r.own.Owns(to) {
		return
	}
	if t := searchOf(to.Type); t == nil || !t.kind.belongs() {
		return
	}
	if key := to.Key(); !slices.Contains(r.ties, key) {
		r.ties = append(r.ties, key)
	}
}

// inner takes in whom a contained resource is about.
func (r *reader) inner(contained node) {
	typ := contained.field("resourceType").text()
	t := searchOf(typ)
	if t == nil || typ == "Patient" || !t.kind.belongs() {
		return
	}
	for _, o := range belonging(t, typ, contained, r.own, false).Owners {
		if o.Why.Whole() {
			r.owners = addOwner(r.owners, o.Patient, tierInner)
		}
	}
}

// settle turns tiers into reasons, and leaves out the ties that do not count.
func (r *reader) settle(patient bool) Belonging {
	b := Belonging{Owners: r.owners, Subjects: r.subjects, Ties: r.ties}
	counts, why := Why(0), WhyOther // the tier that counts, and what it is
	switch {
	case patient, r.has(tierSubject):
		counts, why = tierSubject, WhySubject
	case !r.kind.belongs(), r.foreign:
		b.Subjects, b.Ties = nil, nil
	case r.has(tierAbout):
		counts, why = tierAbout, WhySubject
		b.Subjects, b.Ties = nil, nil
	case r.about:
	case r.has(tierRole):
		counts, why = tierRole, WhyRole
		b.Ties = nil
	case r.has(tierItem):
		counts, why = tierItem, r.alone(tierItem)
	case r.has(tierInner):
		counts, why = tierInner, r.alone(tierInner)
		b.Ties = nil
	case len(b.Ties) == 0:
		counts, why = tierMention, r.alone(tierMention)
	}
	for i := range b.Owners {
		if b.Owners[i].Why == counts {
			b.Owners[i].Why = why
		} else {
			b.Owners[i].Why = WhyOther
		}
	}
	slices.SortFunc(b.Owners, func(a, b Owner) int { return strings.Compare(a.Patient, b.Patient) })
	return b
}

// alone is the reason of the patients of a tier: each is one of several, or there is one.
func (r *reader) alone(tier Why) Why {
	n := 0
	for _, o := range r.owners {
		if o.Why == tier {
			n++
		}
	}
	if n > 1 || tier == tierItem && r.items > 1 {
		return WhyShared
	}
	return WhyRole
}

// Names are the texts by which other documents can hang on this one: "Type/id", and for a Patient one for each of its
// identifiers. They are what [Belonging] has.
func (d *Document) Names() []string {
	names := []string{d.typ + "/" + d.id}
	if d.typ != "Patient" {
		return names
	}
	for _, i := range d.root().field("identifier").each() {
		if name := identifierName(i.field("system").text(), i.field("value").text()); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// identifierName is the name of the patient with an identifier; "" if it says too little.
func identifierName(system, value string) string {
	if system == "" || value == "" {
		return ""
	}
	return "Patient?identifier=" + system + "|" + value
}

// IdentifierOf takes a name of a patient by identifier apart; false for a name of another kind.
func IdentifierOf(name string) (system, value string, ok bool) {
	rest, ok := strings.CutPrefix(name, "Patient?identifier=")
	if !ok {
		return "", "", false
	}
	system, value, ok = strings.Cut(rest, "|")
	return system, value, ok
}

// HashName is a name of [Belonging] as a number, the same in every release.
func HashName(name string) int64 { return hash(name) }
