package web_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"satchel/auth"
	"satchel/engine"
	"satchel/exports"
	"satchel/storage"
	"satchel/web"
)

const password = "correct horse battery staple 7"

// hashed is the password's hash, made once: it is costly on purpose.
var hashed = sync.OnceValue(func() string {
	h, err := auth.HashPassword(password)
	if err != nil {
		panic(err)
	}
	return h
})

// practice is a whole server on a real file, behind a real listener on loopback.
type practice struct {
	t     testing.TB
	store *storage.Store
	file  string // of the store
	url   string // of the FHIR base
	log   *safeBuffer
	as    string // account of the requests, or a whole Bearer header; "" sends no credentials
}

// open starts a server with one superuser, ann. change may alter the options.
func open(t testing.TB, change func(*web.Options)) *practice {
	t.Helper()
	dir := t.TempDir()
	store, err := storage.Open(t.Context(), filepath.Join(dir, "satchel.db"), storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	if err := os.Mkdir(filepath.Join(dir, "exports"), 0o700); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(filepath.Join(dir, "exports"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	p := &practice{t: t, store: store, file: filepath.Join(dir, "satchel.db"), as: "ann", log: &safeBuffer{}}
	logger := slog.New(slog.NewJSONHandler(p.log, nil))
	jobs := engine.New(store, root, engine.Options{MaxJobs: 2, FileCount: 3, Log: logger})
	o := web.Options{Store: store, Exports: &exports.Service{Store: store, Engine: jobs, Enabled: true, Exclusive: true}, Auth: &auth.Service{Store: store}, Tokens: &auth.TokenService{Store: store}, Log: logger,
		Version: "test"}
	if change != nil {
		change(&o)
	}
	if o.Exports.Engine == jobs {
		run(t, jobs)
	}
	handler, err := web.New(o)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	p.url = server.URL + "/fhir"
	p.account("ann", "ROLE_SUPERUSER")
	return p
}

// run lets an engine work until the test ends.
func run(t testing.TB, jobs *engine.Engine) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { _ = jobs.Run(ctx) })
	t.Cleanup(func() { cancel(); done.Wait() })
}

// account adds an account with authorities written as "PERMISSION" or "PERMISSION:ARGUMENT".
func (p *practice) account(name string, authorities ...string) {
	p.t.Helper()
	a := storage.Account{Name: name, Password: hashed(), PasswordChanged: time.Now(), Created: time.Now()}
	for _, text := range authorities {
		permission, argument, _ := strings.Cut(text, ":")
		authority := storage.Authority{Permission: permission, Argument: argument}
		if err := auth.CheckAuthority(authority); err != nil {
			p.t.Fatal(err)
		}
		a.Authorities = append(a.Authorities, authority)
	}
	if err := p.store.AddAccount(context.Background(), a); err != nil {
		p.t.Fatal(err)
	}
}

// reply is an answer, read to its end.
type reply struct {
	status int
	header http.Header
	body   string
}

// do sends a request. path is absolute, or relative to the server. header are "Name: value" lines.
func (p *practice) do(method, path, body string, header ...string) reply {
	p.t.Helper()
	return p.send(p.request(method, path, strings.NewReader(body), header...))
}

func (p *practice) request(method, path string, body io.Reader, header ...string) *http.Request {
	p.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = strings.TrimSuffix(p.url, "/fhir") + path
	}
	r, err := http.NewRequest(method, path, body)
	if err != nil {
		p.t.Fatal(err)
	}
	if method == "POST" || method == "PUT" {
		r.Header.Set("Content-Type", "application/fhir+json")
	}
	if strings.HasPrefix(p.as, "Bearer ") {
		r.Header.Set("Authorization", p.as)
	} else if p.as != "" {
		r.SetBasicAuth(p.as, password)
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ":")
		if value = strings.TrimSpace(value); value == "" {
			r.Header.Del(name)
		} else {
			r.Header.Add(name, value)
		}
	}
	return r
}

// client neither follows redirects nor unpacks gzip behind our back.
var client = &http.Client{
	Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func (p *practice) send(r *http.Request) reply {
	p.t.Helper()
	res, err := client.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, string(text)}
}

// want fails the test unless the answer has the status and holds the texts.
func (p *practice) want(r reply, status int, texts ...string) reply {
	p.t.Helper()
	if r.status != status {
		p.t.Fatalf("status %d, want %d\n%v\n%.2000s", r.status, status, r.header, r.body)
	}
	for _, text := range texts {
		if !strings.Contains(r.body, text) {
			p.t.Fatalf("body lacks %q\n%.2000s", text, r.body)
		}
	}
	return r
}

// safeBuffer is a log that the test may read while the server writes.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
