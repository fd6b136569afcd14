package auth_test

import (
	"testing"

	"satchel/audit"
	"satchel/auth"
	"satchel/fhir"
	"satchel/internal/audittest"
	"satchel/storage"
)

// Whoever finds an open session, or a program that keeps a password, cannot take the account from its owner: password and
// second factor take proof, and others bar and remove it. Names and permissions are the owner's to change.
func TestOwnAccount(t *testing.T) {
	super := storage.Authority{Permission: "ROLE_SUPERUSER"}
	s := service(t, "anna", super)
	a, err := s.Store.Account(t.Context(), "anna")
	for _, name := range []string{"bea", "cleo"} {
		if err == nil {
			err = s.Store.AddAccount(t.Context(), audittest.Event(audit.AccountCreate), storage.Account{Name: name, Password: a.Password, PasswordChanged: a.PasswordChanged, Created: a.Created, Authorities: a.Authorities})
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	by := auth.ActorOf(auth.PrincipalOf(a), "", "", 0)
	for name, f := range map[string]func(*storage.Account){
		"password": func(a *storage.Account) { a.Password = "x" }, "lock": func(a *storage.Account) { a.Locked = true },
		"disable": func(a *storage.Account) { a.Disabled = true }, "service": func(a *storage.Account) { a.Service = true },
		"second factor": func(a *storage.Account) { a.TOTP = []byte("x") },
	} {
		f := func(a *storage.Account) error { f(a); return nil }
		if _, err := s.ChangeAccount(t.Context(), by, "ANNA", auth.NewPassword{}, f); code(err) != fhir.CodeForbidden {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := s.ChangeAccount(t.Context(), by, "bea", auth.NewPassword{}, f); err != nil {
			t.Errorf("%s of another: %v", name, err)
		}
	}
	if _, err := s.RemoveAccount(t.Context(), by, "Anna"); code(err) != fhir.CodeForbidden {
		t.Error(err)
	}
	if _, err := s.ChangeAccount(t.Context(), by, "anna", auth.NewPassword{}, func(a *storage.Account) error { a.GivenName = "Anna"; return nil }); err != nil {
		t.Error(err)
	}
}

// A client goes by the hand of somebody who holds what it holds.
func TestRemoveClient(t *testing.T) {
	read := storage.Authority{Permission: "FHIR_ALL_READ"}
	s := service(t, "anna", storage.Authority{Permission: "UPDATE_USER"}, read)
	if err := s.Store.AddClient(t.Context(), audittest.Event(audit.ClientCreate), storage.Client{Name: "lab", Scopes: "system/*.rs", Authorities: []storage.Authority{read}}); err != nil {
		t.Fatal(err)
	}
	less := auth.ActorOf(auth.Principal{Name: "carl", Authorities: []storage.Authority{{Permission: "UPDATE_USER"}}}, "", "", 0)
	if _, err := s.RemoveClient(t.Context(), less, "lab"); code(err) != fhir.CodeForbidden {
		t.Error(err)
	}
	a, err := s.Store.Account(t.Context(), "anna")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.RemoveClient(t.Context(), auth.ActorOf(auth.PrincipalOf(a), "", "", 0), "lab"); err != nil {
		t.Error(err)
	}
	if _, err := s.RemoveClient(t.Context(), less, "lab"); code(err) != fhir.CodeNotFound {
		t.Error(err)
	}
}
