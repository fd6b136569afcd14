package imports

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"satchel/fhir"
	"satchel/internal/testpractice"
	"satchel/storage"
)

// Two practices with the same ids: what is another's, in lines and Bundles, also two steps away from the person, and what is nobody's.
var (
	clinicA = map[string]string{"a.ndjson": `{"resourceType":"Patient","id":"1","name":[{"family":"Alpha","given":["Ann"]}],"birthDate":"1950-01-01"}
{"resourceType":"Observation","id":"5","status":"final","code":{"text":"A5"},"subject":{"reference":"Patient/1"}}
{"resourceType":"Patient","id":"2","name":[{"family":"Same","given":["Sue"]}],"birthDate":"1960-01-01"}
{"resourceType":"Practitioner","id":"p","name":[{"family":"Doctor","given":["Dan"]}]}`}
	clinicB = map[string]string{
		"0.ndjson": `{"resourceType":"Observation","id":"9","status":"final","code":{"text":"B9"},"encounter":{"reference":"Encounter/3"}}
{"resourceType":"Observation","id":"5","status":"final","code":{"text":"B5"},"subject":{"reference":"Patient/1/_history/2"}}
{"resourceType":"Location","id":"l","name":"Ward"}`,
		"1.ndjson": `{"resourceType":"Encounter","id":"3","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/1"}}
{"resourceType":"Observation","id":"6","status":"final","code":{"text":"B6"},"subject":{"reference":"Patient/2"}}`,
		"2.json": `{"resourceType":"Bundle","type":"collection","entry":[
{"resource":{"resourceType":"Patient","id":"1","name":[{"family":"Beta","given":["Bob"]}],"birthDate":"1990-12-31"}},
{"resource":{"resourceType":"Patient","id":"2","name":[{"family":"Married","given":["Sue"]}],"birthDate":"1960-01-01"}}]}`,
	}
)

// textsOf are the codes of the Observations of a patient.
func textsOf(t *testing.T, s *storage.Store, patient string) (texts []string) {
	t.Helper()
	at, err := s.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = s.Scan(t.Context(), at, storage.Selection{Types: []string{"Observation"}, Patients: []string{patient}}, func(r storage.Row) error {
		d, err := fhir.Parse(r.JSON)
		if err == nil {
			texts = append(texts, d.Look().Child("code").Child("text").Text())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(texts)
	return texts
}

// Whoever has the id of somebody else is held back, with all that refers to them; the others come in.
func TestImportHoldsAnotherPerson(t *testing.T) {
	t.Parallel()
	s := testpractice.Empty.Bulk(t)
	if _, _, err := run(t, Import{Store: s}, testpractice.Files(t, clinicA), ""); err != nil {
		t.Fatal(err)
	}
	var held []string
	m := Import{Store: s, Held: func(h Held) { held = append(held, fmt.Sprint(h.Key, h.Differs, h.Here, h.There, h.InFiles)) }}
	all, findings, err := run(t, m, testpractice.Files(t, clinicB), "")
	if want := (Counts{Created: 2, Updated: 1, Refused: 4}); err != nil || all != want {
		t.Fatalf("%+v %v, want %+v", all, err, want)
	}
	if want := "[Patient/1[name birth date] {Ann Alpha 1950-01-01} {Bob Beta 1990-12-31} false]"; fmt.Sprint(held) != want {
		t.Errorf("%v, want %s", held, want)
	}
	if want := "0.ndjson:1 Observation/9refused 0.ndjson:2 Observation/5refused 1.ndjson:1 Encounter/3refused 2.json:1 Patient/1refused"; strings.Join(findings, " ") != want {
		t.Errorf("%v", findings)
	}
	if a, b := textsOf(t, s, "1"), textsOf(t, s, "2"); fmt.Sprint(a, b) != "[A5] [B6]" {
		t.Errorf("%v %v", a, b)
	}

	// It is said that it is another one: an id of their own, and what is theirs with them; a second time it need not be said.
	for i, m := range []Import{{Store: s, Choices: Choices{Another: []string{"Patient/1"}, Source: "clinic b"}}, {Store: s, Choices: Choices{Source: "clinic b"}}} {
		if all, findings, err := run(t, m, testpractice.Files(t, clinicB), ""); err != nil || all.Refused != 0 || all.Created != []int64{4, 0}[i] || all.Updated != 0 {
			t.Fatalf("%+v %v %v", all, findings, err)
		}
	}
	another := fhir.AnotherID("clinic b", "Patient", "1")
	if a, b := textsOf(t, s, "1"), textsOf(t, s, another); fmt.Sprint(a, b) != "[A5] [B5 B9]" {
		t.Errorf("%v %v", a, b)
	}
	if r, err := s.Resource(t.Context(), "Patient", another); err != nil || !strings.Contains(string(r.JSON), `"value":"1"`) {
		t.Errorf("%s %v", r.JSON, err)
	}

	// It is said that it is the same one.
	if all, _, err := run(t, Import{Store: s, Choices: Choices{Same: []string{"Patient/1"}}}, testpractice.Files(t, clinicB), ""); err != nil || all.Refused != 0 {
		t.Fatalf("%+v %v", all, err)
	}
	if a := textsOf(t, s, "1"); fmt.Sprint(a) != "[B5 B9]" {
		t.Errorf("%v", a)
	}
}

// Two persons with one id in the same files are both held back, but not two versions of one.
func TestImportHoldsPersonsOfFiles(t *testing.T) {
	t.Parallel()
	files := map[string]string{"a.ndjson": clinicA["a.ndjson"]}
	for name, text := range clinicB {
		files["b/"+name] = text
	}
	s := testpractice.Empty.Bulk(t)
	all, _, err := run(t, Import{Store: s}, testpractice.Files(t, files), "")
	if err != nil || all.Refused != 6 || fmt.Sprint(textsOf(t, s, "1"), textsOf(t, s, "2")) != "[] [B6]" {
		t.Errorf("%+v %v", all, err)
	}
	versions := map[string]string{"v.ndjson": `{"resourceType":"Patient","id":"1","meta":{"versionId":"1"},"name":[{"family":"Alpah"}]}
{"resourceType":"Patient","id":"1","meta":{"versionId":"2"},"name":[{"family":"Alpha"}]}`}
	v := testpractice.Empty.Bulk(t)
	for range 2 { // the second time the first version is what was stored before
		if all, _, err := run(t, Import{Store: v}, testpractice.Files(t, versions), ""); err != nil || all.Refused != 0 {
			t.Errorf("%+v %v", all, err)
		}
	}
}
