package storage

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"satchel/audit"
	"satchel/fhir"
	"satchel/internal/audittest"
)

// openForClients opens a store at path; it is closed at the end of the test.
func openForClients(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func clientStore(t *testing.T) *Store {
	return openNew(t)
}

// codeOf is the FHIR code of an error, "" for nil.
func codeOf(err error) fhir.Code {
	if e, ok := errors.AsType[*fhir.Error](err); ok {
		return e.Code
	}
	if err != nil {
		return fhir.Code("other: " + err.Error())
	}
	return ""
}

func mustAddClient(t *testing.T, s *Store, name string) Client {
	t.Helper()
	c := Client{Name: name, KeySet: `{"keys":[]}`, Scopes: "system/*.rs", Authorities: []Authority{{"FHIR_ALL_READ", ""}, {"FHIR_READ_INSTANCE", "Patient/1"}}}
	if err := s.AddClient(t.Context(), audittest.Event(audit.ClientCreate), c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestClientRoundTrip(t *testing.T) {
	t.Parallel()
	s := clientStore(t)
	want := Client{Name: "lab", KeySetURL: "https://h/jwks", AllowPrivate: true, Scopes: "system/*.rs", Secret: []byte{1, 2}, Disabled: true,
		Authorities: []Authority{{"FHIR_ALL_READ", ""}, {"FHIR_READ_INSTANCE", "Patient/1"}}}
	if err := s.AddClient(t.Context(), audittest.Event(audit.ClientCreate), want); err != nil {
		t.Fatal(err)
	}
	got, err := s.Client(t.Context(), "lab")
	if err != nil || got.Created.IsZero() || !got.LastUsed.IsZero() {
		t.Fatalf("%+v, %v", got, err)
	}
	want.Created = got.Created
	if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		t.Fatalf("got  %+v\nwant %+v", got, want)
	}
	mustAddClient(t, s, "app")
	all, err := s.Clients(t.Context())
	if err != nil || len(all) != 2 || all[0].Name != "app" || len(all[0].Authorities) != 2 {
		t.Fatalf("%+v, %v", all, err)
	}
}

func TestClientNamesAreSharedWithAccounts(t *testing.T) {
	t.Parallel()
	s := clientStore(t)
	if err := s.AddAccount(t.Context(), audittest.Event(audit.AccountCreate), Account{Name: "ann", Password: "x"}); err != nil {
		t.Fatal(err)
	}
	mustAddClient(t, s, "lab")
	for _, name := range []string{"ann", "ANN", "lab", "Lab"} {
		if got := codeOf(s.AddClient(t.Context(), audittest.Event(audit.ClientCreate), Client{Name: name})); got != fhir.CodeDuplicate {
			t.Errorf("client %q: %q", name, got)
		}
	}
	for _, name := range []string{"lab", "LAB"} {
		if got := codeOf(s.AddAccount(t.Context(), audittest.Event(audit.AccountCreate), Account{Name: name, Password: "x"})); got != fhir.CodeDuplicate {
			t.Errorf("account %q: %q", name, got)
		}
	}
	if err := s.AddAccount(t.Context(), audittest.Event(audit.AccountCreate), Account{Name: "bob", Password: "x"}); err != nil {
		t.Error(err)
	}
}

func TestClientNotFound(t *testing.T) {
	t.Parallel()
	s := clientStore(t)
	ctx := t.Context()
	_, read := s.Client(ctx, "x")
	_, token := s.Token(ctx, sha256.Sum256(nil))
	for what, err := range map[string]error{
		"Client": read, "Token": token,
		"UpdateClient": s.UpdateClient(ctx, audittest.Event(audit.ClientChange), "x", func(*Client) error { return nil }),
		"RemoveClient": s.RemoveClient(ctx, audittest.Event(audit.ClientRemove), "x", nil),
		"AddToken":     s.AddToken(ctx, Token{Client: "x", Expires: time.Now()}),
	} {
		if codeOf(err) != fhir.CodeNotFound {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestUpdateClient(t *testing.T) {
	t.Parallel()
	s := clientStore(t)
	mustAddClient(t, s, "lab")
	refusal := errors.New("no")
	err := s.UpdateClient(t.Context(), audittest.Event(audit.ClientChange), "lab", func(c *Client) error { c.Scopes = "gone"; return refusal })
	if !errors.Is(err, refusal) {
		t.Fatal(err)
	}
	err = s.UpdateClient(t.Context(), audittest.Event(audit.ClientChange), "LAB", func(c *Client) error {
		c.Name, c.Scopes, c.Authorities = "other", "system/Patient.rs", c.Authorities[:1]
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Client(t.Context(), "lab")
	if err != nil || c.Name != "lab" || c.Scopes != "system/Patient.rs" || !slices.Equal(c.Authorities, []Authority{{"FHIR_ALL_READ", ""}}) {
		t.Fatalf("%+v, %v", c, err)
	}
}

func TestTokensAreRevokedAtOnce(t *testing.T) {
	t.Parallel()
	change := map[string]func(s *Store) error{
		"remove": func(s *Store) error {
			return s.RemoveClient(context.Background(), audittest.Event(audit.ClientRemove), "lab", nil)
		},
		"update": func(s *Store) error {
			return s.UpdateClient(context.Background(), audittest.Event(audit.ClientChange), "lab", func(c *Client) error { c.Scopes = "system/Patient.rs"; return nil })
		},
		"disable": func(s *Store) error {
			return s.UpdateClient(context.Background(), audittest.Event(audit.ClientChange), "lab", func(c *Client) error { c.Disabled = true; return nil })
		},
	}
	for name, f := range change {
		t.Run(name, func(t *testing.T) {
			s := clientStore(t)
			mustAddClient(t, s, "lab")
			mustAddClient(t, s, "app")
			hash, other := sha256.Sum256([]byte("1")), sha256.Sum256([]byte("2"))
			expires := time.Now().Add(time.Minute).Truncate(time.Millisecond)
			for client, h := range map[string][32]byte{"lab": hash, "app": other} {
				if err := s.AddToken(t.Context(), Token{SHA256: h, Client: client, Scopes: "system/*.rs", Expires: expires}); err != nil {
					t.Fatal(err)
				}
			}
			got, err := s.Token(t.Context(), hash)
			if err != nil || got.Client != "lab" || got.Scopes != "system/*.rs" || !got.Expires.Equal(expires) || got.Created.IsZero() {
				t.Fatalf("%+v, %v", got, err)
			}
			if c, _ := s.Client(t.Context(), "lab"); c.LastUsed.IsZero() {
				t.Error("LastUsed is not set")
			}
			if err := f(s); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Token(t.Context(), hash); codeOf(err) != fhir.CodeNotFound {
				t.Errorf("the token is still there: %v", err)
			}
			if _, err := s.Token(t.Context(), other); err != nil {
				t.Errorf("another client's token is gone: %v", err)
			}
			if name == "disable" && codeOf(s.AddToken(t.Context(), Token{SHA256: hash, Client: "lab"})) != fhir.CodeNotFound {
				t.Error("a disabled client got a token")
			}
		})
	}
}

func TestUseJTIOnce(t *testing.T) {
	t.Parallel()
	path := newFile(t)
	s, second := openForClients(t, path), openForClients(t, path)
	until := time.Now().Add(time.Minute)
	var fresh atomic.Int64
	var all sync.WaitGroup
	for i := range 50 {
		store := []*Store{s, second}[i%2]
		all.Go(func() {
			ok, err := store.UseJTI(context.Background(), "lab", "j", until)
			if err != nil {
				t.Error(err)
			}
			if ok {
				fresh.Add(1)
			}
		})
	}
	all.Wait()
	if fresh.Load() != 1 {
		t.Fatalf("%d callers were first", fresh.Load())
	}
	if ok, err := s.UseJTI(t.Context(), "app", "j", until); !ok || err != nil {
		t.Error("another client's id is not free:", err)
	}
	s.Close()
	second.Close()
	if ok, err := openForClients(t, path).UseJTI(t.Context(), "lab", "j", until); ok || err != nil {
		t.Error("forgotten by a restart:", err)
	}
}

func TestJTIOutlivesItsClient(t *testing.T) {
	t.Parallel()
	s := clientStore(t)
	mustAddClient(t, s, "lab")
	if _, err := s.UseJTI(t.Context(), "lab", "j", time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := s.RemoveClient(t.Context(), audittest.Event(audit.ClientRemove), "lab", nil); err != nil {
		t.Fatal(err)
	}
	mustAddClient(t, s, "Lab")
	if ok, _ := s.UseJTI(t.Context(), "Lab", "j", time.Now()); ok {
		t.Error("a client added again may replay")
	}
}

func TestSweepTokens(t *testing.T) {
	t.Parallel()
	s := clientStore(t)
	mustAddClient(t, s, "lab")
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i, expires := range []time.Time{now.Add(-time.Hour), now, now.Add(time.Millisecond)} {
		if err := s.AddToken(t.Context(), Token{SHA256: sha256.Sum256([]byte{byte(i)}), Client: "lab", Expires: expires}); err != nil {
			t.Fatal(err)
		}
	}
	for jti, until := range map[string]time.Time{"old": now.Add(-2 * jtiGrace), "kept": now.Add(-jtiGrace / 2), "new": now} {
		if _, err := s.UseJTI(t.Context(), "lab", jti, until); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := s.SweepTokens(t.Context(), now); n != 2 || err != nil {
		t.Fatalf("swept %d, %v", n, err)
	}
	if _, err := s.Token(t.Context(), sha256.Sum256([]byte{2})); err != nil {
		t.Error(err)
	}
	for jti, want := range map[string]bool{"old": true, "kept": false, "new": false} {
		if ok, _ := s.UseJTI(t.Context(), "lab", jti, now); ok != want {
			t.Errorf("%s: fresh %v", jti, ok)
		}
	}
}

// The jobs of a removed client are not left to the next one of its name.
func TestJobsEndWithTheirClient(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	if err := s.AddClient(t.Context(), audittest.Event(audit.ClientCreate), Client{Name: "vendor"}); err != nil {
		t.Fatal(err)
	}
	job, err := s.AddJob(t.Context(), audittest.Event(audit.ExportStart), Job{Kind: "bulk", Account: "vendor", Request: []byte("{}")}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.RemoveClient(t.Context(), audittest.Event(audit.ClientRemove), "vendor", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Job(t.Context(), job.ID); err == nil {
		t.Error("the job is still there")
	}
}
