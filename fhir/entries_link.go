package fhir

import "strings"

// R4 has no search parameter for some of the elements that bring a resource into a patient's record. The index has
// entries for them all the same, under names that no search can ask for, so that a record costs no more in a large store.

// ownIndex begins the name of an index of our own: "_" and the element's path.
const ownIndex = "_"

// insideIndex is the index of the patients whose resources are in a Bundle.
const insideIndex = ownIndex + "entry.resource"

// linkEntries appends the entries of the links that no search parameter indexes, and those of a Bundle's patients.
func (d *Document) linkEntries(dst []Entry) []Entry {
	for _, l := range compiledLinks()[d.typ] {
		if l.key == 0 {
			continue
		}
		l.walk(d.root(), func(_, ref node) {
			if to := referenceOf(ref, "Reference"); to.Names() {
				dst = append(dst, Entry{l.key, to.hash()})
			}
		})
	}
	if d.typ == "Bundle" {
		for _, o := range d.ownersInside(Bases{}) {
			dst = append(dst, ReferenceEntry("Bundle", insideIndex, o.Patient))
		}
	}
	return dst
}

// isOwnIndex reports whether a parameter is an index of our own.
func isOwnIndex(param string) bool { return strings.HasPrefix(param, ownIndex) }
