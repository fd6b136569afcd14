package fhir

import (
	"slices"
	"strings"
	"sync"
)

// Kind is how resources of a type come into the record of one patient.
type Kind string

// The kinds. A type has the kind of its strongest way; some have further ways, which [Disposition] lists.
const (
	Direct   Kind = "direct"   // an element says whom the resource is about
	Role     Kind = "role"     // an element says who takes part; counts where nobody else is the subject
	Forward  Kind = "forward"  // the record points to it: directory, catalogue, definitions
	Reverse  Kind = "reverse"  // it points to something in the record
	System   Kind = "system"   // configuration of the software: in no patient's record, always in the population
	Excluded Kind = "excluded" // about patients, yet not part of their records
)

// Disposition says what becomes of the resources of one type when the record of one patient is gathered. The table of
// them is the source of the public format documentation.
type Disposition struct {
	Type    string
	Kind    Kind
	Subject []string // search parameters of R4's patient compartment that say whom it is about
	Roles   []string // further parameters of the compartment: who takes part
	Links   []Link   // elements that tie it to what they point to
	// Authority is the rule behind all this: of FHIR, of HIPAA or of ONC.
	Authority string
	Joint     bool   // one resource may be about several patients: each gets an excerpt
	Reason    string // plain words: what the type is to a patient and when it is in the record
}

// Link is an element through which a resource belongs to the record of what it points to.
type Link struct {
	Path  string // below the resource: "entry.item"
	Param string // search parameter by which to find what names something in the record and is another patient's; "" for none
	Item  string // the list of which an excerpt leaves out items: "entry"; "" for a single link
	Role  bool   // takes part only: does not count beside another patient as the subject
	Hangs bool   // counts only for a resource that names no patient; a patient named there is only mentioned
}

// ownerless are types whose resources may belong to a patient and as well to nobody: equipment, calendars, groups,
// contracts, and what is about something else.
var ownerless = []string{"BiologicallyDerivedProduct", "Binary", "Bundle", "Contract", "Device", "DeviceMetric", "Group", "Linkage", "Provenance", "Schedule", "Slot", "VerificationResult"}

// Ownerless reports whether it is in order that a resource of the type belongs to no patient. Of any other type one that
// names no patient, and hangs on nothing of one, is unassigned: it ought to be somebody's.
func (d Disposition) Ownerless() bool { return !d.Kind.belongs() || slices.Contains(ownerless, d.Type) }

// Divisible reports whether a resource of the type that belongs to several patients can be cut to one of them: a list of items, or
// an event in which each takes part. Of anything else nobody can tell which of them it is about.
func (d Disposition) Divisible() bool {
	return d.Joint || d.Kind == Role || slices.ContainsFunc(d.Links, func(l Link) bool { return l.Item != "" })
}

// DispositionOf returns the disposition of a type; false for a type that the table does not have.
func DispositionOf(typ string) (Disposition, bool) {
	d, ok := dispositions()[typ]
	return d, ok
}

// Dispositions lists the table, sorted by type.
func Dispositions() []Disposition {
	var all []Disposition
	for _, d := range dispositions() {
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b Disposition) int { return strings.Compare(a.Type, b.Type) })
	return all
}

// dispositions reads the table of reasons, and takes the parameters of the compartment and the links to it.
var dispositions = sync.OnceValue(func() map[string]Disposition {
	all, ties := make(map[string]Disposition, 150), tiesOf()
	for line := range strings.Lines(dispositionTable) {
		kind, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		typ, reason, ok := strings.Cut(rest, " ")
		if !ok {
			continue
		}
		d := Disposition{Type: typ, Kind: Kind(kind), Links: slices.Concat(linksOf[typ], ties[typ]), Joint: slices.Contains(jointTypes, typ), Reason: reason}
		for _, p := range compartmentParams(typ) {
			if slices.Contains(subjectLike, p) {
				d.Subject = append(d.Subject, p)
			} else {
				d.Roles = append(d.Roles, p)
			}
		}
		d.Authority = d.authorityOf()
		all[typ] = d
	}
	return all
})

// jointTypes may be about several patients in one resource by their nature: lists of targets, shares of payments.
// Other types are so only when several patients take part and none is the subject, or several are.
var jointTypes = []string{"Group", "Linkage", "MessageHeader", "PaymentReconciliation", "Person", "Provenance", "VerificationResult"}

// linksOf are the elements behind Disposition.Links.
var linksOf = map[string][]Link{
	"Binary": {{Path: "securityContext"}},
	"BiologicallyDerivedProduct": {
		{Path: "collection.source"}, {Path: "request", Item: "request"},
	},
	"Composition": {
		{Path: "section.entry", Param: "entry", Item: "section.entry"},
		{Path: "section.section.entry", Item: "section.section.entry"},
	},
	"Contract":           {{Path: "subject", Param: "subject", Item: "subject"}, {Path: "signer.party", Param: "signer", Role: true}},
	"Device":             {{Path: "patient", Param: "patient"}},
	"DeviceMetric":       {{Path: "source", Param: "source"}, {Path: "parent", Param: "parent"}},
	"DocumentManifest":   {{Path: "content", Param: "item", Item: "content"}, {Path: "related.ref", Param: "related-ref", Item: "related"}},
	"EnrollmentResponse": {{Path: "request", Param: "request"}},
	"Group":              {{Path: "member.entity", Item: "member"}},
	"GuidanceResponse":   {{Path: "subject", Param: "subject"}},
	"Linkage":            {{Path: "item.resource", Param: "item", Item: "item"}},
	"List":               {{Path: "entry.item", Param: "item", Item: "entry"}},
	"MessageHeader":      {{Path: "focus", Param: "focus", Item: "focus"}},
	"PaymentNotice":      {{Path: "request", Param: "request"}, {Path: "response", Param: "response"}},
	"PaymentReconciliation": {
		{Path: "detail.request", Item: "detail"},
		{Path: "detail.response", Item: "detail"}, {Path: "request", Param: "request"},
	},
	"Person":     {{Path: "link.target", Item: "link"}},
	"Provenance": {{Path: "target", Param: "target", Item: "target"}},
	"Slot":       {{Path: "schedule", Param: "schedule"}},
	"Task": {
		{Path: "focus", Param: "focus"}, {Path: "partOf", Param: "part-of", Item: "partOf"}, {Path: "basedOn", Param: "based-on", Item: "basedOn"},
	},
	"VerificationResult": {{Path: "target", Param: "target", Item: "target"}},
}
