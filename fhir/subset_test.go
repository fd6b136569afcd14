package fhir

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const tagged = `{"tag":[` + subsetted + `]}`

func TestSubset(t *testing.T) {
	cases := []struct{ name, in, elements, want string }{
		{"id alone", `{"resourceType":"Patient","id":"1","meta":{"versionId":"1"},"active":true,"name":[{"family":"x"}]}`, "id",
			`{"resourceType":"Patient","id":"1","meta":{"versionId":"1","tag":[` + subsetted + `]}}`},
		{"of the type", `{"resourceType":"Patient","id":"1","meta":{"tag":[{"code":"a"}]},"active":true,"gender":"male","birthDate":"2000"}`, "Patient.gender,Observation.status,birthDate",
			`{"resourceType":"Patient","id":"1","meta":{"tag":[{"code":"a"},` + subsetted + `]},"gender":"male","birthDate":"2000"}`},
		{"of another type", `{"resourceType":"Patient","id":"1","gender":"male"}`, "Practitioner.gender", `{"resourceType":"Patient","id":"1","meta":` + tagged + `}`},
		{"mandatory", `{"resourceType":"Observation","id":"1","meta":{},"status":"final","code":{"text":"\u0061"},"issued":"x"}`, "id",
			`{"resourceType":"Observation","id":"1","meta":` + tagged + `,"status":"final","code":{"text":"\u0061"}}`},
		{"mandatory choice", `{"resourceType":"MedicationRequest","status":"a","intent":"b","medicationCodeableConcept":{},"subject":{},"note":[]}`, "id",
			`{"resourceType":"MedicationRequest","meta":` + tagged + `,"status":"a","intent":"b","medicationCodeableConcept":{},"subject":{}}`},
		{"choice", `{"resourceType":"Observation","id":"1","meta":{"tag":[]},"valueQuantity":{"value":1.50},"_valueQuantity":1}`, "value",
			`{"resourceType":"Observation","id":"1","meta":` + tagged + `,"valueQuantity":{"value":1.50}}`},
		{"beside a primitive", `{"resourceType":"Patient","id":"1","meta":` + tagged + `,"birthDate":"2000","_birthDate":{"id":"a"},"_gender":{}}`, "birthDate",
			`{"resourceType":"Patient","id":"1","meta":` + tagged + `,"birthDate":"2000","_birthDate":{"id":"a"}}`},
		{"order", `{"gender":"male","id":"1","active":true,"resourceType":"Patient"}`, "gender", `{"gender":"male","id":"1","meta":` + tagged + `,"resourceType":"Patient"}`},
		{"not R4", `{"resourceType":"Patient","id":"1","meta":{"tag":3},"foo":1}`, "id", `{"resourceType":"Patient","id":"1","meta":{"tag":3}}`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d, err := Parse([]byte(c.in))
			if err != nil {
				t.Fatal(err)
			}
			if got := string(d.Subset([]byte("x"), strings.Split(c.elements, ","))); got != "x"+c.want {
				t.Errorf("got  %s\nwant x%s", got, c.want)
			}
		})
	}
}

func TestParseElements(t *testing.T) {
	got, err := ParseElements([]string{"id, Patient.name,", "value,Observation.valueQuantity,id", "meta", "Group.member", "resourceType"})
	if want := []string{"id", "Patient.name", "value", "Observation.valueQuantity", "meta", "Group.member", "resourceType"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v", got, err)
	}
	for _, bad := range []string{"Patient.name.family", "name.family", "Patient.nope", "nope", "Foo.id", "Patient.", ".id", "patient.id", "Observation.name"} {
		if _, err := ParseElements([]string{"id", bad}); err == nil || !strings.Contains(err.Error(), bad) {
			t.Errorf("%q: error %v", bad, err)
		}
	}
}

// A subset is sound JSON, holds nothing that was not there, and every member that is listed or mandatory.
func TestSubsetProperties(t *testing.T) {
	members := []string{`"active":true`, `"name":[{"family":"x"}]`, `"gender":"male"`, `"_gender":{"id":"x"}`, `"deceasedBoolean":false`, `"link":[]`, `"foo":{}`, `"meta":{"profile":["x"]}`, `"id":"7"`, `"resourceType":"Patient"`}
	names := []string{"active", "name", "gender", "deceased", "deceasedBoolean", "Patient.link", "Person.link", "id", "Group.name"}
	rapid.Check(t, func(t *rapid.T) {
		kept := rapid.Permutation(members).Draw(t, "members")
		kept = slices.DeleteFunc(kept[:rapid.IntRange(1, len(kept)).Draw(t, "n")], func(s string) bool { return s == `"resourceType":"Patient"` })
		at := rapid.IntRange(0, len(kept)).Draw(t, "at")
		kept = slices.Insert(kept, at, `"resourceType":"Patient"`)
		elements := rapid.SliceOfDistinct(rapid.SampledFrom(names), rapid.ID).Draw(t, "elements")
		d, err := Parse([]byte("{" + strings.Join(kept, ",") + "}"))
		if err != nil {
			t.Fatal(err)
		}
		var before, after map[string]json.RawMessage
		out := d.Subset(nil, elements)
		if err := json.Unmarshal(d.JSON(), &before); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(out, &after); err != nil {
			t.Fatalf("%v in %s", err, out)
		}
		if !bytes.Contains(after["meta"], []byte("SUBSETTED")) || len(after["resourceType"]) == 0 {
			t.Errorf("no tag or no type in %s", out)
		}
		for name, value := range after {
			if name != "meta" && !bytes.Equal(value, before[name]) {
				t.Errorf("%s is %s and was %s", name, value, before[name])
			}
		}
		for name, plain := range map[string]string{"active": "active", "name": "name", "gender": "gender", "_gender": "gender", "deceasedBoolean": "deceased", "link": "Patient.link", "foo": "?"} {
			want := before[name] != nil && (slices.Contains(elements, plain) || slices.Contains(elements, name))
			if (after[name] != nil) != want {
				t.Errorf("%s with %q: %s", name, elements, out)
			}
		}
	})
}

func TestAppendAbsolute(t *testing.T) {
	in := `{"resourceType":"DocumentReference","id":"d","status":"current","contained":[{"resourceType":"Patient","photo":[{"url":"Binary/2"}]}],` +
		`"extension":[{"url":"Binary/no","valueAttachment":{"url":"Binary\/3","title":"a"}},{"url":"x","valueUrl":"Binary/4"}],` +
		`"content":[{"attachment":{"url":"Binary/1/_history/2"}},{"attachment":{"url":"https://o/Binary/5"}},{"attachment":{"url":"urn:x"}},{"attachment":{"url":7}}]}`
	want := strings.NewReplacer(`"url":"Binary/2"`, `"url":"https://h/fhir/Binary/2"`, `"Binary\/3"`, `"https://h/fhir/Binary/3"`, `"Binary/1/_history/2"`, `"https://h/fhir/Binary/1/_history/2"`).Replace(in)
	d, err := Parse([]byte(in))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(d.AppendAbsolute(nil, "https://h/fhir")); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for text, may := range map[string]bool{in: true, `{"url":"Binary\/3"}`: true, `{"url":"https://o/Binary/5"}`: false, `{"reference":"Binary/5"}`: false} {
		if MayHaveRelative([]byte(text)) != may {
			t.Errorf("%s: not %v", text, may)
		}
	}
}
