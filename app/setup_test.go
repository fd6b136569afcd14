package app

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"satchel/config"
	"satchel/datadir"
	"satchel/internal/testsatchel"
	"satchel/storage"
)

// A server without an account lets a browser on its machine make the first one, with the code that it printed, once.
func TestSetup(t *testing.T) {
	cfg := testsatchel.NoAccount(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ready, done := make(chan string, 1), make(chan error, 1)
	go func() { done <- Run(ctx, cfg, nil, func(addr string) { ready <- addr }) }()
	addr := <-ready
	address := SetupURL(cfg, addr)
	base, code, _ := strings.Cut(address, "/setup?token=")
	if base != "http://"+addr || len(code) != 26 {
		t.Fatalf("setup at %q", address)
	}
	if info, err := os.Stat(filepath.Join(cfg.Data, setupFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("file of the code: %v %v", info, err)
	}
	jar, _ := cookiejar.New(nil)
	b := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ask := func(method, path, host string, form url.Values) (int, string, string) {
		t.Helper()
		r, err := http.NewRequest(method, base+path, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", "text/html")
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if host != "" {
			r.Host = host
		}
		resp, err := b.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, resp.Header.Get("Location"), string(text)
	}
	want := func(what string, status, wantStatus int, text, has string) {
		t.Helper()
		if status != wantStatus || !strings.Contains(text, has) {
			t.Errorf("%s: %d, want %d with %q\n%.2000s", what, status, wantStatus, has, text)
		}
	}
	status, to, _ := ask("GET", "/", "", nil)
	want("front door", status, 303, to, "/setup")
	status, _, text := ask("GET", "/setup?token="+code, "records.example.org", nil)
	want("by another name", status, 404, text, "nothing here")
	status, _, text = ask("GET", "/setup?token=AAAA", "", nil)
	want("wrong code", status, 200, text, "not the setup code")
	status, _, text = ask("GET", "/setup?token="+code, "", nil)
	want("right code", status, 200, text, "first administrator")
	form := url.Values{"token": {code}, "practice": {`Elm "Street" Practice`}, "zone": {"America/Chicago"}, "username": {"anna"}, "password": {testsatchel.Password}, "again": {testsatchel.Password}}
	for field, bad := range map[string]string{"token": "x", "zone": "Moon/Crater", "practice": "", "username": "an na", "password": "short", "again": "other"} {
		wrong := url.Values{}
		for k, v := range form {
			wrong[k] = v
		}
		wrong.Set(field, bad)
		status, _, text = ask("POST", "/setup", "", wrong)
		want("wrong "+field, status, 422, text, "look at this again")
	}
	status, to, _ = ask("POST", "/setup", "", form)
	want("setup", status, 303, to, "/account/two-factor")
	status, _, text = ask("GET", "/account/two-factor", "", nil)
	want("signed in", status, 200, text, "Elm &#34;Street&#34; Practice")
	status, _, _ = ask("GET", "/setup?token="+code, "", nil)
	want("afterwards", status, 404, "", "")
	form.Set("username", "mallory")
	status, _, _ = ask("POST", "/setup", "", form)
	want("a second one", status, 404, "", "")
	if _, err := os.Stat(filepath.Join(cfg.Data, setupFile)); err == nil {
		t.Error("the code's file is still there")
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	again, err := config.Load(cfg.Data, "", nil, nil)
	if err != nil || again.Practice.Name != `Elm "Street" Practice` || again.Practice.TimeZone != "America/Chicago" {
		t.Errorf("settings afterwards: %+v %v", again.Practice, err)
	}
	s, err := datadir.Open(t.Context(), cfg, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if all, err := s.Accounts(t.Context()); err != nil || len(all) != 1 || all[0].Name != "anna" {
		t.Errorf("accounts %v %v", all, err)
	}
}
