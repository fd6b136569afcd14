package storagetest

import (
	"strings"
	"testing"

	"satchel/fhir"
	"satchel/storage"
)

// Nothing is stored under what cannot be an id, however it comes.
func ids(t *testing.T, e Engine) {
	s := e.Open(t, "a")
	for _, id := range []string{"a/b", "a b", "ä", "a_b", strings.Repeat("x", 65), "../x"} {
		err := Write(t.Context(), s, func(tx *storage.Tx) error {
			_, _, err := tx.Put(document(t, `{"resourceType":"Patient"}`), id)
			return err
		})
		if codeOf(err) != fhir.CodeValue {
			t.Errorf("%q: %v", id, err)
		}
	}
	same(t, "what is stored", scan(t, s, snapshot(t, s), storage.Selection{}), nil)
}
