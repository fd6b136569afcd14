package faces_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"satchel/engine"
	"satchel/internal/await"
	"satchel/internal/testpractice"
	"satchel/internal/testserver"
	"satchel/storage"
	"satchel/web"
)

const password = testserver.Password

// superuser is a database with one account, ann, who may do everything.
var superuser = testpractice.New(func(s *storage.Store) error { return testserver.Account(s, "ann", "ROLE_SUPERUSER") })

// practice is a whole server on a real file, behind a real listener on loopback.
type practice struct {
	t     testing.TB
	store *storage.Store
	file  string // of the store
	url   string // of the FHIR base
	log   *testserver.Log
	as    string // account of the requests, or a whole Bearer header; "" sends no credentials
}

// open starts a server with one superuser, ann. change may alter the options.
func open(t testing.TB, change func(*web.Options)) *practice {
	t.Helper()
	return openSettings(t, func(s *testserver.Settings) {
		if change != nil {
			change(&s.Options.Options)
		}
	})
}

// openStill is open with an engine that begins no job.
func openStill(t testing.TB) *practice {
	t.Helper()
	return openSettings(t, func(s *testserver.Settings) { s.Still = true })
}

func openSettings(t testing.TB, change func(*testserver.Settings)) *practice {
	t.Helper()
	s := testserver.Open(t, superuser, engine.Options{MaxJobs: 2, FileCount: 3}, change)
	return &practice{t: t, store: s.Store, file: s.File, url: s.URL + "/fhir", log: s.Log, as: "ann"}
}

// account adds an account with authorities written as "PERMISSION" or "PERMISSION:ARGUMENT".
func (p *practice) account(name string, authorities ...string) {
	p.t.Helper()
	if err := testserver.Account(p.store, name, authorities...); err != nil {
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

// ended asks for the status of a job until it has ended; to be told that this is too often is no end.
func (p *practice) ended(status string) reply {
	p.t.Helper()
	return await.Value(p.t, "the job at "+status+" ends", func() (reply, bool) {
		r := p.do("GET", status, "")
		return r, r.status != http.StatusAccepted && r.status != http.StatusTooManyRequests
	})
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
