package pages_test

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"satchel/auth"
	"satchel/demo"
	"satchel/engine"
	"satchel/handover"
	"satchel/internal/testpractice"
	"satchel/internal/testserver"
	"satchel/storage"
	"satchel/web"
)

const password = testserver.Password

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
	log     *testserver.Log
	options *web.Options
}

// settings are what a test may alter before the server starts.
type settings = testserver.Settings

// made are databases with all of [accounts] and a made practice, by its number of patients; 0 means a few.
var made = map[int]*testpractice.Template{0: filled(0), 130: filled(130), 300: filled(300)}

func filled(patients int) *testpractice.Template {
	return testpractice.New(func(s *storage.Store) error {
		for _, name := range slices.Sorted(maps.Keys(accounts)) {
			if err := testserver.Account(s, name, accounts[name]...); err != nil {
				return err
			}
		}
		return testpractice.FillDemo(s, demo.Options{Patients: patients, Lean: patients > 100})
	})
}

// open starts a server over a made practice of a few patients with all of [accounts].
func open(t testing.TB, change func(*settings)) *practice {
	t.Helper()
	return openOn(t, made[0], change)
}

// openOn is open on another database; that of a first run is testpractice.Empty.
func openOn(t testing.TB, of *testpractice.Template, change func(*settings)) *practice {
	t.Helper()
	s := testserver.Open(t, of, engine.Options{MaxJobs: 2, FileCount: 100}, func(s *settings) {
		s.Auth.TwoFactorRoles = []string{}
		s.Pages.Practice = &told{practice: handover.Practice{Name: "Elm Street Family Practice", Zone: newYork(t)}}
		if change != nil {
			change(s)
		}
	})
	return &practice{t, s.Store, s.Engine, s.Auth, s.URL, s.Exports, s.Log, s.Options}
}

func newYork(t testing.TB) *time.Location {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// account adds an account with authorities written as "PERMISSION" or "PERMISSION:ARGUMENT".
func (p *practice) account(name string, authorities ...string) {
	p.t.Helper()
	if err := testserver.Account(p.store, name, authorities...); err != nil {
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
