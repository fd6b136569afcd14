package exports_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"satchel/audit"
	"satchel/auth"
	"satchel/engine"
	"satchel/engine/imports"
	"satchel/exports"
	"satchel/fhir"
	"satchel/internal/testpractice"
	"satchel/storage"
)

// importing is the deeds on imports over a store, without a worker, and an upload of one file by an actor.
func importing(t *testing.T) (s *exports.Service, upload func(auth.Actor) (*engine.Upload, error)) {
	t.Helper()
	folder, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { folder.Close() })
	store := testpractice.Empty.Open(t)
	s = &exports.Service{Store: store, Engine: engine.New(store, folder, engine.Options{}), Enabled: true}
	return s, func(by auth.Actor) (*engine.Upload, error) {
		u, _, err := s.NewUpload(by, 0)
		if err != nil {
			return nil, err
		}
		return u, u.Add("a.ndjson", strings.NewReader(`{"resourceType":"Patient","id":"p"}`))
	}
}

// somebody is an account that holds a permission.
func somebody(name, permission string) auth.Actor {
	return auth.ActorOf(auth.Principal{Name: name, Authorities: []storage.Authority{{Permission: permission}}}, "192.0.2.1", "r1", 303)
}

// Every deed with imports asks whether everything may be written, whatever the page before it has asked.
func TestImportDeedsDecide(t *testing.T) {
	t.Parallel()
	s, upload := importing(t)
	owner := somebody("ann", "FHIR_ALL_WRITE")
	u, err := upload(owner)
	if err != nil {
		t.Fatal(err)
	}
	job, note, err := s.StartImport(t.Context(), owner, u, imports.Choices{})
	if err != nil || !note.Stored || note.Target != job.ID || job.Account != "ann" {
		t.Fatalf("%+v %+v (%v)", job, note, err)
	}
	for who, by := range map[string]auth.Actor{"reader": somebody("rita", "FHIR_ALL_READ"), "manager": somebody("mo", "MANAGE_BATCH_JOBS"), "nobody": somebody("nora", "")} {
		theirs, err := s.Engine.NewUpload(0)
		if err != nil {
			t.Fatal(err)
		}
		errs := map[string]error{}
		_, _, errs["upload"] = s.NewUpload(by, 0)
		_, _, errs["start"] = s.StartImport(t.Context(), by, theirs, imports.Choices{})
		_, errs["run"] = s.RunImport(t.Context(), by, imports.Import{})
		_, _, errs["list"] = s.Imports(t.Context(), by)
		_, _, _, errs["look"] = s.Import(t.Context(), by, job.ID)
		_, _, errs["findings"] = s.ImportFindings(t.Context(), by, job.ID)
		_, errs["stop"] = s.StopImport(t.Context(), by, job.ID)
		for deed, err := range errs {
			if known := new(fhir.Error); !errors.As(err, &known) || known.Code != fhir.CodeForbidden {
				t.Errorf("%s, %s: %v", who, deed, err)
			}
		}
		_, _, err = s.Job(t.Context(), by, job.ID, exports.Both)
		if known := new(fhir.Error); !errors.As(err, &known) || known.Code != fhir.CodeNotFound {
			t.Errorf("%s finds an import among exports: %v", who, err)
		}
		if _, err := s.End(t.Context(), by, job.ID, exports.Both); err == nil {
			t.Errorf("%s ends an import as an export", who)
		}
	}
	if jobs, _, err := s.Imports(t.Context(), owner); err != nil || len(jobs) != 1 || jobs[0].State != storage.Queued {
		t.Errorf("%+v (%v)", jobs, err)
	}
}

// Begin and stop of an import are in the audit log with who did it, from where, and which import.
func TestImportDeedsNoted(t *testing.T) {
	t.Parallel()
	s, upload := importing(t)
	by := somebody("ann", "FHIR_ALL_WRITE")
	u, err := upload(by)
	if err != nil {
		t.Fatal(err)
	}
	job, _, err := s.StartImport(t.Context(), by, u, imports.Choices{})
	if err != nil {
		t.Fatal(err)
	}
	if note, err := s.StopImport(t.Context(), by, job.ID); err != nil || !note.Stored {
		t.Fatalf("%+v (%v)", note, err)
	}
	events, _, err := s.Store.AuditEvents(t.Context(), audit.Filter{Actions: []audit.Action{audit.Import}}, audit.Page{Count: 10})
	if err != nil || len(events) != 2 {
		t.Fatalf("%+v (%v)", events, err)
	}
	for _, e := range events {
		if e.Who != by.Who || e.From != "192.0.2.1" || e.RequestID != "r1" || e.Target != job.ID || e.Status != 303 || e.Outcome != audit.Success || e.Detail == "" {
			t.Errorf("%+v", e)
		}
	}
}
