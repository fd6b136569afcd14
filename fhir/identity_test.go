package fhir

import (
	"strings"
	"testing"
)

// samePerson and anotherPerson are pairs of what two resources with one id say.
var (
	samePerson = [][2]string{
		{`"name":[{"family":"Berg","given":["Zoe"]}],"birthDate":"1950-01-01"`, `"name":[{"family":"Karst","given":["Zoë"]}],"birthDate":"1950-01-01"`}, // married
		{`"name":[{"family":"Berg","given":["Zoe"]}],"birthDate":"1950"`, `"name":[{"family":"BERG","given":["Zoe","Maria"]}],"birthDate":"1950-01-01"`},
		{`"name":[{"family":"Berg","given":["Z."]}]`, `"name":[{"text":"Zoe Berg"},{"family":"Berg","given":["Zoe"]}]`},
		{`"birthDate":"1950-01-01"`, `"name":[{"family":"Berg"}]`},
		{``, `"name":[{"family":"Berg"}],"birthDate":"1950-01-01"`},
		{`"name":[{"family":"Berg","given":["Zoe"]}],"birthDate":"1950-01-01","identifier":[{"system":"m","value":"1"}]`, `"name":[{"family":"Berg","given":["Zoe"]}],"birthDate":"1950-01-01","identifier":[{"system":"m","value":"2"}]`},
		{`"name":[{"family":"Berg","given":["Max"]}],"birthDate":"1950-01-01","identifier":[{"system":"m","value":"1"}]`, `"name":[{"family":"Berg","given":["Maxine"]}],"birthDate":"1950-01-01","identifier":[{"system":"m","value":"1"}]`},
		{`"name":[{"family":"Berg","given":["Zoe"]}],"birthDate":"1950-01-01","identifier":[{"system":"m","value":"1"}]`, `"name":[{"family":"Berg","given":["Zoe"]}],"birthDate":"1951-01-01","identifier":[{"system":"m","value":"1"}]`},
	}
	anotherPerson = []struct{ a, b, differ string }{
		{`"name":[{"family":"Alpha"}],"birthDate":"1950-01-01"`, `"name":[{"family":"Beta"}],"birthDate":"1990-12-31"`, "name, birth date"},
		{`"name":[{"family":"Alpha"}]`, `"name":[{"family":"Beta"}]`, "name"},
		{`"name":[{"family":"Berg","given":["Zoe"]}],"birthDate":"1950-01-01"`, `"name":[{"family":"Berg","given":["Ada"]}],"birthDate":"1950-01-01"`, "name"},         // twins
		{`"name":[{"family":"Berg","given":["Karl"]}],"birthDate":"1920-01-01"`, `"name":[{"family":"Berg","given":["Karl"]}],"birthDate":"1950-01-01"`, "birth date"}, // father and son
		{`"birthDate":"1950-01-01"`, `"birthDate":"1950-02-01"`, "birth date"},
		{`"identifier":[{"system":"m","value":"1"}]`, `"identifier":[{"system":"m","value":"2"}]`, "identifier"},
		{`"name":[{"text":"李 雷"}]`, `"name":[{"text":"韩 梅梅"}]`, "name"},
	}
)

// Whether two resources with one id can be about one person does not depend on which comes first.
func TestAnotherPerson(t *testing.T) {
	t.Parallel()
	identity := func(text string) Identity {
		d, err := Parse([]byte(strings.TrimSuffix(`{"resourceType":"Patient","id":"1",`+text, ",") + "}"))
		if err != nil {
			t.Fatal(err)
		}
		return d.Identity()
	}
	for _, c := range samePerson {
		a, b := identity(c[0]), identity(c[1])
		if x, y := a.Another(b), b.Another(a); x != nil || y != nil {
			t.Errorf("%v %v:\n%s\n%s", x, y, c[0], c[1])
		}
	}
	for _, c := range anotherPerson {
		a, b := identity(c.a), identity(c.b)
		if x, y := strings.Join(a.Another(b), ", "), strings.Join(b.Another(a), ", "); x != c.differ || y != c.differ {
			t.Errorf("%q %q, want %q:\n%s\n%s", x, y, c.differ, c.a, c.b)
		}
	}
}
