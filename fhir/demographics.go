package fhir

import (
	"slices"
	"strings"
)

// The parts of a Patient by which people tell whether two records are about the same person, as [DifferingDemographics] names
// them.
const (
	DiffersName       = "name"
	DiffersBirthDate  = "birth date"
	DiffersGender     = "gender"
	DiffersIdentifier = "identifier" // both have one of the same system, with different values
	DiffersNothing    = "nothing to compare"
)

// DifferingDemographics says in what two Patients contradict each other: name, birth date, gender, identifier. What only one of
// them has contradicts nothing, nor does a birth date that is only less exact, a name with a further given name, or one of
// several names. Where neither a name nor a birth date stands in both, nothing shows that they are the same person:
// [DiffersNothing]. Nil: they agree.
func DifferingDemographics(a, b *Document) (differ []string) {
	x, y := a.Look(), b.Look()
	names, births := compareAny(wordsOfNames(x), wordsOfNames(y), sameName), compareAny(valuesOf(x, "birthDate"), valuesOf(y, "birthDate"), lessExact)
	genders := compareAny(knownGender(x), knownGender(y), func(g, h string) bool { return g == h })
	for _, c := range []struct {
		part string
		is   verdict
	}{{DiffersName, names}, {DiffersBirthDate, births}, {DiffersGender, genders}, {DiffersIdentifier, identifiers(x, y)}} {
		if c.is == contradict {
			differ = append(differ, c.part)
		}
	}
	if names == silent && births == silent {
		differ = append(differ, DiffersNothing)
	}
	return differ
}

// verdict is what a comparison of one part comes to.
type verdict int

const (
	silent     verdict = iota // one of them does not have it
	agree                     //
	contradict                //
)

// compareAny looks whether any value of one side fits any of the other.
func compareAny[T any](a, b []T, fits func(T, T) bool) verdict {
	if len(a) == 0 || len(b) == 0 {
		return silent
	}
	for _, x := range a {
		if slices.ContainsFunc(b, func(y T) bool { return fits(x, y) }) {
			return agree
		}
	}
	return contradict
}

// valuesOf are the values of an element.
func valuesOf(v Value, name string) (all []string) {
	for c := range v.Each(name) {
		if c.Text() != "" {
			all = append(all, c.Text())
		}
	}
	return all
}

// lessExact reports whether two dates are equal as far as both go.
func lessExact(a, b string) bool { return strings.HasPrefix(a, b) || strings.HasPrefix(b, a) }

// knownGender is the gender, unless it is said to be unknown.
func knownGender(v Value) []string {
	return slices.DeleteFunc(valuesOf(v, "gender"), func(g string) bool { return g == "unknown" })
}

// wordsOfNames are the names, each as its words: family and given names, or the text where there are none.
func wordsOfNames(v Value) (all [][]string) {
	for n := range v.Each("name") {
		parts := append(valuesOf(n, "family"), valuesOf(n, "given")...)
		if len(parts) == 0 {
			parts = valuesOf(n, "text")
		}
		if words := nameWords(strings.Join(parts, " ")); len(words) > 0 {
			all = append(all, words)
		}
	}
	return all
}

// nameWords are the words of a name, folded.
func nameWords(text string) []string {
	return strings.FieldsFunc(Fold(text), func(r rune) bool { return r == ' ' || r == ',' || r == '-' || r == '.' })
}

// sameName reports whether the shorter of two names is part of the longer: "Zoe Berg" and "Zoe Maria Berg".
func sameName(a, b []string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	for _, w := range a {
		if !slices.Contains(b, w) {
			return false
		}
	}
	return true
}

// identifiers compares those of the systems that both have.
func identifiers(a, b Value) verdict {
	return compareSystems(comparableIdentifiers(a), comparableIdentifiers(b))
}

// compareSystems compares values by system.
func compareSystems(x, y map[string][]string) verdict {
	is := silent
	for system, values := range x {
		switch compareAny(values, y[system], func(v, w string) bool { return v == w }) {
		case contradict:
			return contradict
		case agree:
			is = agree
		}
	}
	return is
}

// comparableIdentifiers are the values of a Patient's identifiers by system; those without a system cannot be compared.
func comparableIdentifiers(v Value) map[string][]string {
	all := map[string][]string{}
	for i := range v.Each("identifier") {
		if system, value := i.Child("system").Text(), i.Child("value").Text(); system != "" && value != "" && i.Child("use").Text() != "old" {
			all[system] = append(all[system], value)
		}
	}
	return all
}
