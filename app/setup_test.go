package app

import (
	"context"
	"io"
	"maps"
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
	t.Parallel()
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
	b := newVisitor(base)
	b.get(t, "/", "", 303, "/setup")
	b.get(t, "/setup?token="+code, "records.example.org", 404, "nothing here")
	b.get(t, "/setup?token=AAAA", "", 200, "not the setup code")
	b.get(t, "/setup?token="+code, "", 200, "first administrator")
	form := url.Values{"token": {code}, "practice": {`Elm "Street" Practice`}, "zone": {"America/Chicago"}, "username": {"anna"}, "password": {testsatchel.Password}, "again": {testsatchel.Password}}
	for field, bad := range map[string]string{"token": "x", "zone": "Moon/Crater", "practice": "", "username": "an na", "password": "short", "again": "other"} {
		wrong := maps.Clone(form)
		wrong.Set(field, bad)
		b.post(t, "/setup", wrong, 422, "look at this again")
	}
	b.post(t, "/setup", form, 303, "/account/two-factor")
	b.get(t, "/account/two-factor", "", 200, "Elm &#34;Street&#34; Practice")
	b.get(t, "/setup?token="+code, "", 404, "")
	form.Set("username", "mallory")
	b.post(t, "/setup", form, 404, "")
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

// visitor is a browser, as far as these pages need one: it keeps cookies and follows nothing.
type visitor struct {
	base   string
	client *http.Client
}

func newVisitor(base string) *visitor {
	jar, _ := cookiejar.New(nil) // never fails
	return &visitor{base, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// get wants a status, and a text in the page or in the address that it leads to. host is the name by which the server is asked;
// "" its own.
func (v *visitor) get(t *testing.T, path, host string, status int, has string) {
	t.Helper()
	r, err := http.NewRequest("GET", v.base+path, nil)
	testsatchel.Must(t, err)
	if host != "" {
		r.Host = host
	}
	v.do(t, r, status, has)
}

// post sends a form, and wants what get wants.
func (v *visitor) post(t *testing.T, path string, form url.Values, status int, has string) {
	t.Helper()
	r, err := http.NewRequest("POST", v.base+path, strings.NewReader(form.Encode()))
	testsatchel.Must(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	v.do(t, r, status, has)
}

func (v *visitor) do(t *testing.T, r *http.Request, status int, has string) {
	t.Helper()
	r.Header.Set("Accept", "text/html")
	resp, err := v.client.Do(r)
	testsatchel.Must(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	testsatchel.Must(t, err)
	if resp.StatusCode != status || !strings.Contains(resp.Header.Get("Location")+string(text), has) {
		t.Errorf("%s %s: %d, want %d with %q\n%.2000s", r.Method, r.URL.Path, resp.StatusCode, status, has, text)
	}
}
