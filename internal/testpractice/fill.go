package testpractice

import (
	"context"
	"strings"
	"testing"

	"satchel/demo"
	"satchel/fhir"
	"satchel/internal/audittest"
	"satchel/internal/storagetest"
	"satchel/storage"
)

// background is for what outlives the test that happens to need it first.
var background = context.Background()

// atOnce is how many resources go into one transaction.
const atOnce = 2000

// FillDemo stores the synthetic practice that demo.Items makes from the options, deletions included.
func FillDemo(s *storage.Store, o demo.Options) error {
	var docs []*fhir.Document
	flush := func() error {
		_, err := s.Import(background, audittest.Who, docs)
		docs = nil
		return err
	}
	for item := range demo.Items(o) {
		if item.Op == demo.Delete {
			if err := flush(); err != nil {
				return err
			}
			err := storagetest.Write(background, s, func(tx *storage.Tx) error { _, _, err := tx.Delete(item.Type, item.ID); return err })
			if err != nil {
				return err
			}
			continue
		}
		d, err := fhir.Parse(item.JSON)
		if err != nil {
			return err
		}
		if docs = append(docs, d); len(docs) == atOnce {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// Put stores resources given as JSON, each in a transaction of its own.
func Put(t testing.TB, s *storage.Store, texts ...string) {
	t.Helper()
	for _, text := range texts {
		d, err := fhir.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := storagetest.Write(t.Context(), s, func(tx *storage.Tx) error { _, _, err := tx.Put(d, ""); return err }); err != nil {
			t.Fatal(err)
		}
	}
}

// Delete deletes resources given as Type/id.
func Delete(t testing.TB, s *storage.Store, keys ...string) {
	t.Helper()
	for _, key := range keys {
		typ, id, _ := strings.Cut(key, "/")
		if err := storagetest.Write(t.Context(), s, func(tx *storage.Tx) error { _, _, err := tx.Delete(typ, id); return err }); err != nil {
			t.Fatal(err)
		}
	}
}
