package fhir

import (
	"errors"
	"strings"
	"testing"
)

func TestParseTypeFilter(t *testing.T) {
	cases := []struct {
		name   string
		values []string
		want   string // types with the number of values of each criterion
	}{
		{"nothing", nil, ""},
		{"empty", []string{"", " , "}, "!"},
		{"one", []string{"MedicationRequest?status=active"}, "MedicationRequest:1"},
		{"a comma in a value", []string{"Observation?category=a,b"}, "Observation:2"},
		{"codes with systems", []string{"Observation?code=http://a|1,http://a|2,DiagnosticReport?code=x"}, "Observation:2 DiagnosticReport:1"},
		{"two in a value", []string{"Patient?gender=male,Patient?gender=female"}, "Patient:1 Patient:1"},
		{"camel case", []string{"MedicationRequest?status=active,AllergyIntolerance?criticality=high"}, "MedicationRequest:1 AllergyIntolerance:1"},
		{"repeated", []string{"Patient?gender=male", "Observation?status=final&category=x"}, "Patient:1 Observation:1,1"},
		{"space after the comma", []string{"Patient?gender=male, Observation?status=final"}, "Patient:1 Observation:1"},
		{"inner comma encoded", []string{"Observation?category=social-history%2Cvital-signs,Patient?active=true"}, "Observation:2 Patient:1"},
		{"all encoded", []string{"Observation%3Fcategory%3Da%252Cb,Patient%3factive%3Dtrue"}, "Observation:2 Patient:1"},
		{"escaped comma", []string{`Patient?name=a\,b`}, "Patient:1"},
		{"stray ampersands", []string{"Patient?&active=true&"}, "Patient:1"},
		{"an encoded ampersand is of the value", []string{"Patient?name=a%26b"}, "Patient:1"},
		{"an offset keeps its plus", []string{"Observation?date=ge2020-01-01T00:00:00+01:00"}, "Observation:1"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			queries, err := ParseTypeFilter(c.values, Bases{})
			if c.want == "!" {
				if err == nil {
					t.Errorf("accepted as %+v", queries)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, q := range queries {
				var counts []string
				for _, one := range q.Criteria {
					counts = append(counts, string(rune('0'+len(one.tests))))
				}
				got = append(got, q.Type+":"+strings.Join(counts, ","))
			}
			if text := strings.Join(got, " "); text != c.want {
				t.Errorf("got %q, want %q", text, c.want)
			}
		})
	}
}

func TestParseTypeFilterRefuses(t *testing.T) {
	for filter, part := range map[string]string{
		"Patient":                                 `"Patient"`,
		"Patient?":                                "no search",
		"Foo?a=b":                                 `"Foo"`,
		"patient?active=true":                     `"patient"`,
		"Patient?_sort=birthdate":                 `"_sort"`,
		"Patient?_include=Patient:x":              `"_include"`,
		"Patient?_include:iterate=a:b":            `"_include:iterate"`,
		"Patient?_elements=id":                    `"_elements"`,
		"Patient?_count=1":                        `"_count"`,
		"Patient?nope=1":                          `"nope"`,
		"Observation?patient.name=a":              "chained",
		"Observation?subject:Patient.name=a":      "chained",
		"Patient?_has:Observation:patient:code=1": "_has",
		"Patient?birthdate=yesterday":             "birthdate",
		"Patient?active:foo=true":                 ":foo",
		"Patient?name=5%":                         "percent",
		"active=true":                             "no search",
	} {
		_, err := ParseTypeFilter([]string{"Observation?status=final", filter}, Bases{})
		if _, ok := errors.AsType[*Error](err); !ok || !strings.Contains(err.Error(), part) {
			t.Errorf("%q: error %v, want one with %s", filter, err, part)
		}
	}
}
