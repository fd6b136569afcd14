package storage

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"satchel/audit"
	"satchel/fhir"
	"satchel/internal/audittest"
)

// An import's row stays stopped once it was stopped, whatever its worker notes afterwards, and holds its findings until it
// is deleted; its event is stored with each step.
func TestImportRow(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), openNew(t)
	note := audittest.Event(audit.Import)
	job, err := s.AddJob(ctx, note, Job{ID: "import-1", Kind: "import", Account: "ann"}, 1, "import")
	if err != nil || job.ID != "import-1" {
		t.Fatal(job, err)
	}
	if claimed, ok, err := s.ClaimJob(ctx, "import"); err != nil || !ok || claimed.Runs != 1 {
		t.Fatal(claimed, ok, err)
	}
	expires := time.UnixMilli(time.Now().UnixMilli() + 1000).UTC()
	for i, want := range []State{Running, Stopped} {
		if was, err := s.StopJob(ctx, note, "import", job.ID, expires); err != nil || was != want {
			t.Errorf("stop %d: was %s (%v)", i, was, err)
		}
	}
	found := []JobFinding{{File: "a.ndjson", Line: 2, Entry: "Patient/1", Refused: true, Reason: "no"}, {File: "b.zip!c.json", Reason: "odd"}}
	for range 2 { // a second run takes the place of the first
		end := JobEnd{State: Complete, Findings: found, Outcome: []byte(`{}`), Expires: expires}
		if ok, err := s.EndJob(ctx, note, job.ID, end); err != nil || !ok {
			t.Fatal(ok, err)
		}
	}
	kept, err := s.JobFindings(ctx, job.ID)
	if diff := cmp.Diff(found, kept); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if got, err := s.Job(ctx, job.ID); err != nil || got.State != Stopped || !got.Expires.Equal(expires) || string(got.Outcome) != `{}` {
		t.Errorf("%+v (%v)", got, err)
	}
	if ok, err := s.DeleteJob(ctx, note, job.ID); err != nil || !ok {
		t.Error(ok, err)
	}
	if rows := dump(t, s, "job_finding"); rows != nil {
		t.Errorf("findings stayed: %v", rows)
	}
	events, _, err := s.AuditEvents(ctx, audit.Filter{Actions: []audit.Action{audit.Import}}, audit.Page{Count: 10})
	if err != nil || len(events) != 6 {
		t.Errorf("%d events, and not one for each step (%v)", len(events), err)
	}
}

// Whoever asks for jobs of some kinds gets, counts, stops and deletes no others.
func TestJobKinds(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), openNew(t)
	note := audittest.Event(audit.Import)
	add := func(kind string) (Job, error) {
		return s.AddJob(ctx, note, Job{Kind: kind}, 1, kind)
	}
	bulk, err := add("bulk")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := add("bulk"); codeOf(err) != fhir.CodeThrottled {
		t.Errorf("a second export: %v", err)
	}
	if _, ok, err := s.ClaimJob(ctx, "import"); ok || err != nil {
		t.Errorf("an export was claimed as an import (%v)", err)
	}
	later, err := add("import")
	if err != nil {
		t.Fatalf("an export stands in the way of an import: %v", err)
	}
	if jobs, err := s.Jobs(ctx, "import", "ehi"); err != nil || len(jobs) != 1 || jobs[0].ID != later.ID {
		t.Errorf("%+v (%v)", jobs, err)
	}
	if claimed, ok, err := s.ClaimJob(ctx, "ehi", "import"); err != nil || !ok || claimed.ID != later.ID {
		t.Errorf("claimed %+v (%v)", claimed, err)
	}
	if _, err := s.StopJob(ctx, note, "import", bulk.ID, time.Now()); codeOf(err) != fhir.CodeNotFound {
		t.Errorf("an export was stopped as an import: %v", err)
	}
	if ok, err := s.DeleteJob(ctx, note, later.ID, "bulk", "ehi"); ok || err != nil {
		t.Errorf("an import was deleted as an export (%v)", err)
	}
}
