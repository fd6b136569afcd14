package fhir

import (
	"fmt"
	"testing"
)

// A document mentions a person by an identifier, by name and birth date, or by the name of whom it is about.
func TestMentions(t *testing.T) {
	t.Parallel()
	person := mustParse(t, `{"resourceType":"Patient","id":"a","identifier":[{"system":"urn:mrn","value":"M-77"},{"value":"loose"}],
		"name":[{"family":"O'Brien","given":["Zoë","Ann"]},{"text":"Zoe Murphy"}],"birthDate":"1970-02-03"}`).Person()
	for text, want := range map[string]Mention{
		`"subject":{"identifier":{"system":"urn:mrn","value":"m-77"}}`:                                             MentionIdentifier,
		`"subject":{"identifier":{"value":"M-77"}}`:                                                                MentionIdentifier,
		`"extension":[{"url":"x","valueIdentifier":{"system":"urn:other","value":"loose"}}]`:                       MentionIdentifier,
		`"contained":[{"resourceType":"Patient","id":"p","identifier":[{"system":"urn:mrn","value":"M-77"}]}]`:     MentionIdentifier,
		`"subject":{"identifier":{"system":"urn:other","value":"M-77"}}`:                                           "",
		`"valueQuantity":{"system":"urn:mrn","value":77}`:                                                          "",
		`"subject":{"display":"O'BRIEN, Zoe"}`:                                                                     MentionName,
		`"subject":{"display":"Zoe O’Brien (3.2.1970)"}`:                                                           MentionNameBirth,
		`"text":{"status":"generated","div":"<div>Zoe O&apos;Brien, born 02/03/1970</div>"}`:                       MentionNameBirth,
		`"note":[{"text":"Zoë Murphy 1970-02-03"}]`:                                                                MentionNameBirth,
		`"note":[{"text":"Zoë Murphy"}],"effectiveDateTime":"1970-02-03T10:00:00Z"`:                                "",
		`"contained":[{"resourceType":"Patient","id":"p","name":[{"family":"Murphy","given":["Zoe","Beth"]}]}]`:    MentionName,
		`"performer":[{"display":"Zoe Murphy"}]`:                                                                   "",
		`"subject":{"display":"Zoe"}`:                                                                              "",
		`"contained":[{"resourceType":"Binary","id":"b","contentType":"x","data":"Wm9lIE11cnBoeSAxOTcwLTAyLTAz"}]`: "",
	} {
		d := mustParse(t, `{"resourceType":"Observation","id":"o",`+text+`}`)
		if got := d.Mentions().Of(person); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// Whoever is mentioned is found by one of the searches.
func TestMentionQueries(t *testing.T) {
	t.Parallel()
	patient := mustParse(t, `{"resourceType":"Patient","id":"a","identifier":[{"system":"urn:mrn","value":"M,77"}],"name":[{"family":"Smith","given":["Zoë"]}],"birthDate":"1970-02-03"}`)
	for _, text := range []string{
		`"subject":{"identifier":{"system":"urn:mrn","value":"M,77"}}`, `"subject":{"identifier":{"value":"M,77"}}`,
		`"subject":{"display":"Smith, Zoe"}`, `"note":[{"text":"Zoe Smith 2/3/1970"}]`,
	} {
		m := mustParse(t, `{"resourceType":"Observation","id":"o",`+text+`}`).Mentions()
		found := false
		for _, q := range m.Queries(5) {
			found = found || q.Match(patient)
		}
		if !found || m.Of(patient.Person()) == "" {
			t.Errorf("%s: %v %q", text, found, m.Of(patient.Person()))
		}
	}
}

// An odd document gives no more than others.
func TestMentionsBounded(t *testing.T) {
	t.Parallel()
	text := `{"resourceType":"List","id":"l","identifier":[{"value":"0"}`
	for i := range 500 {
		text += fmt.Sprintf(`,{"system":"urn:x","value":"%d"}`, i)
	}
	m := mustParse(t, text+`]}`).Mentions()
	if len(m.Identifiers) != mostMentions || len(m.Queries(3)) > 6 {
		t.Errorf("%d identifiers, %d queries", len(m.Identifiers), len(m.Queries(3)))
	}
}
