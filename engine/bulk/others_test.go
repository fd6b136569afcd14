package bulk

import (
	"strings"
	"testing"
)

// What may name another patient is looked at; what names those of the export alone, or nobody, is not.
func TestMentions(t *testing.T) {
	t.Parallel()
	o := newOthers([]string{"p1", "p2"})
	for text, want := range map[string]bool{
		`{"subject":{"reference":"Patient/p1"}}`:                                                            false,
		`{"subject":{"reference":"Patient/p1"},"performer":[{"reference":"Patient/p2/_history/3"}]}`:        false,
		`{"subject":{"reference":"Practitioner/p9"}}`:                                                       false,
		`{"identifier":[{"system":"urn:oid:1.2.3"}]}`:                                                       false,
		`{"subject":{"reference":"Patient/p1"},"performer":[{"reference":"Patient/p10"}]}`:                  true,
		`{"subject":{"reference":"Patient/p"}}`:                                                             true,
		`{"subject":{"reference":"https://practice.example/fhir/Patient/p9"}}`:                              true,
		`{"subject":{"reference":"Patient\/p9"}}`:                                                           true,
		`{"subject":{"reference":"urn:uuid:9c5b94b1-35ad-49bb-b118-8e8fc24abf80"}}`:                         true,
		`{"subject":{"type":"Patient","identifier":{"system":"https://practice.example/mrn","value":"1"}}}`: true,
		`{"subject":{"reference":"Patient/p1`:                                                               true,
	} {
		if got := mentionsOthers(o.of, []byte(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	if newOthers(nil) != nil || newOthers(strings.Split(strings.Repeat("p,", 101), ",")) != nil || newOthers([]string{}) == nil {
		t.Error("collects where the audit log speaks of everybody, or not where it does not")
	}
}

// An export tells whose data is in it beside that of the patients it is of, however it is asked for; one of everybody does not.
func TestOthers(t *testing.T) {
	t.Parallel()
	s := practice(t)
	put(t, s, `{"resourceType":"Patient","id":"p3"}`, `{"resourceType":"Patient","id":"p4"}`,
		`{"resourceType":"Appointment","id":"two","status":"booked","participant":[{"actor":{"reference":"Patient/p3"},"status":"accepted"},{"actor":{"reference":"Patient/p4"},"status":"accepted"}]}`,
		`{"resourceType":"Observation","id":"by-p4","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p3"},"performer":[{"reference":"Patient/p4"}]}`,
		`{"resourceType":"Group","id":"was","type":"person","actual":true,"member":[{"entity":{"reference":"Patient/p3"}},{"entity":{"reference":"Patient/p4"},"inactive":true}]}`)
	e := New(s, Options{})
	p3 := []string{"p3"}
	for _, c := range []struct {
		r    Request
		want string
	}{
		{Request{Level: LevelPatient, Patients: p3}, ""},
		{Request{Level: LevelPatient, Patients: p3, OrganizeBy: "Patient"}, ""},
		{Request{Level: LevelPatient, Patients: p3, History: true}, ""},
		{Request{Level: LevelPatient, Patients: p3, Types: []string{"Observation", "Patient"}}, ""},
		{Request{Level: LevelPatient, Patients: []string{"p3", "p4"}}, ""},
		{Request{Level: LevelGroup, Group: "was", Types: []string{"Group"}}, "p4"},
		{Request{Level: LevelGroup, Group: "was", Types: []string{"Patient"}}, ""},
		{Request{Level: LevelPatient}, ""},
		{Request{Level: LevelSystem}, ""},
	} {
		m, err := e.Export(t.Context(), c.r, rootDir(t), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(m.Others, " "); got != c.want {
			t.Errorf("%+v: %q, want %q", c.r, got, c.want)
		}
	}
}
