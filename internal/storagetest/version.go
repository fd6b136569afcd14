package storagetest

import (
	"errors"
	"testing"
	"time"

	"satchel/audit"
	"satchel/fhir"
	"satchel/internal/audittest"
	"satchel/storage"
)

// Each write makes the next version; older ones stay; a deletion is a version without a body, after which the next is the
// first of a new life; what was never there is not found.
func versions(t *testing.T, e Engine) {
	s := e.Open(t, "a")
	var change []storage.Change
	for _, gender := range []string{"male", "female"} {
		_, c := put(t, s, `{"resourceType":"Patient","id":"p","gender":"%s"}`, gender)
		change = append(change, c)
	}
	_, c := remove(t, s, "Patient", "p")
	change = append(change, c)
	_, c = remove(t, s, "Patient", "p")
	change = append(change, c)
	last, c := put(t, s, `{"resourceType":"Patient","id":"p","gender":"other"}`)
	same(t, "what the writes did", append(change, c), []storage.Change{storage.Created, storage.Updated, storage.Deleted, storage.Unchanged, storage.Created})
	if r, err := s.Resource(t.Context(), "Patient", "p"); err != nil || r.Version != 4 || string(r.JSON) != string(last.JSON) || !r.Updated.Equal(last.Updated) {
		t.Errorf("current: %+v, %v", r, err)
	}
	for n, deleted := range map[int64]bool{1: false, 2: false, 3: true, 4: false} {
		if r, err := s.Version(t.Context(), "Patient", "p", n); err != nil || r.Deleted != deleted || (r.JSON == nil) != deleted {
			t.Errorf("version %d: %+v, %v", n, r, err)
		}
	}
	history, next, err := s.History(t.Context(), storage.HistoryQuery{Type: "Patient", ID: "p"})
	var numbers []int64
	for _, r := range history {
		numbers = append(numbers, r.Version)
	}
	same(t, "history, newest first", numbers, []int64{4, 3, 2, 1})
	if err != nil || next != "" {
		t.Errorf("history: next %q, %v", next, err)
	}
	_, nobody := s.Resource(t.Context(), "Patient", "nobody")
	_, never := s.Version(t.Context(), "Patient", "p", 5)
	same(t, "what is not there", []fhir.Code{codeOf(nobody), codeOf(never)}, []fhir.Code{fhir.CodeNotFound, fhir.CodeNotFound})
}

// The same content in another spelling makes no version and uses no time.
func unchanged(t *testing.T, e Engine) {
	s := e.Open(t, "a")
	first, _ := put(t, s, `{"resourceType":"Patient","id":"p","gender":"male"}`)
	again, c := put(t, s, ` { "resourceType" : "Patient","id":"p","gender":"male" } `)
	if c != storage.Unchanged || again.Version != 1 || !again.Updated.Equal(first.Updated) {
		t.Errorf("%v, %+v", c, again)
	}
}

// An error of the function undoes all that it wrote, a panic too, and the store goes on.
func whole(t *testing.T, e Engine) {
	s := e.Open(t, "a")
	put(t, s, `{"resourceType":"Patient","id":"before"}`)
	no := errors.New("no")
	for _, end := range []func() error{func() error { return no }, func() error { panic(no) }} {
		func() {
			defer func() { _ = recover() }()
			err := Write(t.Context(), s, func(tx *storage.Tx) error {
				if _, _, err := tx.Put(document(t, `{"resourceType":"Patient","id":"half"}`), ""); err != nil {
					return err
				}
				if r, err := tx.Resource("Patient", "half"); err != nil || r.Version != 1 {
					t.Errorf("the transaction does not see its own write: %+v, %v", r, err)
				}
				if _, _, err := tx.Delete("Patient", "before"); err != nil {
					return err
				}
				return end()
			})
			if !errors.Is(err, no) {
				t.Errorf("the error of the function became %v", err)
			}
		}()
	}
	if _, err := s.Resource(t.Context(), "Patient", "half"); codeOf(err) != fhir.CodeNotFound {
		t.Errorf("half a transaction is there: %v", err)
	}
	if r, err := s.Resource(t.Context(), "Patient", "before"); err != nil || r.Deleted {
		t.Errorf("half a deletion is there: %+v, %v", r, err)
	}
	put(t, s, `{"resourceType":"Patient","id":"after"}`)
}

// What was committed is there when the database is opened anew, with its times.
func kept(t *testing.T, e Engine) {
	s := e.Open(t, "a")
	want, _ := put(t, s, `{"resourceType":"Patient","id":"p"}`)
	if err := s.AddAccount(t.Context(), audittest.Event(audit.AccountCreate), storage.Account{Name: "Anna"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = e.Open(t, "a")
	if r, err := s.Resource(t.Context(), "Patient", "p"); err != nil || !r.Updated.Equal(want.Updated) || string(r.JSON) != string(want.JSON) {
		t.Errorf("%+v, %v", r, err)
	}
	if a, err := s.Account(t.Context(), "ANNA"); err != nil || a.Name != "Anna" {
		t.Errorf("%+v, %v", a, err)
	}
	if later, _ := put(t, s, `{"resourceType":"Patient","id":"q"}`); !later.Updated.After(want.Updated) || later.Updated.Sub(want.Updated) > time.Hour {
		t.Errorf("the clock went from %v to %v", want.Updated, later.Updated)
	}
}

// Who writes on the ground of a version that is no longer the current one finds that out in the transaction.
func seen(t *testing.T, e Engine) {
	s, other := e.Open(t, "a"), e.Open(t, "a")
	first, _ := put(t, s, `{"resourceType":"Patient","id":"p","gender":"male"}`)
	put(t, other, `{"resourceType":"Patient","id":"p","gender":"female"}`)
	err := Write(t.Context(), s, func(tx *storage.Tx) error {
		now, err := tx.Resource("Patient", "p")
		if err == nil && now.Version != first.Version {
			err = fhir.Errorf(fhir.CodeConflict, "somebody was faster")
		}
		return err
	})
	if codeOf(err) != fhir.CodeConflict {
		t.Errorf("the transaction does not see what another process has committed: %v", err)
	}
}
