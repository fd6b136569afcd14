package storage_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"satchel/audit"
	"satchel/fhir"
	"satchel/internal/testpractice"
	"satchel/storage"
)

// assigning is a practice with results that say of nobody whose they are: one alone, and one that hangs on a visit.
func assigning(t *testing.T) *storage.Store {
	s := testpractice.Empty.Open(t)
	testpractice.Put(t, s, `{"resourceType":"Patient","id":"a"}`, `{"resourceType":"Patient","id":"b"}`,
		`{"resourceType":"Observation","id":"alone","subject":{"display":"Ann"}}`,
		`{"resourceType":"Observation","id":"hangs","encounter":{"reference":"Encounter/e"}}`, `{"resourceType":"Encounter","id":"e"}`)
	return s
}

func byAnn(action audit.Action) audit.Event {
	return audit.Event{Who: audit.Who{Name: "ann", Kind: audit.User}, Action: action}
}

// assign assigns a resource at its current version; patient "" confirms that it is nobody's.
func assign(t *testing.T, s *storage.Store, key, patient string) {
	t.Helper()
	typ, id, _ := strings.Cut(key, "/")
	r, err := s.Resource(t.Context(), typ, id)
	if err == nil {
		err = s.Assign(t.Context(), byAnn(audit.AssignmentMake), storage.Assignment{Type: typ, ID: id, Patient: patient, Version: r.Version, Account: "ann", Reason: "the name"})
	}
	if err != nil {
		t.Fatalf("assign %s: %v", key, err)
	}
}

func unassign(t *testing.T, s *storage.Store, key string) {
	t.Helper()
	typ, id, _ := strings.Cut(key, "/")
	if err := s.Unassign(t.Context(), byAnn(audit.AssignmentEnd), typ, id); err != nil {
		t.Fatalf("unassign %s: %v", key, err)
	}
}

// whose lists what is unassigned and what belongs to each patient, by the index and by the documents, which must agree.
func whose(t *testing.T, s *storage.Store) string {
	t.Helper()
	loose, _, err := s.UnassignedKeys(t.Context(), storage.UnassignedFilter{}, 100)
	at, err2 := s.Snapshot(t.Context())
	lines, err3 := s.CheckOwners(t.Context())
	if err != nil || err2 != nil || err3 != nil || lines != nil {
		t.Fatal(err, err2, err3, lines)
	}
	text := "nobody: " + strings.Join(loose, " ")
	for _, patient := range []string{"a", "b"} {
		var keys []string
		err := s.Scan(t.Context(), at, storage.Selection{Patients: []string{patient}}, func(r storage.Row) error {
			d, err := fhir.Parse(r.JSON)
			if err != nil {
				return err
			}
			owners, err := s.Belonging(t.Context(), d)
			if err != nil || len(owners) != 1 || owners[0].Patient != patient || !owners[0].Why.Whole() {
				t.Errorf("%s/%s is in the index of %s and belongs to %v %v", r.Type, r.ID, patient, owners, err)
			}
			if r.Type != "Patient" {
				keys = append(keys, r.Type+"/"+r.ID)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(keys)
		text += "; " + patient + ": " + strings.Join(keys, " ")
	}
	return text
}

// step does something, and looks whose things are afterwards: at once, and once the tables were made anew.
func step(t *testing.T, s *storage.Store, want string, deed func()) {
	t.Helper()
	deed()
	if got := whose(t, s); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if err := s.RebuildOwners(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := whose(t, s); got != want {
		t.Errorf("made anew: %s\nwant %s", got, want)
	}
}

// An assignment makes a resource the patient's, and what hangs on it; taken back, nobody's again.
func TestAssign(t *testing.T) {
	t.Parallel()
	s := assigning(t)
	const before = "nobody: Encounter/e Observation/alone Observation/hangs; a: ; b: "
	step(t, s, before, func() {})
	step(t, s, "nobody: Encounter/e Observation/hangs; a: Observation/alone; b: ", func() { assign(t, s, "Observation/alone", "a") })
	step(t, s, "nobody: ; a: Observation/alone; b: Encounter/e Observation/hangs", func() { assign(t, s, "Encounter/e", "b") })
	step(t, s, "nobody: Encounter/e Observation/hangs; a: Observation/alone; b: ", func() { unassign(t, s, "Encounter/e") })
	step(t, s, "nobody: Encounter/e; a: Observation/alone Observation/hangs; b: ", func() { assign(t, s, "Observation/hangs", "a") })
	step(t, s, "nobody: ; a: Observation/alone Observation/hangs; b: Encounter/e", func() { assign(t, s, "Encounter/e", "b") }) // what was said of the result itself counts
	step(t, s, before, func() {
		for _, key := range []string{"Observation/alone", "Observation/hangs", "Encounter/e"} {
			unassign(t, s, key)
		}
	})
}

// Once the data says whose a resource is, that counts: the assignment ends, with an event, and does not come back.
func TestAssignOverruled(t *testing.T) {
	t.Parallel()
	s := assigning(t)
	assign(t, s, "Observation/alone", "a")
	assign(t, s, "Observation/hangs", "a")
	step(t, s, "nobody: Encounter/e; a: Observation/alone Observation/hangs; b: ", func() {
		testpractice.Put(t, s, `{"resourceType":"Observation","id":"alone","status":"amended","subject":{"display":"Ann"}}`) // goes on to hold
	})
	step(t, s, "nobody: Encounter/e; a: Observation/hangs; b: Observation/alone", func() {
		testpractice.Put(t, s, `{"resourceType":"Observation","id":"alone","subject":{"reference":"Patient/b"}}`)
	})
	step(t, s, "nobody: ; a: ; b: Encounter/e Observation/alone Observation/hangs", func() {
		testpractice.Put(t, s, `{"resourceType":"Encounter","id":"e","subject":{"reference":"Patient/b"}}`)
	})
	step(t, s, "nobody: Encounter/e Observation/alone Observation/hangs; a: ; b: ", func() {
		testpractice.Put(t, s, `{"resourceType":"Encounter","id":"e"}`, `{"resourceType":"Observation","id":"alone","subject":{"display":"Ann"}}`)
	})
	events, _, err := s.AuditEvents(t.Context(), audit.Filter{Actions: []audit.Action{audit.AssignmentEnd}}, audit.Page{Count: 10})
	if err != nil || len(events) != 2 || events[0].Target != "Observation/alone" || !slices.Contains(events[0].Patients, "a") {
		t.Errorf("%v %v", events, err)
	}
}

// What was deleted keeps its owner; what is made again in its place is something new.
func TestAssignDeleted(t *testing.T) {
	t.Parallel()
	s := assigning(t)
	assign(t, s, "Encounter/e", "a")
	step(t, s, "nobody: Observation/alone; a: Observation/hangs; b: ", func() { testpractice.Delete(t, s, "Encounter/e") })
	at, err := s.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	gone := 0
	if err := s.Scan(t.Context(), at, storage.Selection{Patients: []string{"a"}, Deleted: true}, func(storage.Row) error { gone++; return nil }); err != nil || gone != 1 {
		t.Errorf("%d %v", gone, err)
	}
	step(t, s, "nobody: Encounter/e Observation/alone Observation/hangs; a: ; b: ", func() {
		testpractice.Put(t, s, `{"resourceType":"Encounter","id":"e","status":"planned"}`)
	})
}

// That a resource is nobody's holds for the version that was looked at.
func TestAssignNobody(t *testing.T) {
	t.Parallel()
	s := assigning(t)
	step(t, s, "nobody: Encounter/e Observation/hangs; a: ; b: ", func() { assign(t, s, "Observation/alone", "") })
	step(t, s, "nobody: Encounter/e Observation/alone Observation/hangs; a: ; b: ", func() {
		testpractice.Put(t, s, `{"resourceType":"Observation","id":"alone","status":"amended"}`)
	})
	step(t, s, "nobody: Encounter/e Observation/hangs; a: Observation/alone; b: ", func() { assign(t, s, "Observation/alone", "a") })
}

// What cannot be assigned is refused, and nothing is stored.
func TestAssignRefused(t *testing.T) {
	t.Parallel()
	s := assigning(t)
	testpractice.Put(t, s, `{"resourceType":"Observation","id":"mine","subject":{"reference":"Patient/a"}}`, `{"resourceType":"Device","id":"scale"}`, `{"resourceType":"Observation","id":"gone"}`)
	testpractice.Delete(t, s, "Observation/gone")
	assign(t, s, "Observation/hangs", "a")
	for text, code := range map[string]fhir.Code{
		"Observation alone 2 a": fhir.CodeConflict, "Observation alone 1 nobody": fhir.CodeNotFound, "Observation none 1 a": fhir.CodeNotFound,
		"Observation gone 2 a": fhir.CodeNotFound, "Observation mine 1 b": fhir.CodeConflict, "Observation hangs 1 b": fhir.CodeConflict,
		"Device scale 1 a": fhir.CodeConflict, "Nonsense x 1 a": fhir.CodeConflict,
	} {
		var a storage.Assignment
		if _, err := fmt.Sscan(text, &a.Type, &a.ID, &a.Version, &a.Patient); err != nil {
			t.Fatal(err)
		}
		if err := s.Assign(t.Context(), byAnn(audit.AssignmentMake), a); !fhir.IsCode(err, code) {
			t.Errorf("%s: %v, want %s", text, err, code)
		}
	}
	if err := s.Unassign(t.Context(), byAnn(audit.AssignmentEnd), "Observation", "alone"); !fhir.IsCode(err, fhir.CodeNotFound) {
		t.Error(err)
	}
	all, next, err := s.Assignments(t.Context(), "", 10)
	if err != nil || len(all) != 1 || next != "" || all[0].Key() != "Observation/hangs" || all[0].Patient != "a" || all[0].Account != "ann" || all[0].Reason != "the name" {
		t.Errorf("%v %q %v", all, next, err)
	}
}

// Lists come by pages, each thing once.
func TestUnassignedPages(t *testing.T) {
	t.Parallel()
	s := testpractice.Empty.Open(t)
	want := 0
	for i := range 150 {
		typ := []string{"Observation", "Condition", "Encounter"}[i%3]
		testpractice.Put(t, s, fmt.Sprintf(`{"resourceType":%q,"id":"x%d"}`, typ, i))
		want++
	}
	seen := map[string]int{}
	if err := s.EachUnassigned(t.Context(), storage.UnassignedFilter{}, func(r fhir.Resource) error { seen[r.Key()]++; return nil }); err != nil {
		t.Fatal(err)
	}
	if len(seen) != want {
		t.Errorf("%d of %d", len(seen), want)
	}
	for key, n := range seen {
		if n != 1 {
			t.Errorf("%s: %d times", key, n)
		}
	}
	at, err := s.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	testpractice.Put(t, s, `{"resourceType":"Observation","id":"new"}`)
	keys, n, err := s.UnassignedKeys(t.Context(), storage.UnassignedFilter{After: at}, 10)
	if err != nil || n != 1 || fmt.Sprint(keys) != "[Observation/new]" {
		t.Errorf("%v %d %v", keys, n, err)
	}
	keys, n, err = s.UnassignedKeys(t.Context(), storage.UnassignedFilter{Types: []string{"Condition"}, Upto: at}, 3)
	if err != nil || n != 50 || len(keys) != 3 {
		t.Errorf("%v %d %v", keys, n, err)
	}
}
