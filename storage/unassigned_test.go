package storage_test

import (
	"testing"

	"satchel/internal/testpractice"
)

// What ought to be somebody's and is nobody's is counted, until what it hangs on says whose it is.
func TestUnassigned(t *testing.T) {
	t.Parallel()
	s := testpractice.Empty.Open(t)
	testpractice.Put(t, s, `{"resourceType":"Patient","id":"a"}`, `{"resourceType":"Practitioner","id":"p"}`, `{"resourceType":"Device","id":"scale"}`,
		`{"resourceType":"Observation","id":"named","subject":{"display":"Ann"}}`, `{"resourceType":"Observation","id":"foreign","subject":{"reference":"https://lab.example/fhir/Patient/a"}}`,
		`{"resourceType":"Observation","id":"hangs","encounter":{"reference":"Encounter/e"}}`, `{"resourceType":"Observation","id":"mine","subject":{"reference":"Patient/a"}}`)
	count := func(want int64) {
		t.Helper()
		all, err := s.Unassigned(t.Context())
		if err != nil || len(all) != 1 || all[0].Type != "Observation" || all[0].N != want {
			t.Errorf("%v %v, want %d", all, err, want)
		}
	}
	count(3)
	testpractice.Put(t, s, `{"resourceType":"Encounter","id":"e","subject":{"reference":"Patient/a"}}`)
	count(2)
	testpractice.Delete(t, s, "Observation/foreign")
	count(1)
}
