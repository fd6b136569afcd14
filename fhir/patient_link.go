package fhir

import (
	"iter"
	"slices"
	"strings"
)

// PatientLink is an item of Patient.link that names another Patient of the store.
type PatientLink struct {
	Other string // logical id of the other Patient
	Type  string // replaced-by, replaces, refer, seealso (R4, value set link-type); as written
}

// PatientLinks are the items of Patient.link that name another Patient of the store, in their order; none of other types. The
// strings live until the document's next Reset. An item that names a RelatedPerson, another server's Patient, the Patient itself,
// or a patient by identifier alone, leads nowhere.
func (d *Document) PatientLinks(own Bases) iter.Seq[PatientLink] {
	return func(yield func(PatientLink) bool) {
		if d.typ != "Patient" {
			return
		}
		for _, l := range d.root().field("link").each() {
			to := referenceOf(l.field("other"), "Reference")
			if to.Type == "Patient" && to.ID != d.ID() && own.Owns(to) && !yield(PatientLink{to.ID, l.field("type").text()}) {
				return
			}
		}
	}
}

// ChangedLinks are the Patients whose links from a Patient differ between two of its versions: those that come, go, or get
// another type. Either may be nil, for none.
func ChangedLinks(before, after *Document, own Bases) (ids []string) {
	a, b := linkSet(before, own), linkSet(after, own)
	for l := range a {
		if !b[l] {
			ids = append(ids, l.Other)
		}
	}
	for l := range b {
		if !a[l] {
			ids = append(ids, l.Other)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// linkSet are the links of a Patient, each once; none of nil.
func linkSet(d *Document, own Bases) map[PatientLink]bool {
	set := map[PatientLink]bool{}
	if d != nil {
		for l := range d.PatientLinks(own) {
			set[PatientLink{strings.Clone(l.Other), strings.Clone(l.Type)}] = true
		}
	}
	return set
}
