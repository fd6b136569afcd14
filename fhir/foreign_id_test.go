package fhir

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Whatever an id of another system looks like: the resource gets a legal one, always the same, keeps everything else, tells the
// old one, and every reference to it, here or in another resource, leads to it.
func TestForeignIDs(t *testing.T) {
	t.Parallel()
	own := NewBases("https://old.example/fhir")
	rapid.Check(t, func(t *rapid.T) {
		typ := rapid.SampledFrom([]string{"Observation", "Patient", "Provenance", "Binary", "Composition", "CarePlan", "QuestionnaireResponse"}).Draw(t, "type")
		was := rapid.StringMatching(`[A-Za-z0-9._:~+%=@-]{1,90}`).Draw(t, "id")
		if IsID(was) || LegalID(typ, was) == "" {
			t.Skip("legal, or no id")
		}
		rest := rapid.SampledFrom([]string{``, `,"meta":{"tag":[{"code":"x"}]}`, `,"meta":{"versionId":"9"}`, `,"identifier":{"value":"v"}`, `,"identifier":[{"value":"v"}]`, `,"identifier":[]`}).Draw(t, "rest")
		var d, to Document
		got, err := d.ResetForeign([]byte(`{"resourceType":"` + typ + `"` + rest + `,"id":"` + was + `"}`))
		if err != nil || got != was || !IsID(d.ID()) || d.ID() != LegalID(typ, was) {
			t.Fatalf("%q, id %q, %v", got, d.ID(), err)
		}
		if text := string(d.JSON()); strings.Count(text, `"`+was+`"`) != 1 || strings.Contains(rest, `"v"`) && !strings.Contains(text, `"v"`) || strings.Contains(rest, `"x"`) && !strings.Contains(text, `"x"`) {
			t.Fatalf("%s", text)
		}
		for _, before := range []string{"", "./", "https://old.example/fhir/", "HTTPS://OLD.example/fhir/"} {
			for _, behind := range []string{"", "/_history/3"} {
				if err := to.Reset([]byte(`{"resourceType":"Basic","subject":{"reference":"` + before + typ + `/` + was + behind + `"}}`)); err != nil {
					t.Fatal(err)
				}
				text, n := to.LegalReferences(own)
				if want := `"reference":"` + typ + "/" + d.ID() + `"`; n != 1 || !strings.Contains(string(text), want) {
					t.Fatalf("%s%s: %d %s", before, behind, n, text)
				}
			}
		}
	})
}

// What is no id of any system is refused as before, and references to other servers and of other forms stay.
func TestForeignIDsRefused(t *testing.T) {
	t.Parallel()
	var d Document
	for _, id := range []string{"", ".", "..", "a b", "a/b", "a?b", "a#b", "a|b", `a\\b`, `a\"b`, "\\u0000", "a\\tb", "a\\u00a0b", strings.Repeat("x", maxForeignID+1)} {
		if was, err := d.ResetForeign([]byte(`{"resourceType":"Patient","id":"` + id + `"}`)); err == nil {
			t.Errorf("%q is taken: %q, %s", id, was, d.JSON())
		}
	}
	for _, ref := range []string{"https://other.example/fhir/Patient/a_b", "Patient?identifier=a_b", "#a_b", "urn:uuid:a_b", "Patient/ok", "a_b", "Nothing/a_b", "x/Patient/a_b", "Patient/a b", "Patient/a_b?x=y"} {
		if err := d.Reset([]byte(`{"resourceType":"Basic","subject":{"reference":"` + ref + `"}}`)); err != nil {
			t.Fatal(err)
		}
		if text, n := d.LegalReferences(NewBases("https://old.example/fhir")); n != 0 {
			t.Errorf("%s: %s", ref, text)
		}
	}
	if err := d.Reset([]byte(`{"resourceType":"Patient","id":"a_b"}`)); err == nil {
		t.Error("a document of ours has an id that R4 does not allow")
	}
}
