package fhir

import (
	"slices"
	"strings"
	"testing"
)

// shown writes ways as "name.name[0]{where=equal} type only flag".
func shown(ways []way) []string {
	var all []string
	for _, w := range ways {
		var b strings.Builder
		for _, h := range w.hops {
			b.WriteString("." + h.name)
			if h.where != "" {
				b.WriteString("{" + h.where + "=" + h.equal + "}")
			}
		}
		b.WriteString(" " + w.typ)
		if w.only != "" {
			b.WriteString(" is " + w.only)
		}
		if w.flag {
			b.WriteString(" flag")
		}
		all = append(all, b.String())
	}
	return all
}

func TestCompileExpression(t *testing.T) {
	for _, c := range []struct {
		typ, expression string
		want            []string
	}{
		{"Patient", "Patient.name.family", []string{".name.family string"}},
		{"Patient", "Resource.id", []string{".id id"}},
		{"Patient", "DomainResource.text", []string{".text Narrative"}},
		{"InsurancePlan", "name | alias", []string{".name string", ".alias string"}},
		{"Patient", "Patient.birthDate | Person.birthDate", []string{".birthDate date"}},
		{"Patient", "Patient.telecom.where(system='phone')", []string{".telecom{system=phone} ContactPoint"}},
		{"Patient", "Patient.telecom.where(system = 'a.b|c)').value", []string{".telecom{system=a.b|c)}.value string"}},
		{"Patient", "Patient.deceased.exists() and Patient.deceased != false", []string{".deceasedBoolean boolean flag", ".deceasedDateTime dateTime flag"}},
		{"Patient", "(Patient.deceased as dateTime)", []string{".deceasedDateTime dateTime"}},
		{"Patient", "Patient.deceased.ofType(dateTime)", []string{".deceasedDateTime dateTime"}},
		{"Goal", "(Goal.target.due as date)", []string{".target.dueDate date"}},
		{"Condition", "Condition.onset.as(Age) | Condition.onset.as(Range)", []string{".onsetAge Age", ".onsetRange Range"}},
		{"Observation", "(Observation.value as CodeableConcept).text", []string{".valueCodeableConcept.text string"}},
		{"Observation", "Observation.subject.where(resolve() is Patient)", []string{".subject Reference is Patient"}},
		{"Observation", "Observation", []string{" Observation"}},
		{"Observation.component", "value.as(Quantity)", []string{".valueQuantity Quantity"}},
		{"Questionnaire", "Questionnaire.item.item.code", []string{".item.item.code Coding"}},
	} {
		ways, err := compileExpression(c.typ, c.expression)
		if got := shown(ways); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %s gives %q, %v; want %q", c.typ, c.expression, got, err, c.want)
		}
	}
}

func TestCompileExpressionRefuses(t *testing.T) {
	for _, expression := range []string{
		"Patient.nothing", "Patient.name.where(given.exists())", "Patient.name.first()", "Patient.deceased.as(string)",
		"Patient.active and Patient.gender", "Patient.deceased.exists() and Patient.active != false", "Patient.name[0].family", "", "Patient.", "Patient.name..family", "(Patient.deceased as string)", "nothing",
	} {
		if ways, err := compileExpression("Patient", expression); err == nil {
			t.Errorf("%s gives %q", expression, shown(ways))
		}
	}
}

// Walking takes names with escapes and items that are null for what they are.
func TestWalkOddDocuments(t *testing.T) {
	d := mustParse(t, `{"resourceType":"Patient","n\u0061me":[{"fam\u0069ly":"A","given":[null,"B"],"_given":[{"id":"x"},null]},null],"gender":null}`)
	for _, search := range []string{"family=a", "given=b", "name=a", "name=b", "gender:missing=true"} {
		if q := mustQuery(t, "Patient", search); !q.Match(d) || uncovered(q, d) != "" {
			t.Errorf("%s does not match", search)
		}
	}
	for _, doc := range []string{
		`{"resourceType":"Patient","name":"x","birthDate":5,"telecom":["x"],"link":5,"identifier":{"value":7},"address":null,"gender":["a"],"active":"yes","deceasedBoolean":null}`,
		`{"resourceType":"Observation","subject":"Patient/1","code":"x","effectivePeriod":[],"effectiveTiming":{"event":"2015"},"valueQuantity":5,"component":{}}`,
	} {
		d := mustParse(t, doc)
		d.Entries(nil)
		d.Owners(Bases{})
		for _, p := range searchOf(d.Type()).params {
			for _, value := range []string{"1", "x$1", "x", "2015"} {
				if q, _, err := ParseQuery(d.Type(), []Param{{p.Code, value}}, Bases{}); err == nil && q.Match(d) {
					if miss := uncovered(q, d); miss != "" {
						t.Errorf("%s=%s matches %s without an entry in %s", p.Code, value, doc, miss)
					}
				}
			}
		}
	}
}
