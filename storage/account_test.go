package storage

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"satchel/audit"
	"satchel/fhir"
	"satchel/internal/audittest"
)

// twoAccounts adds ann and bob, who is locked.
func twoAccounts(t *testing.T) (s *Store, ann, bob Account) {
	ctx, s := t.Context(), openNew(t)
	now := time.UnixMilli(1_900_000_000_000).UTC()
	ann = Account{Name: "Ann", GivenName: "A", FamilyName: "N", Password: "hash", PasswordChanged: now, Created: now,
		Authorities: []Authority{{"ROLE_SUPERUSER", ""}, {"X", "Patient/1"}, {"X", "Patient/2"}}}
	bob = Account{Name: "bob", Password: "hash", PasswordChanged: now, Created: now, Locked: true, LastLogin: now}
	bob.PID, ann.PID = 1, 2 // as they come
	for _, a := range []Account{bob, ann} {
		if err := s.AddAccount(ctx, audittest.Event(audit.AccountCreate), a); err != nil {
			t.Fatal(err)
		}
	}
	return s, ann, bob
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	s, ann, bob := twoAccounts(t)
	ctx := t.Context()
	if err := s.AddAccount(ctx, audittest.Event(audit.AccountCreate), Account{Name: "ANN"}); codeOf(err) != fhir.CodeDuplicate {
		t.Errorf("a second Ann: %v", err)
	}
	if all, err := s.Accounts(ctx); err != nil || cmp.Diff([]Account{ann, bob}, all) != "" {
		t.Errorf("%v %s", err, cmp.Diff([]Account{ann, bob}, all))
	}
	if got, err := s.Account(ctx, "ann"); err != nil || got.Name != "Ann" {
		t.Errorf("%+v (%v)", got, err)
	}
	if _, err := s.Account(ctx, "eve"); codeOf(err) != fhir.CodeNotFound {
		t.Errorf("eve: %v", err)
	}
}

// A change is stored whole or not at all; a name stays.
func TestAccountChanges(t *testing.T) {
	t.Parallel()
	s, ann, bob := twoAccounts(t)
	ctx := t.Context()
	err := s.UpdateAccount(ctx, audittest.Event(audit.AccountChange), "ANN", func(a *Account, others []Account) error {
		if len(others) != 1 || others[0].Name != "bob" {
			t.Errorf("others %v", others)
		}
		a.Name, a.Disabled, a.Authorities = "other", true, []Authority{{"Y", ""}}
		return nil
	})
	want := ann
	want.Disabled, want.Authorities = true, []Authority{{"Y", ""}}
	if got, _ := s.Account(ctx, "Ann"); err != nil || cmp.Diff(want, got) != "" {
		t.Errorf("%v %s", err, cmp.Diff(want, got))
	}
	no := errors.New("no")
	if err := s.UpdateAccount(ctx, audittest.Event(audit.AccountChange), "bob", func(a *Account, _ []Account) error { a.Locked = false; return no }); !errors.Is(err, no) {
		t.Error(err)
	}
	if err := s.TouchLogin(ctx, "Bob", bob.LastLogin.Add(time.Hour)); err != nil {
		t.Error(err)
	}
	if got, _ := s.Account(ctx, "bob"); !got.Locked || !got.LastLogin.Equal(bob.LastLogin.Add(time.Hour)) {
		t.Errorf("%+v", got)
	}
	if err := s.UpdateAccount(ctx, audittest.Event(audit.AccountChange), "eve", nil); codeOf(err) != fhir.CodeNotFound {
		t.Errorf("eve: %v", err)
	}
}

// An account goes with its authorities, unless whoever removes it sees a reason not to.
func TestAccountRemoval(t *testing.T) {
	t.Parallel()
	s, _, _ := twoAccounts(t)
	ctx, no := t.Context(), errors.New("no")
	if err := s.RemoveAccount(ctx, audittest.Event(audit.AccountRemove), "bob", func(Account, []Account) error { return no }); !errors.Is(err, no) {
		t.Error(err)
	}
	if err := s.RemoveAccount(ctx, audittest.Event(audit.AccountRemove), "Ann", nil); err != nil {
		t.Error(err)
	}
	if all, err := s.Accounts(ctx); err != nil || len(all) != 1 {
		t.Errorf("%v (%v)", all, err)
	}
	if rows := dump(t, s, "authority"); rows != nil {
		t.Errorf("authorities stayed: %v", rows)
	}
}

// Jobs do not pass to a later account of the same name, whoever left them.
func TestJobsEndWithTheirAccount(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), openNew(t)
	add := func(name string) {
		t.Helper()
		if _, err := s.AddJob(ctx, audittest.Event(audit.ExportStart), Job{Kind: "bulk", Account: name}, 0); err != nil {
			t.Fatal(err)
		}
	}
	want := func(n int) {
		t.Helper()
		if jobs, err := s.Jobs(ctx); err != nil || len(jobs) != n {
			t.Errorf("%d jobs, want %d (%v)", len(jobs), n, err)
		}
	}
	if err := s.AddAccount(ctx, audittest.Event(audit.AccountCreate), Account{Name: "bea", Password: "hash"}); err != nil {
		t.Fatal(err)
	}
	add("bea")
	add("ann")
	if err := s.RemoveAccount(ctx, audittest.Event(audit.AccountRemove), "BEA", nil); err != nil {
		t.Fatal(err)
	}
	want(1)
	add("bea") // by a request that was under way
	if err := s.AddAccount(ctx, audittest.Event(audit.AccountCreate), Account{Name: "Bea", Password: "hash"}); err != nil {
		t.Fatal(err)
	}
	want(1)

	// What answers a request is the practice's, and not its maker's.
	answer, err := s.AddJob(ctx, audittest.Event(audit.ExportStart), Job{Kind: "ehi", Account: "Bea"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddRequest(ctx, 2026, Request{State: "producing", Job: answer.ID, Body: []byte("{}")}, RequestStep{Audit: audit.Event{Action: audit.RequestAdd, Who: audit.Who{Name: "bea", Kind: audit.User}}}); err != nil {
		t.Fatal(err)
	}
	if err := s.RemoveAccount(ctx, audittest.Event(audit.AccountRemove), "bea", nil); err != nil {
		t.Fatal(err)
	}
	want(2)
	if j, err := s.Job(ctx, answer.ID); err != nil || j.Account != "" {
		t.Errorf("%+v (%v)", j, err)
	}
}

// The number of an account is its own for ever: a removed one's is not given again, and no change touches it.
func TestAccountPID(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	seen := map[int64]bool{}
	for _, name := range []string{"anna", "ben", "anna", "chris"} {
		if err := s.AddAccount(t.Context(), audittest.Event(audit.AccountCreate), Account{Name: name}); err != nil {
			t.Fatal(err)
		}
		err := s.AddAccount(t.Context(), audittest.Event(audit.AccountCreate), Account{Name: strings.ToUpper(name)})
		if e, ok := errors.AsType[*fhir.Error](err); !ok || e.Code != fhir.CodeDuplicate {
			t.Error(err)
		}
		a, err := s.Account(t.Context(), name)
		if err != nil || a.PID <= 0 || seen[a.PID] {
			t.Fatal(a.PID, seen, err)
		}
		seen[a.PID] = true
		pid := a.PID
		if err := s.UpdateAccount(t.Context(), audittest.Event(audit.AccountChange), name, func(a *Account, _ []Account) error { a.PID = 99; return nil }); err != nil {
			t.Fatal(err)
		}
		if a, err := s.Account(t.Context(), name); err != nil || a.PID != pid {
			t.Error(a.PID, err)
		}
		if name == "anna" {
			if err := s.RemoveAccount(t.Context(), audittest.Event(audit.AccountRemove), name, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
}
