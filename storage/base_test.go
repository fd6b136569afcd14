package storage

import (
	"path/filepath"
	"slices"
	"testing"

	"satchel/audit"
	"satchel/fhir"
	"satchel/internal/audittest"
)

// A base that is learnt later makes what was foreign the patient's own, in every store that has the file open, and it stays
// known.
func TestAddBase(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "satchel.db")
	s := openFile(t, path, Options{})
	put(t, s, parse(t, `{"resourceType":"Observation","id":"plain","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p"}}`))
	put(t, s, parse(t, `{"resourceType":"Observation","id":"old","status":"final","code":{"text":"x"},"subject":{"reference":"https:\/\/OLD.example\/fhir\/Patient\/p"}}`))
	put(t, s, parse(t, `{"resourceType":"Observation","id":"other","status":"final","code":{"text":"x"},"subject":{"reference":"https://other.example/fhir/Patient/p"}}`))
	of := func(s *Store) []string {
		return keys(t, s, snapshot(t, s), Selection{Patients: []string{"p"}})
	}
	if got := of(s); !slices.Equal(got, []string{"Observation/plain#1"}) {
		t.Fatalf("before: %v", got)
	}
	second := openFile(t, path, Options{})
	if err := second.AddBase(t.Context(), audittest.Event(audit.SettingChange), "http://old.example/fhir/"); err != nil {
		t.Fatal(err)
	}
	if got := of(s); !slices.Equal(got, []string{"Observation/plain#1", "Observation/old#1"}) {
		t.Errorf("after: %v", got)
	}
	put(t, s, parse(t, `{"resourceType":"Observation","id":"late","status":"final","code":{"text":"x"},"subject":{"reference":"https://old.example/fhir/Patient/p"}}`))
	if got := of(s); len(got) != 3 {
		t.Errorf("written by a store that was open before: %v", got)
	}
	sound(t, s)
	if urls := openFile(t, path, Options{}).Bases().URLs(); !slices.Equal(urls, []string{"http://old.example/fhir"}) {
		t.Errorf("opened again: %v", urls)
	}
	if s, err := Open(t.Context(), path, Options{Bases: []string{"https://new.example/fhir"}}); err != nil || !s.Bases().Has("https://new.example/fhir") || s.Close() != nil {
		t.Errorf("opened with a base: %v", err)
	}
	for _, wrong := range []string{"", "old.example", "ftp://x/y", "https://", "https://x/fhir?y", "%"} {
		if err := s.AddBase(t.Context(), audittest.Event(audit.SettingChange), wrong); err == nil {
			t.Errorf("%q was taken", wrong)
		}
	}
}

// A batch that was prepared before a base was learnt is stored by what is known when it comes in.
func TestBatchLearnsBase(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	b, err := s.Prepare([]*fhir.Document{parse(t, `{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"subject":{"reference":"https://old.example/fhir/Patient/p"}}`)})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.AddBase(t.Context(), audittest.Event(audit.SettingChange), "https://old.example/fhir"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.ImportBatch(t.Context(), audittest.Who, b); err != nil {
		t.Fatal(err)
	}
	if got := keys(t, s, snapshot(t, s), Selection{Patients: []string{"p"}}); len(got) != 1 {
		t.Errorf("got %v", got)
	}
	sound(t, s)
}
