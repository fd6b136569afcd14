package storage

import (
	"io/fs"
	"strings"
	"testing"

	"satchel/audit"
	"satchel/fhir"
	"satchel/internal/audittest"
	"satchel/migrations"
)

// The update of a database knows what was written here by the audit log; what was imported before goes on as before.
func TestOriginsOfOldDatabases(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	for _, id := range []string{"imported", "here", "gone"} {
		put(t, s, parse(t, `{"resourceType":"Patient","id":"%s"}`, id))
	}
	for target, action := range map[string]audit.Action{"Patient/here/_history/1": audit.Create, "Patient/gone": audit.Delete, "Patient/imported": audit.Read} {
		if err := s.Audit(t.Context(), audit.Event{Who: audittest.Who, Action: action, Target: target, Outcome: audit.Success}); err != nil {
			t.Fatal(err)
		}
	}
	text, err := fs.ReadFile(migrations.FS, "00015_origin.sql")
	if err != nil {
		t.Fatal(err)
	}
	_, fill, _ := strings.Cut(string(text), "INSERT INTO origin ")
	if err := s.write(t.Context(), func(tx *Tx) error { return tx.exec("INSERT INTO origin " + fill) }); err != nil {
		t.Fatal(err)
	}
	if rows := dump(t, s, "origin"); len(rows) != 1 || !strings.HasPrefix(rows[0], "1|1|0|||") {
		t.Errorf("%q", rows)
	}
}

// A time at the source is kept to its last digit, whenever it is, and a package is the source of what it restored.
func TestOriginIsKept(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	for i, said := range []fhir.SourceVersion{
		{}, {Number: "7"}, fhir.NewSourceVersion("x-1", "2026-06-01T00:00:00.123456789+02:00"), fhir.NewSourceVersion("", "0001-01-02T00:00:00Z"), fhir.NewSourceVersion("1", "9999-12-31T23:59:59.9Z"),
	} {
		b, err := s.PrepareOffers([]*fhir.Document{parse(t, `{"resourceType":"Patient","id":"p%d"}`, i)}, []Offer{{SourceVersion: said}}, Terms{})
		if err == nil {
			_, err = s.Take(t.Context(), audittest.Who, b)
		}
		if err != nil {
			t.Fatal(err)
		}
		if o, found := originAt(t, s, int64(i+1)); !found || o.SourceVersion != said || o.version != 1 {
			t.Errorf("%+v, want %+v", o, said)
		}
	}
	r, err := s.Resource(t.Context(), "Patient", "p0")
	if err != nil {
		t.Fatal(err)
	}
	r.Version, r.ID, r.JSON = 3, "r", parse(t, `{"resourceType":"Patient","id":"r"}`).Stamped(nil, "r", 3, r.Updated)
	if err := s.Restore(t.Context(), [][]fhir.Resource{{r}}); err != nil {
		t.Fatal(err)
	}
	if o, found := originAt(t, s, 6); !found || o.version != 3 || o.Number != "3" || !o.Updated.Equal(r.Updated) {
		t.Errorf("restored: %+v %v", o, found)
	}
}

func originAt(t *testing.T, s *Store, rid int64) (o origin, found bool) {
	t.Helper()
	err := s.write(t.Context(), func(tx *Tx) (err error) {
		o, found, err = tx.origin(rid)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return o, found
}
