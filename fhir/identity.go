package fhir

import "strings"

// Identity is by what people tell a person from another: names, birth date, identifiers. It holds texts of its own, and may be
// kept when the document is not.
type Identity struct {
	names       [][]string // words of each
	given       []string   // words of all given names
	births      []string
	identifiers map[string][]string // by system
}

// Identity reads a Patient, Practitioner, RelatedPerson or Person.
func (d *Document) Identity() Identity {
	v := d.Look()
	i := Identity{names: wordsOfNames(v), births: valuesOf(v, "birthDate"), identifiers: comparableIdentifiers(v)}
	for n := range v.Each("name") {
		i.given = append(i.given, nameWords(strings.Join(valuesOf(n, "given"), " "))...)
	}
	return i
}

// PersonName is the first name that the resource tells: its text, or given and family names. "" if there is none.
func (d *Document) PersonName() string {
	for n := range d.Look().Each("name") {
		if text := n.Child("text").Text(); text != "" {
			return text
		}
		if parts := append(valuesOf(n, "given"), valuesOf(n, "family")...); len(parts) > 0 {
			return strings.Join(parts, " ")
		}
	}
	return ""
}

// IsPerson reports whether resources of a type are about one person by themselves.
func IsPerson(typ string) bool {
	switch typ {
	case "Patient", "Practitioner", "RelatedPerson", "Person":
		return true
	}
	return false
}

// Another says by what a resource with the same id can not be about the same person: some of [DiffersName], [DiffersBirthDate] and
// [DiffersIdentifier], where not more of them agree than contradict. A shared given name is no contradiction, as family names
// change; a shared family name alone is one, as twins have it. Nil: it may be the same person, also where nothing can be compared.
func (i Identity) Another(other Identity) (differ []string) {
	names := compareAny(i.names, other.names, sameName)
	if names == contradict && compareAny(i.given, other.given, sameGiven) == agree {
		names = agree
	}
	agreed := 0
	for _, c := range []struct {
		part string
		is   verdict
	}{{DiffersName, names}, {DiffersBirthDate, compareAny(i.births, other.births, lessExact)}, {DiffersIdentifier, compareSystems(i.identifiers, other.identifiers)}} {
		switch c.is {
		case contradict:
			differ = append(differ, c.part)
		case agree:
			agreed++
		}
	}
	if agreed > len(differ) {
		return nil
	}
	return differ
}

// sameGiven reports whether two given names can be one: equal, or one the initial of the other.
func sameGiven(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	return a == b || len(a) == 1 && strings.HasPrefix(b, a)
}
