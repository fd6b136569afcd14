package desk_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"satchel/auth"
	"satchel/demo"
	"satchel/desk"
	"satchel/engine"
	"satchel/exports"
	"satchel/fhir"
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

// The accounts of a practice under test. None needs a second factor, so that tests sign in by the password; TestSecondFactor
// has one that does.
var accounts = map[string][]string{
	"ann":   {"ROLE_SUPERUSER"},                                                                                    // the owner
	"fred":  {"ACCESS_ADMIN_WEB", "FHIR_ALL_READ", "FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT"},                    // the front desk
	"rita":  {"ACCESS_ADMIN_WEB", "FHIR_READ_ALL_IN_COMPARTMENT:Patient/" + demo.PatientID(0)},                     // one patient's helper
	"ike":   {"ACCESS_ADMIN_WEB", "VIEW_USERS", "CREATE_USER", "UPDATE_USER", "VIEW_BATCH_JOBS", "VIEW_AUDIT_LOG"}, // local IT
	"nora":  {"ACCESS_ADMIN_WEB"},                                                                                  // may come in, and nothing else
	"proxy": {"FHIR_ALL_READ"},                                                                                     // no staff page at all
}

// practice is a whole server over a made practice, behind a real listener on loopback.
type practice struct {
	t       testing.TB
	store   *storage.Store
	engine  *engine.Engine
	auth    *auth.Service
	url     string // without a slash at its end
	exports string // folder
	log     *safeBuffer
	options *web.Options
}

// settings are what a test may alter before the server starts.
type settings struct {
	web.Options
	Patients int  // of the made practice; 0: a few
	Bare     bool // no account and no resource: the first run
	Still    bool // no job begins
}

// open starts a server over a made practice with all of [accounts].
func open(t testing.TB, change func(*settings)) *practice {
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
	p := &practice{t: t, store: store, exports: filepath.Join(dir, "exports"), log: &safeBuffer{}}
	logger := slog.New(slog.NewJSONHandler(p.log, nil))
	p.engine = engine.New(store, root, engine.Options{MaxJobs: 2, FileCount: 100, Log: logger})
	p.auth = &auth.Service{Store: store, TwoFactorRoles: []string{}}
	s := &settings{Options: web.Options{Store: store, Exports: &exports.Service{Store: store, Engine: p.engine, Enabled: true, Exclusive: true}, Auth: p.auth, Tokens: &auth.TokenService{Store: store}, Log: logger,
		Version: "test",
		Desk:    desk.Options{Practice: func() desk.Practice { return desk.Practice{Name: "Elm Street Family Practice", Zone: newYork(t)} }}}}
	if change != nil {
		change(s)
	}
	p.options = &s.Options
	if !s.Bare {
		p.fill(s.Patients)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	if !s.Still {
		done.Go(func() { _ = p.engine.Run(ctx) })
	}
	t.Cleanup(func() { cancel(); done.Wait() })
	handler, err := web.New(s.Options)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

func newYork(t testing.TB) *time.Location {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// fill makes accounts and resources.
func (p *practice) fill(patients int) {
	p.t.Helper()
	for name, authorities := range accounts {
		p.account(name, authorities...)
	}
	lean := patients > 100
	err := p.store.Write(context.Background(), func(tx *storage.Tx) error {
		for item := range demo.Items(demo.Options{Patients: patients, Lean: lean}) {
			if item.Op == demo.Delete {
				continue
			}
			d, err := fhir.Parse(item.JSON)
			if err != nil {
				return err
			}
			if _, _, err := tx.Put(d, item.ID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		p.t.Fatal(err)
	}
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

// visitor is a browser without script: it keeps cookies and follows nothing by itself.
type visitor struct {
	p      *practice
	client *http.Client
}

// visitor is a browser that nobody has used.
func (p *practice) visitor() *visitor {
	jar, _ := cookiejar.New(nil)
	return &visitor{p, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// as is a browser with somebody signed in.
func (p *practice) as(account string) *visitor {
	p.t.Helper()
	v := p.visitor()
	v.want(v.post("/sign-in", "username", account, "password", password), 303)
	return v
}

// reply is an answer, read to its end.
type reply struct {
	status int
	header http.Header
	body   string
}

// get asks for a page. header are "Name: value" lines.
func (v *visitor) get(path string, header ...string) reply {
	v.p.t.Helper()
	return v.send(v.request("GET", path, nil, header...))
}

// post sends a form as the browser's own page does: name, value, …
func (v *visitor) post(path string, values ...string) reply {
	v.p.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(values); i += 2 {
		form.Add(values[i], values[i+1])
	}
	return v.send(v.request("POST", path, strings.NewReader(form.Encode()), "Content-Type: application/x-www-form-urlencoded"))
}

func (v *visitor) request(method, path string, body io.Reader, header ...string) *http.Request {
	v.p.t.Helper()
	r, err := http.NewRequest(method, v.p.url+path, body)
	if err != nil {
		v.p.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html,application/xhtml+xml")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for _, line := range header {
		name, value, _ := strings.Cut(line, ":")
		r.Header.Set(name, strings.TrimSpace(value))
	}
	return r
}

func (v *visitor) send(r *http.Request) reply {
	v.p.t.Helper()
	res, err := v.client.Do(r)
	if err != nil {
		v.p.t.Fatal(err)
	}
	defer res.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(res.Body); err != nil {
		v.p.t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, b.String()}
}

// want fails the test unless the answer has the status and holds the texts.
func (v *visitor) want(r reply, status int, texts ...string) reply {
	v.p.t.Helper()
	if r.status != status {
		v.p.t.Fatalf("status %d, want %d\n%v\n%.3000s\n%s", r.status, status, r.header, r.body, v.p.log)
	}
	for _, text := range texts {
		if !strings.Contains(r.body, text) {
			v.p.t.Fatalf("page lacks %q\n%.6000s", text, r.body)
		}
	}
	return r
}

// led fails the test unless the answer leads to a path.
func (v *visitor) led(r reply, path string) {
	v.p.t.Helper()
	v.want(r, 303)
	if got := r.header.Get("Location"); got != path {
		v.p.t.Fatalf("led to %q, want %q", got, path)
	}
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
