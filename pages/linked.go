package pages

import (
	"slices"
	"time"

	"satchel/exports"
	"satchel/fhir"
)

// linkedRecord is a record that is linked with another one by Patient.link, as charts and forms show it.
type linkedRecord struct {
	person
	Links, Back []string // types of the links from the nearer record, and from this one
	Further     bool     // it is linked with a linked record
	Gone        bool     // it was deleted; what it was is told
	Differs     []string // in what it contradicts the record; including it takes a second confirmation
	Chosen      bool     // the form includes it
	Confirmed   bool     // and confirms it once more
}

// linkedPart is what forms show of linked records: each is included or left out.
type linkedPart struct {
	Records []linkedRecord
	Unseen  int  // of those that the account may not read, which stay out
	Bad     bool // a second confirmation is missing
}

// linkedWith finds what is linked with a patient, from either side, as far as the account may read it. Of the rest it tells how
// many there are. The audit log learns whom it shows.
func (v *Request) linkedWith(id string, may func(exports.Linked) bool, named ...string) (p linkedPart, err error) {
	all, note, err := v.Exports.Linked(v.Context(), v.Actor(0), id, named...)
	if err != nil {
		return p, err
	}
	var d fhir.Document
	for _, l := range all {
		if !may(l) {
			p.Unseen++
			continue
		}
		if err := d.Reset(l.JSON); err != nil {
			return p, err
		}
		who := personOf(&d, v.Store.Bases(), time.Now())
		who.ID = l.ID
		p.Records = append(p.Records, linkedRecord{person: who, Links: knownLinks(l.Links), Back: knownLinks(l.Back), Further: l.Steps > 1, Gone: l.Deleted, Differs: l.Differs})
	}
	v.Saw(note.Patients...)
	return p, nil
}

// knownLinks are types of links that have words. What R4 does not know has the weakest.
func knownLinks(types []string) (all []string) {
	for _, typ := range types {
		if !slices.Contains([]string{"replaced-by", "replaces", "refer"}, typ) {
			typ = "seealso"
		}
		if !slices.Contains(all, typ) {
			all = append(all, typ)
		}
	}
	return all
}

// seen takes every record that may be read.
func seen(l exports.Linked) bool { return l.May }

// included takes those of which the account may have a package.
func included(l exports.Linked) bool { return l.Include }

// take reads what the form chose: the records to include, and those of them that are confirmed once more. False: a confirmation
// is missing.
func (p *linkedPart) take(f *Form) (linked, confirmed []string, ok bool) {
	for i := range p.Records {
		r := &p.Records[i]
		r.Chosen, r.Confirmed = slices.Contains(f.Values["linked"], r.ID), slices.Contains(f.Values["confirmed"], r.ID)
		if !r.Chosen {
			continue
		}
		linked = append(linked, r.ID)
		switch {
		case r.Differs == nil:
		case r.Confirmed:
			confirmed = append(confirmed, r.ID)
		default:
			p.Bad = true
		}
	}
	return linked, confirmed, !p.Bad
}
