package storagetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"satchel/audit"
	"satchel/fhir"
	"satchel/internal/audittest"
	"satchel/storage"
)

// logged is what the audit log holds, oldest first: "update Patient/p [p] detail".
func logged(t *testing.T, s *storage.Store) (lines []string) {
	t.Helper()
	for e, err := range s.AuditStream(t.Context(), audit.Filter{}, audit.Sort{}) {
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, fmt.Sprintf("%s %s %v %s", e.Action, e.Target, e.Patients, e.Detail))
	}
	return lines
}

// An event is stored if its deed is, and only then: not with an error, not with an event that cannot be one, and not if
// nothing was changed. A change without an event is refused.
func deeds(t *testing.T, e Engine) {
	s := e.Open(t, "a")
	no := errors.New("no")
	write := func(id string, failure error, events ...audit.Event) (stored []audit.Event, err error) {
		return s.Write(t.Context(), func(tx *storage.Tx) ([]audit.Event, error) {
			if _, _, err := tx.Put(document(t, `{"resourceType":"Patient","id":"%s"}`, id), ""); err != nil {
				return nil, err
			}
			return events, failure
		})
	}
	event := audittest.Event(audit.Update)
	event.Target = "Patient/p"
	stored, err := write("p", nil, event)
	if err != nil || len(stored) != 1 || stored[0].Seq != 1 || stored[0].Time.IsZero() || stored[0].Who != audittest.Who {
		t.Errorf("stored: %+v, %v", stored, err)
	}
	if stored, err := write("p", nil, event); err != nil || stored != nil {
		t.Errorf("nothing was changed: %v, %v", stored, err)
	}
	for name, tt := range map[string]struct {
		failure error
		events  []audit.Event
	}{
		"the deed fails": {no, []audit.Event{event}}, "there is no event": {nil, nil},
		"it is no event": {nil, []audit.Event{{}}}, "a second is none": {nil, []audit.Event{event, {Who: event.Who, Action: "dance"}}},
	} {
		if _, err := write("q", tt.failure, tt.events...); err == nil || tt.failure != nil && !errors.Is(err, tt.failure) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := s.Resource(t.Context(), "Patient", "q"); codeOf(err) != fhir.CodeNotFound {
			t.Errorf("%s: and yet it was done: %v", name, err)
		}
	}
	if err := s.AddAccount(t.Context(), audit.Event{}, storage.Account{Name: "anna"}); err == nil {
		t.Error("an account was made without an event")
	}
	if _, err := s.Account(t.Context(), "anna"); codeOf(err) != fhir.CodeNotFound {
		t.Errorf("and yet it is there: %v", err)
	}
	same(t, "log", logged(t, s), []string{"update Patient/p [] "})
}

// What a transaction finds by comparing before and after completes the event, or follows it as done by the same.
func finds(t *testing.T, e Engine) {
	s := e.Open(t, "a")
	group := func(members ...string) {
		text := ""
		for i, m := range members {
			text += []string{"", ","}[min(i, 1)] + `{"entity":{"reference":"Patient/` + m + `"}}`
		}
		put(t, s, `{"resourceType":"Group","id":"g","type":"person","actual":true,"member":[%s]}`, text)
	}
	group("a", "b")
	group("b", "c")
	if _, err := s.Import(t.Context(), audittest.Who, []*fhir.Document{document(t, `{"resourceType":"Group","id":"g","type":"person","actual":true}`)}); err != nil {
		t.Fatal(err)
	}
	account := storage.Account{Name: "anna", Authorities: []storage.Authority{{Permission: "FHIR_ALL_READ"}}}
	if err := s.AddAccount(t.Context(), audittest.Event(audit.AccountCreate), account); err != nil {
		t.Fatal(err)
	}
	lock := func(a *storage.Account, _ []storage.Account) error { a.Locked, a.Authorities = true, nil; return nil }
	if err := s.UpdateAccount(t.Context(), audittest.Event(audit.AccountChange), "anna", lock); err != nil {
		t.Fatal(err)
	}
	same(t, "log", logged(t, s), []string{
		"update  [] ", "group-members-changed Group/g [a b] 2 joined, 0 left", "update  [] ", "group-members-changed Group/g [a c] 1 joined, 1 left",
		"group-members-changed Group/g [b c] 0 joined, 2 left",
		"account-create anna [] ", "permission-grant anna [] FHIR_ALL_READ", "account-change anna [] locked", "permission-revoke anna [] FHIR_ALL_READ",
	})
}

// Events of several processes make one chain that holds together, in the order of their times, and an anchor shows that
// nothing of it has gone.
func chain(t *testing.T, e Engine) {
	s := e.Open(t, "a")
	const callers, each = 3, 10
	var all sync.WaitGroup
	for range callers {
		store := e.Open(t, "a")
		all.Go(func() {
			for range each {
				if err := store.Audit(t.Context(), audittest.Event(audit.Read), audittest.Event(audit.Search)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	head, err := s.AuditHead(t.Context())
	if err != nil || head.Seq != 2*callers*each {
		t.Fatalf("%+v, %v", head, err)
	}
	if v, err := s.VerifyAudit(t.Context(), head); err != nil || !v.OK() || v.Rows != head.Seq {
		t.Errorf("%v, %v", v, err)
	}
	events, _, err := s.AuditEvents(t.Context(), audit.Filter{}, audit.Page{Count: 1000})
	if err != nil || len(events) != int(head.Seq) {
		t.Fatal(len(events), err)
	}
	if !slices.IsSortedFunc(events, func(a, b audit.Event) int { return a.Time.Compare(b.Time) }) {
		t.Error("times go back")
	}
	forged := head
	forged.Hash[0] ^= 1
	if v, err := s.VerifyAudit(t.Context(), forged); err != nil || v.OK() {
		t.Errorf("another anchor is good as well: %v, %v", v, err)
	}
}

// A rule that needs to see all accounts holds, since the change sees them in its own transaction: of two administrators who
// bar each other at once, one stays.
func accounts(t *testing.T, e Engine) {
	s := e.Open(t, "a")
	for _, name := range []string{"anna", "bea"} {
		if err := s.AddAccount(t.Context(), audittest.Event(audit.AccountCreate), storage.Account{Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.AddAccount(t.Context(), audittest.Event(audit.AccountCreate), storage.Account{Name: "ANNA"}); codeOf(err) != fhir.CodeDuplicate {
		t.Errorf("the name in another case: %v", err)
	}
	var all sync.WaitGroup
	for _, name := range []string{"anna", "bea"} {
		store := e.Open(t, "a")
		all.Go(func() {
			err := store.UpdateAccount(t.Context(), audittest.Event(audit.AccountChange), name, func(a *storage.Account, others []storage.Account) error {
				if !slices.ContainsFunc(others, func(b storage.Account) bool { return !b.Locked }) {
					return fhir.Errorf(fhir.CodeConflict, "somebody must stay")
				}
				a.Locked = true
				return nil
			})
			if err != nil && codeOf(err) != fhir.CodeConflict {
				t.Error(err)
			}
		})
	}
	all.Wait()
	list, err := s.Accounts(t.Context())
	if err != nil || len(list) != 2 || list[0].Locked == list[1].Locked {
		t.Errorf("%+v, %v", list, err)
	}
}

// What belongs to an account is found and goes by its name, in whatever case that is written: a later account of the name
// does not inherit it.
func belongings(t *testing.T, e Engine) {
	s := e.Open(t, "a")
	add := func() {
		if err := s.AddAccount(t.Context(), audittest.Event(audit.AccountCreate), storage.Account{Name: "Anna"}); err != nil {
			t.Fatal(err)
		}
	}
	add()
	change := func(a *storage.Account, _ []storage.Account) error {
		a.TOTP, a.RecoveryCodes = []byte("sealed"), [][32]byte{{1}, {2}}
		return nil
	}
	if err := s.UpdateAccount(t.Context(), audittest.Event(audit.AccountChange), "anna", change); err != nil {
		t.Fatal(err)
	}
	for _, want := range []bool{true, false} {
		if used, err := s.UseRecoveryCode(t.Context(), "ANNA", [32]byte{1}); err != nil || used != want {
			t.Errorf("a recovery code: %v, %v; want %v", used, err, want)
		}
	}
	if n, err := s.RecoveryCodes(t.Context(), "aNNa"); err != nil || n != 1 {
		t.Errorf("%d codes left, %v", n, err)
	}
	if _, err := addJob(t, s, "bulk", 0); err != nil {
		t.Fatal(err)
	}
	if err := s.RemoveAccount(t.Context(), audittest.Event(audit.AccountRemove), "ANNA", nil); err != nil {
		t.Fatal(err)
	}
	add()
	jobs, err := s.Jobs(t.Context())
	if n, err2 := s.RecoveryCodes(t.Context(), "Anna"); err != nil || err2 != nil || len(jobs)+n > 0 {
		t.Errorf("the next account of the name has %d jobs and %d codes; %v, %v", len(jobs), n, err, err2)
	}
}
