package imports

import (
	"strings"
	"testing"

	"satchel/fhir"
	"satchel/internal/testpractice"
)

// foreignIDs are resources with ids that R4 does not allow, in lines and Bundles, what refers to them before and behind them.
var foreignIDs = map[string]string{
	"1.ndjson": `{"resourceType":"Observation","id":"glucose_1","subject":{"reference":"Patient/e.Ab3-_x"},"hasMember":[{"reference":"Observation/` + longID + `/_history/2"}]}
{"resourceType":"Patient","id":"e.Ab3-_x","identifier":[{"value":"MRN"}]}
{"resourceType":"Provenance","id":"Observation:946d","target":[{"reference":"Observation/` + longID + `"}]}`,
	"2.json": `{"resourceType":"Bundle","type":"collection","entry":[
{"fullUrl":"https://ehr.example/fhir/Observation/` + longID + `","resource":{"resourceType":"Observation","id":"` + longID + `","subject":{"reference":"https://ehr.example/fhir/Patient/e.Ab3-_x"}}},
{"fullUrl":"https://ehr.example/fhir/Patient/e.Ab3-_x","resource":{"resourceType":"Patient","id":"e.Ab3-_x","identifier":[{"value":"MRN"}]}},
{"fullUrl":"https://ehr.example/fhir/Device/pump_1","resource":{"resourceType":"Device","patient":{"reference":"https://ehr.example/fhir/Patient/e.Ab3-_x"}}}]}`,
}

var longID = "e" + strings.Repeat("Zx9-", 21) + "abc" // 88 characters

// Resources with ids that R4 does not allow are stored under legal ones, with the old one as identifier, belong to their patient
// by whatever names it, are told, and are the same at a second import.
func TestImportForeignIDs(t *testing.T) {
	t.Parallel()
	s, dir := testpractice.Empty.Bulk(t), testpractice.Files(t, foreignIDs)
	all, findings, err := run(t, Import{Store: s}, dir, "")
	if err != nil || all != (Counts{Created: 5, Unchanged: 1}) {
		t.Fatalf("%+v, %v", all, err)
	}
	patient := fhir.LegalID("Patient", "e.Ab3-_x")
	for _, was := range []string{"Patient/e.Ab3-_x", "Observation/glucose_1", "Observation/" + longID, "Device/pump_1", "Provenance/Observation:946d"} {
		typ, id, _ := strings.Cut(was, "/")
		r, err := s.Resource(t.Context(), typ, fhir.LegalID(typ, id))
		if err != nil {
			t.Fatalf("%s: %v", was, err)
		}
		d, err := fhir.Parse(r.JSON)
		if err != nil || typ != "Device" && !strings.Contains(string(r.JSON), `"`+id+`"`) {
			t.Errorf("%s is not told in %s, %v", was, r.JSON, err)
		}
		owners, err := s.Belonging(t.Context(), d)
		if err != nil || len(owners) != 1 || owners[0].Patient != patient {
			t.Errorf("%s belongs to %v, %v", was, owners, err)
		}
	}
	told := strings.Join(findings, "\n")
	for _, want := range []string{"1.ndjson:1 ", "1.ndjson:2 ", "1.ndjson:3 ", "2.json:1 ", "2.json:2 "} {
		if !strings.Contains(told, want) {
			t.Errorf("nothing is told of %s", want)
		}
	}
	if all, _, err := run(t, Import{Store: s}, dir, ""); err != nil || all != (Counts{Unchanged: 6}) {
		t.Errorf("again: %+v, %v", all, err)
	}
}
