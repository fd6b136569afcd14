package fhir

import (
	"slices"
	"strings"
	"testing"
)

func TestDifferingDemographics(t *testing.T) {
	t.Parallel()
	const zoe = `"name":[{"family":"Berg","given":["Zoe"]}],"birthDate":"1960-03-14","gender":"female","identifier":[{"system":"urn:mrn","value":"1"}]`
	for _, c := range []struct{ a, b, want string }{
		{zoe, zoe, ""},
		{zoe, `"name":[{"family":"BERG","given":["Zoë","Maria"]}],"birthDate":"1960-03"`, ""},
		{zoe, `"name":[{"text":"Berg, Zoe"}]`, ""},
		{zoe, `"name":[{"family":"Huber","given":["Zoe"]},{"use":"maiden","family":"Berg","given":["Zoe"]}]`, ""},
		{zoe, `"name":[{"family":"Huber","given":["Zoe"]}],"birthDate":"1960-03-14"`, "name"},
		{zoe, `"birthDate":"1960-04"`, "birth date"},
		{zoe, `"birthDate":"1960","gender":"unknown"`, ""},
		{zoe, `"birthDate":"1960","gender":"male"`, "gender"},
		{zoe, `"birthDate":"1960","identifier":[{"system":"urn:mrn","value":"2"}]`, "identifier"},
		{zoe, `"birthDate":"1960","identifier":[{"system":"urn:mrn","value":"2"},{"system":"urn:mrn","value":"1"},{"system":"urn:other","value":"3"}]`, ""},
		{zoe, `"birthDate":"1960","identifier":[{"use":"old","system":"urn:mrn","value":"2"}]`, ""},
		{zoe, `"gender":"female","identifier":[{"system":"urn:mrn","value":"1"}]`, "nothing to compare"},
		{`"active":true`, `"active":true`, "nothing to compare"},
		{zoe, `"name":[{"family":"Stein","given":["Adam"]}],"birthDate":"1999","gender":"male","identifier":[{"system":"urn:mrn","value":"9"}]`, "name, birth date, gender, identifier"},
	} {
		a, b := mustParse(t, `{"resourceType":"Patient",`+c.a+`}`), mustParse(t, `{"resourceType":"Patient",`+c.b+`}`)
		for _, got := range [][]string{DifferingDemographics(a, b), DifferingDemographics(b, a)} {
			if strings.Join(got, ", ") != c.want {
				t.Errorf("%s\n%s\ndiffer in %q, want %q", c.a, c.b, got, c.want)
			}
		}
	}
}

func TestPatientLinks(t *testing.T) {
	t.Parallel()
	own := NewBases("https://here.example/fhir")
	link := func(ref, typ string) string { return `{"other":{"reference":"` + ref + `"},"type":"` + typ + `"}` }
	patient := func(links ...string) *Document {
		return mustParse(t, `{"resourceType":"Patient","id":"a","link":[`+strings.Join(links, ",")+`]}`)
	}
	d := patient(link("Patient/b", "refer"), link("https://here.example/fhir/Patient/c/_history/2", "seealso"), link("https://old.example/fhir/Patient/d", "replaces"),
		link("RelatedPerson/e", "seealso"), link("Patient/a", "seealso"), `{"other":{"identifier":{"value":"1"}},"type":"seealso"}`)
	if got, want := slices.Collect(d.PatientLinks(own)), []PatientLink{{"b", "refer"}, {"c", "seealso"}}; !slices.Equal(got, want) {
		t.Errorf("links %v, want %v", got, want)
	}
	b, both, twice := patient(link("Patient/b", "refer")), patient(link("Patient/c", "refer"), link("Patient/b", "refer")), patient(link("Patient/b", "refer"), link("Patient/b", "refer"))
	other := patient(link("Patient/b", "seealso"))
	for _, c := range []struct {
		before, after *Document
		want          string
	}{{nil, b, "b"}, {b, nil, "b"}, {b, b, ""}, {b, twice, ""}, {b, both, "c"}, {both, b, "c"}, {b, other, "b"}, {nil, nil, ""}} {
		if got := strings.Join(ChangedLinks(c.before, c.after, own), " "); got != c.want {
			t.Errorf("changed %q, want %q", got, c.want)
		}
	}
}
