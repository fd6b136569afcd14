package storage

import (
	"strings"
	"testing"

	"satchel/audit"
	"satchel/fhir"
	"satchel/internal/audittest"
)

// A version tells whose data it holds by what stands there now: a Binary by all that shows it, others by their owners, also as
// some of several; who is only named in what is about somebody else does not count.
func TestConcerned(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	both := `{"actor":{"reference":"Patient/a"},"status":"accepted"},{"actor":{"reference":"Patient/b"},"status":"accepted"}`
	for _, body := range []string{`{"resourceType":"Patient","id":"a"}`, `{"resourceType":"Patient","id":"b"}`, `{"resourceType":"Practitioner","id":"dr"}`,
		`{"resourceType":"Observation","id":"by-b","subject":{"reference":"Patient/a"},"performer":[{"reference":"Patient/b"}]}`,
		`{"resourceType":"Appointment","id":"two","participant":[` + both + `]}`,
		`{"resourceType":"Encounter","id":"visit","appointment":[{"reference":"Appointment/two"}]}`,
		`{"resourceType":"DocumentReference","id":"notes","context":{"encounter":[{"reference":"Encounter/visit"}]},"content":[{"attachment":{"url":"Binary/notes"}}]}`,
		`{"resourceType":"Binary","id":"notes"}`, `{"resourceType":"Binary","id":"nobodys"}`, `{"resourceType":"Binary","id":"mine","securityContext":{"reference":"Patient/b"}}`} {
		put(t, s, parse(t, "%s", body))
	}
	for key, want := range map[string]string{"Patient/a": "a", "Practitioner/dr": "", "Observation/by-b": "a", "Appointment/two": "a b", "Encounter/visit": "a b",
		"DocumentReference/notes": "a b", "Binary/notes": "a b", "Binary/nobodys": "", "Binary/mine": "b"} {
		ref := fhir.ParseReference(key)
		r, err := s.Resource(t.Context(), ref.Type, ref.ID)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Concerned(t.Context(), r)
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: %q %v, want %q", key, got, err, want)
		}
		r.Deleted, r.JSON = true, nil
		if got, err := s.Concerned(t.Context(), r); err != nil || len(got) != 0 && r.Type != "Patient" {
			t.Errorf("%s, deleted: %q %v", key, got, err)
		}
	}
	if _, err := s.Concerned(t.Context(), fhir.Resource{Type: "Observation", ID: "x", JSON: []byte("{")}); err == nil {
		t.Error("damaged, and nobody's data")
	}
}

// What goes out of an export names the patients of its start and whoever was found at its end, also if the caller names some.
func TestExportFilesNameEverybodyConcerned(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	note := func(action audit.Action, target string, patients ...string) []string {
		t.Helper()
		e := audittest.Event(action)
		e.Target, e.Patients = target, patients
		if err := s.Audit(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		all, _, err := s.AuditEvents(t.Context(), audit.Filter{}, audit.Page{Sort: audit.Sort{Down: true}, Count: 1})
		if err != nil {
			t.Fatal(err)
		}
		return all[0].Patients
	}
	note(audit.ExportStart, "j1", "a")
	note(audit.ExportStart, "j2")
	for _, c := range []struct {
		action audit.Action
		target string
		named  []string
		want   string
	}{
		{audit.ExportFile, "j1/x", []string{"a"}, "a"},
		{audit.ExportComplete, "j1", []string{"c"}, "a c"},
		{audit.ExportFile, "j1/x", []string{"a"}, "a c"},
		{audit.ExportFile, "j1/x", nil, "a c"},
		{audit.ExportDelete, "j1", []string{"b"}, "a b c"},
		{audit.ExportExpire, "j1", nil, "a c"},
		{audit.ExportFile, "j2/x", []string{"a"}, "* a"},
		{audit.ExportFile, "j3/x", nil, ""},
		{audit.Read, "j1", []string{"z"}, "z"},
	} {
		if got := strings.Join(note(c.action, c.target, c.named...), " "); got != c.want {
			t.Errorf("%s %s %q: %q, want %q", c.action, c.target, c.named, got, c.want)
		}
	}
}
