package fhir

import "testing"

func TestRelative(t *testing.T) {
	t.Parallel()
	own := NewBases("http://alias:8080/fhir")
	for _, c := range []struct{ from, want string }{
		{`{"reference":"http://alias:8080/fhir/Patient/a"}`, `{"reference":"Patient/a"}`},
		{`{"reference":"https:\/\/ALIAS:8080/fhir/Patient/a/_history/3"}`, `{"reference":"Patient/a/_history/3"}`},
		{`{"reference":"http://alias:8080/fhir/Patient/a?x=1#y"}`, `{"reference":"Patient/a?x=1#y"}`},
		{`{"reference":"http://alias/fhir/Patient/a"}`, ""},
		{`{"reference":"http://alias:8080/fhir/x/Patient/a"}`, ""},
		{`{"reference":"Patient/a"}`, ""},
		{`{"identifier":{"system":"http://alias:8080/fhir/Patient/a"}}`, ""},
	} {
		before, after := `{"resourceType":"Observation","id":"o","subject":`, `,"instantiatesCanonical":"http://alias:8080/fhir/Questionnaire/q"}`
		d, err := Parse([]byte(before + c.from + after))
		if err != nil {
			t.Fatal(err)
		}
		want := ""
		if c.want != "" {
			want = before + c.want + after
		}
		if got := string(d.Relative(own)); got != want {
			t.Errorf("%s: %s, want %s", c.from, got, want)
		}
	}
	d, err := Parse([]byte(`{"resourceType":"Media","id":"m","content":{"url":"http://alias:8080/fhir/Binary/b"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(d.Relative(own)); got != `{"resourceType":"Media","id":"m","content":{"url":"Binary/b"}}` {
		t.Error(got)
	}
}
