package main

import "testing"

func TestPart(t *testing.T) {
	for _, tt := range []struct{ expression, base, want string }{
		{"Patient.birthDate | Person.birthDate | RelatedPerson.birthDate", "Person", "Person.birthDate"},
		{"(Observation.value as Quantity) | (Observation.value as SampledData)", "Observation", "(Observation.value as Quantity) | (Observation.value as SampledData)"},
		{"AllergyIntolerance.code | (Condition.onset as Age) | Conditions.x", "Condition", "(Condition.onset as Age)"},
		{"Account.subject.where(resolve() is Patient)", "Account", "Account.subject.where(resolve() is Patient)"},
		{"A.b.where(c | d) | B.c", "A", "A.b.where(c | d)"},
		{"name | alias", "InsurancePlan", "InsurancePlan.name | InsurancePlan.alias"},
		{"Patient.name", "Person", ""},
	} {
		if got := part(tt.expression, tt.base); got != tt.want {
			t.Errorf("%s of %q: got %q, want %q", tt.base, tt.expression, got, tt.want)
		}
	}
}
