package fhir

import (
	"slices"
	"strings"
	"testing"
)

// unsupportedParams are all the parameters of R4 that this server refuses. Codes with a leading underscore are those
// of every type.
var unsupportedParams = []string{
	"_content", "_query", "_text",
	"Bundle.composition", "Bundle.message", // the resource itself, where a reference should be
	"InsurancePlan.phonetic", "Organization.phonetic", "Patient.phonetic", "Person.phonetic", "Practitioner.phonetic", "RelatedPerson.phonetic",
	"Location.near",
}

func TestEveryParameterIsSupportedOrListed(t *testing.T) {
	total := 0
	var refused []string
	for _, typ := range Types() {
		for _, p := range searchOf(typ).params {
			total++
			if p.refusal == "" {
				continue
			}
			name := typ + "." + p.Code
			if strings.HasPrefix(p.Code, "_") {
				name = p.Code
			}
			if !slices.Contains(refused, name) {
				refused = append(refused, name)
			}
			if _, _, err := ParseQuery(typ, []Param{{p.Code, "x"}}, Bases{}); err == nil || !strings.Contains(err.Error(), `"`+p.Code+`" is not supported; `) {
				t.Errorf("%s.%s: error %v", typ, p.Code, err)
			}
		}
	}
	if total < 2000 {
		t.Errorf("only %d parameters; the tables are not whole", total)
	}
	slices.Sort(refused)
	want := slices.Sorted(slices.Values(unsupportedParams))
	if !slices.Equal(refused, want) {
		t.Errorf("refused\n%q, want\n%q", refused, want)
	}
}

// unreadWays are the values that a supported parameter passes over, because nothing can be compared with them.
var unreadWays = []string{
	"CarePlan.activity-date string",
	"Consent.source-reference Attachment",
	"Immunization.date string",
	"Observation.combo-value-quantity SampledData", "Observation.component-value-quantity SampledData", "Observation.value-quantity SampledData",
	"Procedure.date Age", "Procedure.date Range", "Procedure.date string",
}

func TestEveryTypeOfValueIsReadOrListed(t *testing.T) {
	var unread []string
	for _, typ := range Types() {
		for _, p := range searchOf(typ).params {
			if p.refusal != "" || p.Type == "composite" {
				continue
			}
			ways, _ := compileExpression(typ, p.Expression)
			for _, w := range ways {
				if !w.flag && !slices.Contains(readable[p.Type], w.typ) {
					unread = append(unread, typ+"."+p.Code+" "+w.typ)
				}
			}
		}
	}
	slices.Sort(unread)
	unread = slices.Compact(unread)
	if !slices.Equal(unread, unreadWays) {
		t.Errorf("unread\n%q, want\n%q", unread, unreadWays)
	}
}

func TestKeysDiffer(t *testing.T) {
	seen := map[int64]string{}
	for _, typ := range Types() {
		for _, p := range searchOf(typ).params {
			name := typ + "." + p.Code
			if other := seen[p.key]; other != "" {
				t.Errorf("%s and %s have the same key %d", name, other, p.key)
			}
			seen[p.key] = name
		}
	}
	for _, l := range ReverseLinks() {
		name, key := l.Type+"."+l.Param, keyOf(l.Type, l.Param)
		if other := seen[key]; other != "" && other != name {
			t.Errorf("%s and %s have the same key %d", name, other, key)
		}
	}
}

// The index on disk relies on these numbers: a change needs another IndexVersion.
func TestKeysAndHashesStay(t *testing.T) {
	if got := keyOf("Patient", "birthdate"); got != 218419845 {
		t.Errorf("key %d", got)
	}
	if got := hash("final"); got != 85212732562771 {
		t.Errorf("hash %d", got)
	}
	if got, n := firstLetters(" Müller-Lüdenscheidt"); got != 'm'<<48|'u'<<40|'l'<<32|'l'<<24|'e'<<16|'r'<<8|'-' || n != 7 {
		t.Errorf("letters %x, %d", got, n)
	}
	if got := dayOf(-1); got != -1 {
		t.Errorf("day %d", got)
	}
}

func TestSearchParams(t *testing.T) {
	if SearchParams("Nothing") != nil {
		t.Error("parameters for an unknown type")
	}
	list := SearchParams("Patient")
	want := SearchParam{"birthdate", "date", "http://hl7.org/fhir/SearchParameter/individual-birthdate"}
	if !slices.Contains(list, want) || !slices.IsSortedFunc(list, func(a, b SearchParam) int { return strings.Compare(a.Name, b.Name) }) {
		t.Errorf("%v", list)
	}
}
