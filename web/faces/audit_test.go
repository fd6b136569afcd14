package faces_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"satchel/audit"
)

// events are all events with the request's id, oldest first.
func (p *practice) events(r reply) []audit.Event {
	p.t.Helper()
	all, _, err := p.store.AuditEvents(context.Background(), audit.Filter{RequestID: r.header.Get("X-Request-Id")}, audit.Page{Count: 10_000})
	if err != nil {
		p.t.Fatal(err)
	}
	return all
}

// told are the events of a request, each in a line.
func (p *practice) told(r reply) string {
	p.t.Helper()
	var lines []string
	for _, e := range p.events(r) {
		lines = append(lines, fmt.Sprintf("%s/%s %s %s %s %d %v %s", e.Who.Name, e.Who.Kind, e.Action, e.Target, e.Outcome, e.Status, e.Patients, e.Detail))
	}
	return strings.Join(lines, "\n")
}

const canary = "Kanarienvogel"

// body is something that the route takes.
func (r row) body() (text string, header []string) {
	path := r.address(nil)
	switch {
	case r.method == "GET" || r.method == "DELETE":
	case strings.HasSuffix(path, "_search"):
		return "code=" + canary, []string{"Content-Type:", "Content-Type: application/x-www-form-urlencoded"}
	case path == "/fhir":
		return `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Observation?code=` + canary + `"}}]}`, nil
	case strings.Contains(path, "$"):
		return `{"resourceType":"Parameters"}`, nil
	case strings.HasPrefix(path, "/fhir"):
		return `{"resourceType":"Observation","id":"x1","status":"final","code":{"text":"` + canary + `"},"subject":{"reference":"Patient/p1"}}`, nil
	}
	return `{"` + canary + `":"` + canary + `"}`, []string{"Content-Type:", "Content-Type: application/json"}
}

// TestEveryRouteIsNoted walks the route table, as nobody, without rights and with all: each request leaves an event
// of its own with who, the status and the outcome of its answer; what tells only of the server leaves none.
func TestEveryRouteIsNoted(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	p.account("nobody")
	silent := []string{"/fhir/metadata", "/fhir/.well-known/smart-configuration", "/.well-known/smart-configuration"}
	for _, as := range []string{"", "nobody", "ann"} {
		for _, rt := range table(t, p) {
			p.as = as
			body, header := rt.body()
			path := rt.address(nil)
			if header = append(header, "Prefer: respond-async"); rt.method == "PUT" || rt.method == "DELETE" {
				path += "?_id=x1"
			}
			r := p.do(rt.method, path, body, header...)
			all := p.events(r)
			what := fmt.Sprintf("%s as %q: %d", rt.method+" "+path, as, r.status)
			if slices.Contains(silent, rt.address(nil)) {
				if len(all) != 0 {
					t.Errorf("%s: noted %v", what, all)
				}
				continue
			}
			if len(all) == 0 {
				t.Errorf("%s: not noted", what)
				continue
			}
			e := all[0]
			if e.Status != r.status || e.Outcome != audit.OutcomeOf(r.status) || e.From != "127.0.0.1" {
				t.Errorf("%s: noted as %+v", what, e)
			}
			if signs := strings.HasPrefix(path, "/api/session") && rt.method == "POST" || path == "/oauth/token"; e.Who.Name != as && !signs {
				t.Errorf("%s: noted of %+v", what, e.Who)
			}
			if known := as == "" || e.Action != audit.AccessRefused && e.Action != audit.Operation; !known {
				t.Errorf("%s: noted as %s", what, e.Action)
			}
		}
	}
	p.sound(canary)
}

// sound fails the test if the audit log is not whole, or holds a text.
func (p *practice) sound(never ...string) {
	p.t.Helper()
	v, err := p.store.VerifyAudit(context.Background())
	if err != nil || !v.OK() {
		p.t.Error(v, err)
	}
	var b bytes.Buffer
	if err := audit.WriteNDJSON(&b, p.store.AuditStream(context.Background(), audit.Filter{}, audit.Sort{})); err != nil {
		p.t.Fatal(err)
	}
	for _, text := range never {
		if i := strings.Index(strings.ToLower(b.String()), strings.ToLower(text)); i >= 0 {
			p.t.Errorf("the audit log holds %q: %.300s", text, b.String()[max(0, i-250):])
		}
	}
}

// canaryPatient is a patient whose name must not be in the log.
func canaryPatient(id string) string {
	return `{"resourceType":"Patient","id":"` + id + `","name":[{"family":"` + canary + `"}]}`
}

// notedTests are requests by accounts, with what the audit log holds of each.
var notedTests = []struct{ as, method, path, body, want string }{
	{"ann", "PUT", "/fhir/Patient/p1", canaryPatient("p1"), `ann/user update Patient/p1/_history/1 success 201 [p1] `},
	{"ann", "PUT", "/fhir/Patient/p1", canaryPatient("p1"), `ann/user update Patient/p1/_history/1 success 200 [p1] nothing was written`},
	{"ann", "PUT", "/fhir/Patient/p2", canaryPatient("p2"), `ann/user update Patient/p2/_history/1 success 201 [p2] `},
	{"ann", "PUT", "/fhir/Patient/p2", `{"resourceType":"Patient","id":"` + canary + `"}`, `ann/user update Patient/p2 refused 400 [p2] `},
	{"ann", "GET", "/fhir/Patient/p1", "", `ann/user read Patient/p1 success 200 [p1] `},
	{"ann", "GET", "/fhir/Patient/p1/_history/1", "", `ann/user vread Patient/p1/_history/1 success 200 [p1] `},
	{"ann", "GET", "/fhir/Patient/p1/_history", "", `ann/user history Patient/p1 success 200 [p1] `},
	{"ann", "GET", "/fhir/Patient/nope", "", `ann/user read Patient/nope refused 404 [nope] `},
	{"ann", "GET", "/fhir/Patient/" + canary + "%20Ann", "", `ann/user read  refused 400 [] `},
	{"ann", "GET", "/fhir/" + canary, "", `ann/user search  refused 404 [] `},
	{"front", "GET", "/fhir/Patient/p1", "", `front/user read Patient/p1 success 200 [p1] `},
	{"front", "GET", "/fhir/Patient/p2", "", `front/user read Patient/p2 refused 403 [p2] `},
	{"ann", "GET", "/fhir/Patient?name=" + canary, "", `ann/user search Patient success 200 [p1 p2] parameters: name`},
	{"ann", "GET", "/fhir/Patient?name:exact=" + canary + "&" + canary + "=1&name:" + canary + "=x", "", `ann/user search Patient refused 400 [] parameters: ? name`},
	{"ann", "PUT", "/fhir/Group/g", `{"resourceType":"Group","id":"g","type":"person","actual":true,"member":[{"entity":{"reference":"Patient/p1"}}]}`,
		"ann/user update Group/g/_history/1 success 201 [p1] \nann/user group-members-changed Group/g success 201 [p1] 1 joined, 0 left"},
	{"ann", "PUT", "/fhir/Group/g", `{"resourceType":"Group","id":"g","type":"person","actual":true,"member":[{"entity":{"reference":"Patient/p2"}}]}`,
		"ann/user update Group/g/_history/2 success 200 [p1 p2] \nann/user group-members-changed Group/g success 200 [p1 p2] 1 joined, 1 left"},
	{"ann", "PUT", "/fhir/Group/g", `{"resourceType":"Group","id":"g","type":"person","actual":true,"name":"x","member":[{"entity":{"reference":"Patient/p2"}}]}`,
		"ann/user update Group/g/_history/3 success 200 [p2] "},
	{"ann", "DELETE", "/fhir/Group/g", "", "ann/user delete Group/g success 204 [p2] \nann/user group-members-changed Group/g success 204 [p2] 0 joined, 1 left"},
	{"ann", "DELETE", "/fhir/Group/g", "", "ann/user delete Group/g success 204 [] nothing was written"},
	{"ann", "POST", "/fhir", `{"resourceType":"Bundle","type":"transaction","entry":[
		{"request":{"method":"PUT","url":"Patient/p3"},"resource":` + canaryPatient("p3") + `},
		{"request":{"method":"GET","url":"Patient/p1"}},
		{"request":{"method":"DELETE","url":"Patient/p2"}}]}`, "ann/user transaction  success 200 [p1 p2 p3] \nann/user delete Patient/p2 success 204 [p2] \n" +
		"ann/user create Patient/p3/_history/1 success 201 [p3] \nann/user read Patient/p1 success 200 [p1] "},
	{"ann", "POST", "/fhir", `{"resourceType":"Bundle","type":"transaction","entry":[
		{"request":{"method":"PUT","url":"Patient/p4"},"resource":` + canaryPatient("p4") + `},
		{"request":{"method":"GET","url":"Patient/p9"}}]}`, "ann/user transaction  refused 404 [p4 p9] "},
	{"ann", "POST", "/fhir", `{"resourceType":"Bundle","type":"batch","entry":[
		{"request":{"method":"PUT","url":"Patient/p5"},"resource":` + canaryPatient("p5") + `},
		{"request":{"method":"GET","url":"Patient?name=` + canary + `"}},
		{"request":{"method":"GET","url":"Patient/p9"}}]}`, "ann/user update Patient/p5/_history/1 success 201 [p5] \nann/user batch  success 200 [p1 p3 p5 p9] \n" +
		"ann/user search Patient success 200 [p1 p3 p5] parameters: name\nann/user read Patient/p9 refused 404 [p9] "},
	{"ann", "GET", "/fhir/Patient/p1/$everything", "", `ann/user everything Patient/p1 success 200 [p1] `},
	{"", "GET", "/fhir/Patient/p1", "", `/anonymous access-refused  refused 401 [] `},
	{"wrong", "GET", "/fhir/Patient/p1", "", `/anonymous sign-in-failed  refused 401 [] `},
	{"ann", "GET", "/fhir/$no-such-thing", "", `/anonymous access-refused  refused 404 [] `},
	{"ann", "GET", "/api/nothing", "", `/anonymous access-refused  refused 404 [] `},
	{"ann", "GET", "/fhir/Patient/p1/$export", "", `ann/user export-start JOB success 202 [p1] level patient`},
}

// TestNoted tells of requests what the log holds of them.
func TestNoted(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	p.account("front", "FHIR_READ_ALL_IN_COMPARTMENT:Patient/p1")
	for _, c := range notedTests {
		p.as = c.as
		r := p.do(c.method, c.path, c.body, "Prefer: respond-async")
		if at := r.header.Get("Content-Location"); strings.Contains(c.want, "JOB") {
			_, job, _ := strings.Cut(at, "_jobId=")
			c.want = strings.ReplaceAll(c.want, "JOB", job)
		}
		if got := p.told(r); got != c.want {
			t.Errorf("%s %s\n got %q\nwant %q", c.method, c.path, got, c.want)
		}
	}
	p.sound(canary)
}

// TestAdministrationIsNoted follows accounts, clients and sessions.
func TestAdministrationIsNoted(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	const secret = "very secret but long enough 1"
	json := []string{"Content-Type:", "Content-Type: application/json"}
	for _, c := range []struct{ method, path, body, want string }{
		{"POST", "/api/user-management", `{"username":"new","password":"` + secret + `","authorities":[{"permission":"FHIR_ALL_READ"}]}`,
			"ann/user account-create new success 201 [] \nann/user permission-grant new success 201 [] FHIR_ALL_READ"},
		{"PUT", "/api/user-management/new", `{"authorities":[{"permission":"FHIR_ALL_WRITE"}]}`, "ann/user account-change new success 200 [] "},
		{"PUT", "/api/user-management/new", `{"accountLocked":true,"mustChangePassword":false,"givenName":"` + canary + `"}`, "ann/user account-change new success 200 [] locked, name"},
		{"PUT", "/api/user-management/new", `{"accountLocked":false,"password":"` + secret + `2"}`, "ann/user account-change new success 200 [] unlocked, new password, must change password, wrong passwords forgotten"},
		{"PUT", "/api/user-management/new", `{"username":"` + canary + `"}`, "ann/user account-change new refused 400 [] "},
		{"DELETE", "/api/user-management/new", "", "ann/user account-remove new success 204 [] "},
		{"DELETE", "/api/user-management/" + canary, "", "ann/user account-remove  refused 404 [] "},
		{"POST", "/api/session", `{"username":"ann","password":"` + password + `"}`, "ann/user sign-in ann success 200 [] "},
		{"POST", "/api/session", `{"username":"ann","password":"` + secret + `"}`, "/anonymous sign-in-failed ann refused 401 [] "},
		{"POST", "/api/session", `{"username":"` + secret + `","password":"x"}`, "/anonymous sign-in-failed  refused 401 [] "},
		{"GET", "/api/audit?patient=p7&detail=" + canary, "", "ann/user audit-view  success 200 [p7] parameters: detail patient"},
	} {
		got := p.told(p.do(c.method, c.path, c.body, json...))
		if first, _, _ := strings.Cut(got, "\n"); got != c.want && (first != c.want || !strings.Contains(got, "permission-")) {
			t.Errorf("%s %s\n got %q\nwant %q", c.method, c.path, got, c.want)
		}
	}
	p.sound(canary, secret, password)
}

// TestNoAnswerWithoutTheLog makes the log unwritable: reads and writes are refused, nothing of them is sent or stored.
func TestNoAnswerWithoutTheLog(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	db, err := sql.Open("sqlite", p.file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	body := `{"resourceType":"Patient","id":"p1","name":[{"family":"` + canary + `"}]}`
	p.want(p.do("PUT", "/fhir/Patient/p1", body), 201)
	if _, err := db.Exec(`CREATE TRIGGER broken BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no'); END`); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/fhir/Patient/p1", "/fhir/Patient?name=" + canary, "/fhir/Patient/p1/_history", "/fhir/Patient/p1/$everything", "/fhir/Patient/nope", "/api/audit", "/api/user-management"} {
		r := p.do("GET", path, "")
		if r.status != http.StatusServiceUnavailable || strings.Contains(r.body, canary) || r.header.Get("ETag") != "" {
			t.Errorf("%s: %d %.300s", path, r.status, r.body)
		}
	}
	if r := p.do("PUT", "/fhir/Patient/p1", strings.Replace(body, canary, "Other", 1)); r.status < 500 {
		t.Errorf("written without the log: %d", r.status)
	}
	if r := p.do("POST", "/fhir/Patient", body); r.status < 500 {
		t.Errorf("written without the log: %d", r.status)
	}
	p.want(p.do("GET", "/fhir/metadata", ""), 200)
	if _, err := db.Exec(`DROP TRIGGER broken`); err != nil {
		t.Fatal(err)
	}
	p.want(p.do("GET", "/fhir/Patient", ""), 200, `"versionId":"1"`, canary, `"total":1`)
}

// TestAuditReport reads the log over HTTP.
func TestAuditReport(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	p.account("viewer", "VIEW_AUDIT_LOG", "ACCESS_ADMIN_JSON")
	p.want(p.do("PUT", "/fhir/Patient/p1", `{"resourceType":"Patient","id":"p1"}`), 201)
	p.want(p.do("GET", "/fhir/Patient/p1", ""), 200)
	p.as = "viewer"
	p.want(p.do("GET", "/fhir/Patient/p1", ""), 403)
	r := p.want(p.do("GET", "/api/audit?patient=p1&_count=1", ""), 200, `"outcome":"refused"`, `"next":"`)
	_, next, _ := strings.Cut(r.body, `"next":"`)
	next, _, _ = strings.Cut(next, `"`)
	p.want(p.do("GET", strings.ReplaceAll(next, `\u0026`, "&"), ""), 200, `"action":"read"`, `"who":"ann"`)
	r = p.want(p.do("GET", "/api/audit?action=read,update&patient=p1&_sort=time", "", "Accept: text/csv"), 200, "seq,time,who", ",ann,user,127.0.0.1,update,Patient/p1/_history/1,p1,")
	if lines := strings.Count(r.body, "\r\n"); lines != 4 || r.header.Get("Content-Type") != "text/csv" {
		t.Errorf("%d lines, %v\n%s", lines, r.header, r.body)
	}
	p.want(p.do("GET", "/api/audit?who=ann", "", "Accept: application/fhir+ndjson"), 200, `"resourceType":"AuditEvent"`)
	for _, bad := range []string{"action=x", "outcome=x", "since=x", "_sort=x", "status=x", "nope=1", "who=a&who=b", "patient=a/b", "_cursor=%24"} {
		p.want(p.do("GET", "/api/audit?"+bad, ""), 400)
	}
	p.want(p.do("GET", "/api/audit", "", "Accept: image/png"), 406)
	p.account("front", "ROLE_FHIR_CLIENT", "FHIR_ALL_READ")
	p.as = "front"
	p.want(p.do("GET", "/api/audit", ""), 403)
}

// TestExportIsNoted follows one export through the log: start, end with what tells its files, status, file and deletion.
func TestExportIsNoted(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	p.want(p.do("PUT", "/fhir/Patient/p1", `{"resourceType":"Patient","id":"p1","name":[{"family":"`+canary+`"}]}`), 201)
	r := p.want(p.do("GET", "/fhir/Patient/$export", "", "Prefer: respond-async"), 202)
	at := r.header.Get("Content-Location")
	_, job, _ := strings.Cut(at, "_jobId=")
	r = p.want(p.ended(at), 200, `"auditHead":{"seq":`)
	_, file, _ := strings.Cut(r.body, p.url+"/$export-file/")
	file, _, _ = strings.Cut(file, `"`)
	p.want(p.do("GET", "/fhir/$export-file/"+file, ""), 200, canary)
	p.want(p.do("DELETE", at, ""), 202)
	all, _, err := p.store.AuditEvents(t.Context(), audit.Filter{}, audit.Page{Count: 1000})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range all {
		if strings.HasPrefix(e.Target, job) && e.Status != 202 || e.Action == audit.ExportStart || e.Action == audit.ExportDelete {
			got = append(got, fmt.Sprintf("%s/%s %s %s %.16s", e.Who.Name, e.Who.Kind, e.Action, strings.Replace(e.Target, job, "JOB", 1), e.Detail))
		}
	}
	want := []string{"ann/user export-start JOB level patient", "ann/system export-complete JOB 1 files, 1 resou", "ann/user export-status JOB parameters: _job",
		"ann/user export-file JOB/Patient.0001.ndjson 139 bytes, sha25", "ann/user export-delete JOB "}
	for i := range want {
		if i >= len(got) || got[i] != want[i] {
			t.Fatalf("got  %q\nwant %q", got, want)
		}
	}
	p.sound(canary)
}
