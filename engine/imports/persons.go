package imports

import (
	"bytes"
	"fmt"
	"slices"

	"satchel/fhir"
	"satchel/storage"
)

// An id may be taken here by another person: two practices both have a Patient/1. Before anything is stored, the files are looked
// through for such persons. They are held back, with whatever refers to them, until somebody says who they are: the same person
// ([Import.Same]), or another one ([Import.Another]), who gets an id of their own.

// Held is a person who is held back, with what refers to them.
type Held struct {
	Key     string // "Patient/1"
	Differs []string
	File    string // where the files have the person
	Line    int64
	InFiles bool // the other one is in the files too, and not in the store

	Here, There HeldName // the one in the store, or first in the files; the one held back
}

// HeldName is by what people tell a person: names and birth date, as they are written.
type HeldName struct{ Name, BirthDate string }

// persons are those of the files whose id is another person's.
type persons struct {
	*reading
	doc  fhir.Document
	seen map[string]seenPerson // by key, those of the files
	held map[string]Held       // by key
	err  error
}

// seenPerson is a person of the files.
type seenPerson struct {
	fhir.Identity
	HeldName
	version storage.Offer // several versions of one resource may differ
}

// person looks at one resource of the files.
func (p *persons) person(at spot, o offered) {
	if p.err != nil || !mayBePerson(o.text) {
		return
	}
	if _, err := p.parse(&p.doc, o); err != nil || !fhir.IsPerson(p.doc.Type()) {
		return
	}
	id := p.doc.ID()
	if id == "" {
		id = o.fallback
	}
	key := p.doc.Type() + "/" + id
	if _, held := p.held[key]; id == "" || held || slices.Contains(p.Same, key) {
		return
	}
	found := seenPerson{p.doc.Identity(), nameOf(&p.doc), storage.Offer{SourceVersion: p.doc.SourceVersion().Or(o.said), Behind: o.behind}}
	if first, ok := p.seen[key]; ok {
		if differ := first.Another(found.Identity); differ != nil && first.version == found.version {
			p.held[key] = Held{Key: key, Differs: differ, File: at.src.name, Line: at.line, InFiles: true, Here: first.HeldName, There: found.HeldName}
		}
		return
	}
	p.seen[key] = found
	here, differ, err := p.here(p.doc.Type(), id, found.Identity)
	if err != nil {
		p.err = err
	} else if differ != nil {
		p.held[key] = Held{Key: key, Differs: differ, File: at.src.name, Line: at.line, Here: here, There: found.HeldName}
	}
}

// mayBePerson is a quick look at a text.
func mayBePerson(text []byte) bool {
	return bytes.Contains(text, []byte(`"Patient"`)) || bytes.Contains(text, []byte(`"Practitioner"`)) || bytes.Contains(text, []byte(`Person"`))
}

// here compares a person of the files with who has that id in the store. It is the same person if it is so by any version of that.
func (p *persons) here(typ, id string, identity fhir.Identity) (name HeldName, differ []string, err error) {
	r, err := p.Store.Resource(p.ctx, typ, id)
	if fhir.IsCode(err, fhir.CodeNotFound) || fhir.IsCode(err, fhir.CodeDeleted) || err == nil && r.Deleted {
		return name, nil, nil
	}
	for err == nil {
		var d fhir.Document
		if !r.Deleted {
			if err := d.Reset(r.JSON); err != nil {
				return name, nil, fmt.Errorf("stored %s: %w", r.Key(), err)
			}
			found := d.Identity().Another(identity)
			if found == nil {
				return name, nil, nil
			}
			if differ == nil {
				name, differ = nameOf(&d), found
			}
		}
		if r.Version == 1 {
			return name, differ, nil
		}
		r, err = p.Store.Version(p.ctx, typ, id, r.Version-1)
	}
	return name, differ, err
}

// nameOf is by what people tell the person.
func nameOf(d *fhir.Document) HeldName {
	return HeldName{d.PersonName(), d.Look().Child("birthDate").Text()}
}
