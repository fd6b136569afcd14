package pages

import (
	"fmt"
	"strings"
	"time"

	"satchel/fhir"
	"satchel/handover/view"
)

// person is what tells one patient from another.
type person struct {
	ID       string
	Name     string // "" without one
	Others   []string
	Birth    string // as in the resource
	Born     string // as people read it
	Age      int    // whole years, at death or now; -1: not known
	Dead     bool
	Died     string // as people read it; "" if only that is known
	Sex      string // code of FHIR; "" if not stored
	Number   string // the identifier that people use
	Numbers  []numbered
	City     string
	Address  string
	Contacts []string
	Replaced string // id of the Patient that took this one's place
	Inactive bool

	sort string
}

// numbered is an identifier and what kind of number it is.
type numbered struct{ Kind, Value string }

// personsOf reads Patients.
func (v *Request) personsOf(all []fhir.Resource) ([]person, error) {
	var persons []person
	var d fhir.Document
	for _, r := range all {
		if err := d.Reset(r.JSON); err != nil {
			return nil, fmt.Errorf("stored %s: %w", r.Key(), err)
		}
		persons = append(persons, personOf(&d, v.Store.Bases(), time.Now()))
	}
	return persons, nil
}

// personOf reads a Patient.
func personOf(d *fhir.Document, own fhir.Bases, now time.Time) person {
	root := d.Look()
	p := person{ID: d.ID(), Birth: root.Child("birthDate").Text(), Sex: root.Child("gender").Text(), Age: -1, Inactive: root.Child("active").Text() == "false"}
	p.names(root)
	p.numbers(root)
	p.contact(root)
	p.life(root, now)
	for l := range root.Each("link") {
		r := fhir.ParseReference(l.Child("other").Child("reference").Text())
		if r.Type != "Patient" || !own.Owns(r) {
			continue
		}
		if l.Child("type").Text() == "replaced-by" {
			p.Replaced = r.ID
		}
	}
	return p
}

// names takes the name that is used now; others stand beside it.
func (p *person) names(root fhir.Value) {
	main := view.MainName(root)
	if p.Name = view.HumanName(main); p.Name == "" {
		return
	}
	p.sort = strings.ToLower(main.Child("family").Text() + " " + main.Child("given").Text())
	if p.sort == " " {
		p.sort = strings.ToLower(p.Name)
	}
	for n := range root.Each("name") {
		if name := view.HumanName(n); name != "" && name != p.Name && !contains(p.Others, name) {
			p.Others = append(p.Others, name)
		}
	}
}

// numbers takes the medical record number, or otherwise the first one that is not of an office.
func (p *person) numbers(root fhir.Value) {
	best := -1
	for i := range root.Each("identifier") {
		value, code := i.Child("value").Text(), i.Child("type").Child("coding").Child("code").Text()
		if value == "" {
			continue
		}
		kind := i.Child("type").Child("text").Text()
		if kind == "" {
			kind = i.Child("type").Child("coding").Child("display").Text()
		}
		if kind == "" {
			kind = view.System(i.Child("system").Text())
		}
		if kind == "" {
			kind = code
		}
		p.Numbers = append(p.Numbers, numbered{kind, value})
		rank := 1
		switch {
		case code == "MR":
			rank = 2
		case code == "SS" || code == "SB" || code == "DL" || code == "PPN" || strings.HasSuffix(i.Child("system").Text(), "us-ssn"):
			rank = 0 // not for a list
		}
		if rank > best {
			best, p.Number = rank, value
		}
	}
	if best < 1 {
		p.Number = ""
	}
}

// contact takes where the patient lives and can be reached.
func (p *person) contact(root fhir.Value) {
	for a := range root.Each("address") {
		if use := a.Child("use").Text(); use == "old" || p.Address != "" {
			continue
		}
		p.Address, p.City = view.Address(a), a.Child("city").Text()
	}
	for t := range root.Each("telecom") {
		if value := t.Child("value").Text(); value != "" && t.Child("use").Text() != "old" {
			p.Contacts = append(p.Contacts, value)
		}
	}
}

// life tells age and death.
func (p *person) life(root fhir.Value, now time.Time) {
	p.Born = view.Day(p.Birth)
	end := now
	switch died := root.Child("deceased"); {
	case died.Type() == "dateTime":
		p.Dead, p.Died = true, view.Day(died.Text())
		if at, err := time.Parse(time.DateOnly, died.Text()[:min(10, len(died.Text()))]); err == nil {
			end = at
		}
	case died.Text() == "true":
		p.Dead = true
		end = time.Time{}
	}
	if born, err := time.Parse(time.DateOnly, p.Birth); err == nil && !end.IsZero() && !end.Before(born) {
		p.Age = end.Year() - born.Year()
		if end.Month() < born.Month() || end.Month() == born.Month() && end.Day() < born.Day() {
			p.Age--
		}
	}
}
