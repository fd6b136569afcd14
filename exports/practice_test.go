package exports_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"satchel/auth"
	"satchel/engine"
	"satchel/exports"
	"satchel/fhir"
	"satchel/internal/storagetest"
	"satchel/internal/testpractice"
	"satchel/internal/testserver"
	"satchel/requests"
	"satchel/storage"
)

// accounts are who asks. None needs a second factor.
var accounts = map[string][]string{
	"chief": {"ROLE_SUPERUSER"},
	"types": {"ACCESS_ADMIN_WEB", "ACCESS_ADMIN_JSON", "FHIR_OP_INITIATE_BULK_DATA_EXPORT", "FHIR_READ_ALL_OF_TYPE:Patient", "FHIR_READ_ALL_OF_TYPE:Observation"},
	"one":   {"ACCESS_ADMIN_WEB", "ACCESS_ADMIN_JSON", "FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT", "FHIR_READ_ALL_IN_COMPARTMENT:Patient/p1"},
	"none":  {"ACCESS_ADMIN_WEB", "ACCESS_ADMIN_JSON"},
	"ops":   {"ACCESS_ADMIN_WEB", "ACCESS_ADMIN_JSON", "MANAGE_BATCH_JOBS", "VIEW_BATCH_JOBS"},
	"clerk": {"ACCESS_ADMIN_WEB", "ACCESS_ADMIN_JSON", "VIEW_USERS", "CREATE_USER", "UPDATE_USER"},
	"peer":  {"ACCESS_ADMIN_WEB", "ACCESS_ADMIN_JSON", "FHIR_ALL_READ", "FHIR_OP_INITIATE_BULK_DATA_EXPORT", "VIEW_AUDIT_LOG", "VIEW_USERS"},
}

// resources are three patients, two of them in a group, each with an observation, and one with a picture in a document.
var resources = []string{
	`{"resourceType":"Patient","id":"p1"}`, `{"resourceType":"Patient","id":"p2"}`, `{"resourceType":"Patient","id":"p3"}`,
	`{"resourceType":"Observation","id":"o1","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p1"}}`,
	`{"resourceType":"Observation","id":"o3","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p3"}}`,
	`{"resourceType":"Encounter","id":"e2","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/p2"}}`,
	`{"resourceType":"DocumentReference","id":"d1","status":"current","subject":{"reference":"Patient/p1"},"content":[{"attachment":{"contentType":"text/plain","data":"` + strings.Repeat("QUJD", 20) + `"}}]}`,
	`{"resourceType":"Group","id":"g","type":"person","actual":true,"member":[{"entity":{"reference":"Patient/p1"}},{"entity":{"reference":"Patient/p2"}}]}`,
}

var template = testpractice.New(func(s *storage.Store) error {
	for name, authorities := range accounts {
		if err := testserver.Account(s, name, authorities...); err != nil {
			return err
		}
	}
	return storagetest.Write(context.Background(), s, func(tx *storage.Tx) error {
		for _, text := range resources {
			d, err := fhir.Parse([]byte(text))
			if err != nil {
				return err
			}
			if _, _, err := tx.Put(d, ""); err != nil {
				return err
			}
		}
		return nil
	})
})

// settings are those that deeds depend on.
type settings struct {
	off       bool // bulk_export.enabled = false
	everybody bool // restrict_download_to_initiating_user.enabled = false
	inline    int64
}

// practice is a server with a ledger of requests, and the command beside it on the same data.
type practice struct {
	*testserver.Server
	t      *testing.T
	deeds  *exports.Service
	ledger *requests.Ledger
	set    settings
	ended  chan storage.State // of each job that the engine has ended
}

func open(t *testing.T, set settings) *practice {
	t.Helper()
	p := &practice{t: t, set: set, ended: make(chan storage.State, 100)}
	jobs := engine.Options{Ended: func(state storage.State, _ time.Duration, _ []storage.JobFile) { p.ended <- state }}
	p.Server = testserver.Open(t, template, jobs, func(s *testserver.Settings) {
		s.Auth.TwoFactorRoles = []string{}
		p.deeds = s.Exports
		p.deeds.Enabled, p.deeds.Exclusive, p.deeds.InlineMost = !set.off, !set.everybody, set.inline
		p.ledger = requests.New(s.Store, requests.Options{Packager: p.deeds.Packager(), Hash: auth.HashPassphrase, Check: auth.CheckPassphrase})
		s.Requests = p.ledger
	})
	return p
}

// binary is the program, built once.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "satchel-exports-test-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "satchel.exe")
	out, err := exec.Command("go", "build", "-o", path, "satchel").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := binary(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// command runs the program on the practice's data. It returns what it said if it failed.
func (p *practice) command(args ...string) (failed string) {
	p.t.Helper()
	path, err := binary()
	if err != nil {
		p.t.Fatal(err)
	}
	c := exec.CommandContext(p.t.Context(), path, append(args, "--data", filepath.Dir(p.File))...)
	c.Env = append(os.Environ(), fmt.Sprintf("SATCHEL_BULK_EXPORT__ENABLED=%v", !p.set.off),
		fmt.Sprintf("SATCHEL_BULK_EXPORT__INLINE_ATTACHMENT_MAX=%d", p.set.inline), "SATCHEL_HTTP__PUBLIC_URL="+strings.Replace(p.URL, "127.0.0.1", "localhost", 1))
	out, err := c.CombinedOutput()
	if err != nil {
		return fmt.Sprintf("%v: %s", err, out)
	}
	return ""
}

// reply is an answer.
type reply struct {
	status int
	header http.Header
	body   string
}

// call sends a request of a program, with an account's password.
func (p *practice) call(who, method, path, body string) reply {
	p.t.Helper()
	r := p.request(method, path, strings.NewReader(body))
	r.SetBasicAuth(who, testserver.Password)
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Prefer", "respond-async")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return p.send(http.DefaultTransport, nil, r)
}

// browse opens a page as an account: a GET, or a POST of the form's fields (name, value, …).
func (p *practice) browse(who, path string, fields ...string) reply {
	p.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		p.t.Fatal(err)
	}
	if r := p.form(jar, "/sign-in", "username", who, "password", testserver.Password); r.status != 303 {
		p.t.Fatalf("sign in as %s: %d %s", who, r.status, r.body)
	}
	return p.form(jar, path, fields...)
}

func (p *practice) form(jar http.CookieJar, path string, fields ...string) reply {
	p.t.Helper()
	values := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		values.Add(fields[i], fields[i+1])
	}
	method := "POST"
	if fields == nil {
		method = "GET"
	}
	r := p.request(method, path, strings.NewReader(values.Encode()))
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if fields != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return p.send(http.DefaultTransport, jar, r)
}

func (p *practice) request(method, path string, body io.Reader) *http.Request {
	p.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = p.URL + path
	}
	r, err := http.NewRequestWithContext(p.t.Context(), method, path, body)
	if err != nil {
		p.t.Fatal(err)
	}
	return r
}

func (p *practice) send(by http.RoundTripper, jar http.CookieJar, r *http.Request) reply {
	p.t.Helper()
	c := &http.Client{Transport: by, Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := c.Do(r)
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
