package view

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"satchel/fhir"
	"satchel/handover"
)

// What other pages show of a record is what these pages say, in plain words.
func TestFacts(t *testing.T) {
	t.Parallel()
	v := New(Options{Patient: "p"})
	for _, text := range []string{
		`{"resourceType":"Condition","id":"c","subject":{"reference":"Patient/p"},"clinicalStatus":{"coding":[{"code":"resolved"}]},"code":{"text":"Arm","coding":[{"system":"http://snomed.info/sct","code":"1"}]},"onsetDateTime":"2020-02-03","recorder":{"reference":"Practitioner/d"}}`,
		`{"resourceType":"Observation","id":"o","status":"final","subject":{"reference":"Patient/p"},"code":{"coding":[{"system":"http://loinc.org","code":"2","display":"Weight"}]},"effectiveDateTime":"2024","valueQuantity":{"value":70,"unit":"kg"},"interpretation":[{"coding":[{"code":"H"}]}]}`,
		`{"resourceType":"DocumentReference","id":"d","status":"current","content":[{"attachment":{"contentType":"image/svg+xml","title":"T","data":"YQ=="}},{"attachment":{"url":"Binary/b","contentType":"application/pdf"}}]}`,
	} {
		if err := v.Add(Item{Section: handover.Current, JSON: []byte(text)}); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"Patient/p", "Practitioner/d"}, v.Names()); diff != "" {
		t.Error(diff)
	}
	if err := v.Add(Item{Section: handover.Directory, JSON: []byte(`{"resourceType":"Practitioner","id":"d","name":[{"text":"Dr. Who"}]}`)}); err != nil {
		t.Fatal(err)
	}
	facts := map[string]Fact{}
	for _, f := range v.Facts() {
		facts[f.Type] = f
	}
	c, o, d := facts["Condition"], facts["Observation"], facts["DocumentReference"]
	if c.Title != "Arm" || c.Code != "SNOMED CT 1" || c.When != "February 3, 2020" || c.Status != "resolved" || c.Active || len(c.Parts) != 1 || c.Parts[0].Text != "Dr. Who" {
		t.Errorf("%+v", c)
	}
	if o.Title != "Weight" || o.Code != "LOINC 2" || len(o.Lines) != 1 || o.Lines[0] != "70 kg (High)" || o.Test == "" || !o.Done {
		t.Errorf("%+v", o)
	}
	want := []File{{"T", "image/svg+xml", "DocumentReference.content[0].attachment", "", true, true}, {"b", "application/pdf", "DocumentReference.content[1].attachment", "Binary/b", false, false}}
	if diff := cmp.Diff(want, d.Files); diff != "" {
		t.Error(diff)
	}
	for _, c := range [][2]string{{TypeName("Observation", 1), "Result"}, {TypeName("Observation", 2), "Results"}, {Reason("filtered"), "was not asked for"}, {Reason("own words"), "own words"}, {Day("2020-02-03"), "February 3, 2020"}, {Day("no day"), "no day"}} {
		if c[0] != c[1] {
			t.Errorf("%q, want %q", c[0], c[1])
		}
	}
}

// Who somebody is: the name they go by now, and the date of birth; whatever is known of both.
func TestPerson(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`"name":[{"use":"old","text":"Ann Old"},{"given":["Ann"],"family":"Usual","use":"usual"},{"use":"official","given":["Ann","B."],"family":"Now"}],"birthDate":"1970-02-03"`: "Ann B. Now, born February 3, 1970",
		`"name":[{"use":"old","text":"Ann Old"}]`:     "Ann Old",
		`"name":[{"use":"official"},{"text":"Ann"}]`:  "Ann",
		`"name":[{"text":"First"},{"text":"Second"}]`: "First",
		`"name":[{"use":"nickname","text":"Annie"}]`:  "Annie",
		`"birthDate":"1970"`:                          "born 1970",
		`"active":true`:                               "",
	} {
		d, err := fhir.Parse([]byte(`{"resourceType":"Patient","id":"p",` + text + `}`))
		if err != nil {
			t.Fatal(err)
		}
		if got := Person(d.Look()); got != want {
			t.Errorf("%s is %q, want %q", text, got, want)
		}
	}
}
