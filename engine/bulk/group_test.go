package bulk

import (
	"strings"
	"testing"

	"satchel/fhir"
	"satchel/internal/testpractice"
)

// Members that lead to no patient are told by their place, without the names of anybody; those that do not count any more, or
// are no patients by their type, are not.
func TestStrangersInGroups(t *testing.T) {
	t.Parallel()
	s := practice(t)
	put(t, s, groupText("odd", strings.Join([]string{
		`{"entity":{"reference":"Patient/p1"}}`, `{"entity":{"reference":"Practitioner/x"}}`, `{"entity":{"reference":"Group/gone"},"inactive":true}`,
		`{"entity":{"identifier":{"system":"urn:mrn","value":"8"}}}`, `{"entity":{"reference":"https://elsewhere/fhir/Patient/p2"}}`,
		`{"entity":{"reference":"Patient/never"}}`, `{"entity":{"reference":"Group/inner"}}`, `{"entity":{"reference":"#c"}}`,
		`{"entity":{"reference":"RelatedPerson/r"}}`, `{"entity":{"reference":"Group/never"}}`,
	}, ",")), groupText("inner", `{"entity":{"display":"somebody"}}`))
	folder := rootDir(t)
	m, err := New(s, Options{}).Export(t.Context(), Request{Level: LevelGroup, Group: "odd", Types: []string{"Patient"}}, folder, nil)
	if err != nil {
		t.Fatal(err)
	}
	if keys := strings.Join(testpractice.Keys(t, folder, m.Files), " "); keys != "! ! ! ! ! ! ! Patient/p1" {
		t.Errorf("the export holds %s", keys)
	}
	text, err := folder.ReadFile("error.0001.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"odd: member[3] ", "odd: member[4] ", "odd: member[5] ", "odd: member[7] ", "odd: member[8] ", "odd: member[9] ", "inner: member[0] "} {
		if !strings.Contains(string(text), want) {
			t.Errorf("nothing is told of Group/%s", want)
		}
	}
	if strings.Contains(string(text), "never") || strings.Contains(string(text), "urn:mrn") {
		t.Errorf("says who they are: %s", text)
	}
}

// A group that only says who would be in it lists nobody: its export is refused.
func TestDefinedGroup(t *testing.T) {
	t.Parallel()
	s := practice(t)
	put(t, s, `{"resourceType":"Group","id":"defined","type":"person","actual":false,"characteristic":[{"code":{"text":"x"},"valueBoolean":true,"exclude":false}]}`,
		`{"resourceType":"Group","id":"both","type":"person","actual":false,"member":[{"entity":{"reference":"Patient/p1"}}]}`)
	e := New(s, Options{})
	if err := e.Check(t.Context(), Request{Level: LevelGroup, Group: "defined"}); !fhir.IsCode(err, fhir.CodeProcessing) {
		t.Errorf("a definition may be exported: %v", err)
	}
	for _, id := range []string{"both", "empty"} {
		if err := e.Check(t.Context(), Request{Level: LevelGroup, Group: id}); err != nil {
			t.Error(err)
		}
	}
}
