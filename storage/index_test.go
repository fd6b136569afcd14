package storage

import (
	"path/filepath"
	"strings"
	"testing"

	"satchel/fhir"
)

// A file whose index an older program made gets a new one when it is opened; one of a newer program is refused.
func TestIndexIsRenewed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "satchel.db")
	s := openFile(t, path, Options{})
	put(t, s, parse(t, `{"resourceType":"Observation","id":"b","status":"final","code":{"text":"x"},"encounter":{"reference":"Encounter/e"}}`))
	put(t, s, parse(t, `{"resourceType":"Patient","id":"p","gender":"male"}`))
	e := fhir.ReferenceEntry("Observation", "encounter", "e")
	found := func(s *Store) int {
		rids, err := s.EntryRIDs(t.Context(), e.Key, map[int64]bool{e.Value: true})
		if err != nil {
			t.Fatal(err)
		}
		return len(rids)
	}
	older := func(version string) {
		if err := s.write(t.Context(), func(tx *Tx) error {
			if err := tx.exec(`DELETE FROM entry WHERE key = ?`, e.Key); err != nil {
				return err
			}
			return tx.exec(`PRAGMA user_version = ` + version)
		}); err != nil {
			t.Fatal(err)
		}
	}
	if n := found(s); n != 1 {
		t.Fatalf("%d rows of a new file", n)
	}
	older("0")
	if n := found(s); n != 0 {
		t.Fatalf("%d rows: the test tests nothing", n)
	}
	s.Close()
	s = openFile(t, path, Options{})
	if n := found(s); n != 1 {
		t.Errorf("%d rows after the file was opened again", n)
	}
	sound(t, s)
	older("1000")
	s.Close()
	if _, err := Open(t.Context(), path, Options{}); err == nil || !strings.Contains(err.Error(), "newer") {
		t.Errorf("an index of a newer program: %v", err)
	}
}
