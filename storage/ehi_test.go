package storage

import (
	"strings"
	"testing"
	"time"

	"satchel/audit"
	"satchel/internal/audittest"
)

// The owner of an EHI export is bounded in how many wait for their form, and what was never sent is forgotten in time.
func TestEHIExportBounds(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	s.Now = func() time.Time { return now }
	ask := func(owner, patient string) (EHIExport, bool, error) {
		return s.AddEHIExport(background, audittest.Event(audit.ExportStart), EHIExport{Owner: owner, Client: true, Patient: patient, URL: "u"}, time.Hour, 2, []string{"received"})
	}
	first, fresh, err := ask("app", "1")
	if err != nil || !fresh || len(first.Form) < 26 || !first.Until.Equal(first.Created.Add(time.Hour)) {
		t.Fatal(first, fresh, err)
	}
	if again, fresh, err := ask("APP", "1"); err != nil || fresh || again != first {
		t.Error(again, fresh, err)
	}
	if _, _, err := ask("app", "2"); err != nil {
		t.Error(err)
	}
	if _, _, err := ask("app", "3"); err == nil || !strings.Contains(err.Error(), "the most allowed") {
		t.Error(err)
	}
	if _, _, err := ask("other", "3"); err != nil {
		t.Error(err)
	}
	now = now.Add(2 * time.Hour)
	if third, fresh, err := ask("app", "3"); err != nil || !fresh || third.ID == first.ID {
		t.Error(third, fresh, err)
	}
	if _, err := s.EHIExport(background, first.ID); !isNotFound(err) {
		t.Error(err)
	}
	if _, err := s.EHIExportByForm(background, first.Form); !isNotFound(err) {
		t.Error(err)
	}
}

// The next client of a name is not given what the last one waited for.
func TestEHIExportEndsWithItsOwner(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	for range 2 {
		if err := s.AddClient(background, audittest.Event(audit.ClientCreate), Client{Name: "app", Scopes: "system/$ehi-export", RedirectURI: "https://app.example/"}); err != nil {
			t.Fatal(err)
		}
		if c, err := s.Client(background, "app"); err != nil || c.RedirectURI != "https://app.example/" {
			t.Error(c, err)
		}
		e, fresh, err := s.AddEHIExport(background, audittest.Event(audit.ExportStart), EHIExport{Owner: "app", Client: true, Patient: "1"}, time.Hour, 9, []string{"received"})
		if err != nil || !fresh {
			t.Fatal(fresh, err)
		}
		if err := s.RemoveClient(background, audittest.Event(audit.ClientRemove), "app", nil); err != nil {
			t.Fatal(err)
		}
		if _, err := s.EHIExport(background, e.ID); !isNotFound(err) {
			t.Error(err)
		}
	}
}

// Who deletes an export learns of a form that was sent a moment ago.
func TestEHIExportDeletedAtTheEnd(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	e, _, err := s.AddEHIExport(background, audittest.Event(audit.ExportStart), EHIExport{Owner: "app", Client: true, Patient: "1"}, time.Hour, 9, []string{"received"})
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.AddRequest(background, 2026, Request{State: "received", Body: []byte(`{}`)}, RequestStep{
		Event: RequestEvent{Who: audit.Who{Kind: audit.System}, Step: "record"}, Audit: audit.Event{Who: audit.Who{Kind: audit.System}, Action: audit.RequestAdd},
		Then: func(tx *Tx, id string) error {
			for _, want := range []bool{true, false} { // once
				if filed, err := tx.FileEHIExport(e.ID, id); filed != want || err != nil {
					t.Error(filed, err)
				}
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if last, err := s.DeleteEHIExport(background, audittest.Event(audit.ExportDelete), e.ID); err != nil || last.Request != r.ID || e.Request != "" {
		t.Error(last, err)
	}
	if _, err := s.DeleteEHIExport(background, audittest.Event(audit.ExportDelete), e.ID); !isNotFound(err) {
		t.Error(err)
	}
}
