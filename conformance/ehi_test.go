package conformance

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"satchel/audit"
	"satchel/handover"
	"satchel/internal/audittest"
	"satchel/internal/await"
	"satchel/requests"
	"satchel/storage"
)

// The rules of the Argonaut EHI Export API (0.1.0) in their order, each held against the running server by a scripted app of a
// patient and by people at the practice, who work on the ledger as the command line does.
var ehiRows = []row{{"1", ehiAccess}, {"2", ehiKickOff}, {"3", ehiResponse}, {"4", ehiForm}, {"5", ehiProgress}, {"6", ehiManifest}, {"7", ehiDocuments}, {"8", ehiWorkflow}}

func TestEHIExport(t *testing.T) {
	t.Parallel()
	s := openSite(t, map[string]string{"practice.phone": "555-0100", "practice.name": "Elm Street"})
	s.put(seed...)
	s.put(strings.Replace(observation("x1", "p1", ``), `"final"`, `"amended"`, 1), observation("gone", "p1", ``)) // history and a deletion
	s.do("DELETE", "/Observation/gone", "").want(204)
	s.put(`{"resourceType":"Media","id":"md1","status":"completed","subject":{"reference":"Patient/p1"},"content":{"contentType":"image/svg+xml","title":"picture","data":"PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4="}}`)
	for _, r := range ehiRows {
		t.Run(r.id, func(t *testing.T) { r.test(s.in(t)) })
	}
}

// app registers a client as the vendor of a patient's app does, and is one.
func (s *site) app(name, redirect string) *site {
	s.Helper()
	s.register(name, "system/$ehi-export", "FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT")
	if redirect != "" {
		err := s.store.UpdateClient(s.Context(), audittest.Event(audit.ClientChange), name, func(c *storage.Client) error { c.RedirectURI = redirect; return nil })
		if err != nil {
			s.Fatal(err)
		}
	}
	return s.as(s.token(name, "system/$ehi-export"))
}

// staff is the ledger as people at the practice have it.
func (s *site) staff() (*requests.Ledger, requests.By) {
	return requests.New(s.store, requests.Options{}), requests.By{Who: audit.Who{Name: "anna", Kind: audit.User}}
}

// asked is one EHI export of an app.
type asked struct {
	*site
	status, form string
}

var formLink = regexp.MustCompile(`^<(https://[^<>" ]+)>; rel="patient-interaction"$`)

// ask kicks off.
func (s *site) ask(patient string) asked {
	s.Helper()
	a := s.do("POST", "/Patient/"+patient+"/$ehi-export", "").want(202).wantHeader("Content-Location", s.base+"/")
	m := formLink.FindStringSubmatch(a.header.Get("Link"))
	if m == nil || len(a.body) > 0 {
		s.Fatalf("Link %q, body %q", a.header.Get("Link"), a.body)
	}
	return asked{s, a.header.Get("Content-Location"), m[1]}
}

var filledIn = url.Values{"name": {"B A"}, "role": {"patient"}, "phone": {"555-0111"}, "patient": {"B A"}, "born": {"1980-01-02"}, "agree": {"yes"}}

// fillIn sends the form as a browser does.
func (x asked) fillIn(form url.Values) answer {
	x.Helper()
	return x.as("").do("POST", x.form, form.Encode(), "Content-Type: application/x-www-form-urlencoded", "Accept: text/html", "Sec-Fetch-Site: same-origin", "Origin: "+x.host)
}

// filed is the request in the ledger, newest first.
func (x asked) filed() requests.Request {
	x.Helper()
	l, _ := x.staff()
	list, _, err := l.Requests(x.Context(), requests.Filter{}, requests.Page{By: "number", Down: true})
	if err != nil || len(list) == 0 {
		x.Fatal("nothing is in the ledger", err)
	}
	return list[0]
}

// approve fills in the form, and lets people check and approve it.
func (x asked) approve() requests.Request {
	x.Helper()
	x.fillIn(filledIn).want(303)
	r := x.filed()
	l, by := x.staff()
	r, err := l.Check(x.Context(), by, requests.Seen{ID: r.ID}, "callback", "")
	if err == nil {
		r, err = l.Approve(x.Context(), by, requests.Seen{ID: r.ID}, requests.Approval{})
	}
	if err != nil {
		x.Fatal(err)
	}
	return r
}

// complete waits for the manifest.
func (x asked) complete() export {
	x.Helper()
	a := await.Value(x, "the end of the EHI export", func() (answer, bool) {
		time.Sleep(50 * time.Millisecond) // each look is an event of the audit log, which the tests read
		a := x.do("GET", x.status, "", "Accept: application/json")
		return a, a.status != 202 && a.status != 429
	})
	e := export{status: x.status, answer: a.want(200).wantHeader("Content-Type", "application/json")}
	a.decode(&e.manifestOf)
	e.lines, e.gone, e.errors = x.load(e.Output), x.load(e.Deleted), x.load(e.Error)
	return e
}

// ehiAccess is rule 1: the scope, whoever else, and pages of other origins.
func ehiAccess(s *site) {
	const kickOff = "/Patient/p3/$ehi-export"
	if !slices.Contains(s.smart("application/json").Scopes, "system/$ehi-export") {
		s.Error("the scope is not told")
	}
	x := s.app("reach", "")
	e := x.ask("p3")
	x.do("GET", "/Patient/p3", "").want(403) // the scope reads nothing
	x.do("GET", "/Patient/$export", "").want(403)
	x.do("POST", "/Patient/nobody/$ehi-export", "").want(404).outcome()
	s.as("").do("POST", kickOff, "").want(401)
	s.as("").do("GET", e.status, "").want(401)
	// All types are not this scope, and another client is nobody.
	wide := s.as(s.token("all", "system/*.cruds"))
	a := wide.do("POST", kickOff, "").want(403).outcome()
	if !strings.Contains(a.header.Get("WWW-Authenticate"), "insufficient_scope") || !strings.Contains(string(a.body), "system/$ehi-export") {
		s.Errorf("%v %s", a.header, a.body)
	}
	other := s.as(s.token("all", "system/$ehi-export"))
	for _, method := range []string{"GET", "DELETE"} {
		other.do(method, e.status, "").want(404).outcome()
	}
	s.register("without", "system/$ehi-export")
	s.as(s.token("without", "system/$ehi-export")).do("POST", kickOff, "").want(403).outcome()
	s.register("one", "system/$ehi-export", "FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT:Patient/p1")
	s.as(s.token("one", "system/$ehi-export")).do("POST", kickOff, "").want(403).outcome()
	s.register("both", "system/*.rs system/$ehi-export", "FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT")
	both := s.as(s.token("both", "system/$ehi-export")).ask("p3")
	s.as(s.token("both", "system/*.rs")).do("GET", both.status, "").want(403).outcome()
	x.do("DELETE", e.status, "").want(202)
}

// ehiKickOff is rule 2: POST, no parameters from apps, and those that this server has.
func ehiKickOff(s *site) {
	const path = "/Patient/p2/$ehi-export"
	x := s.app("kick", "")
	x.do("GET", path, "").want(405).wantHeader("Allow", "POST")
	x.do("POST", "/Patient/$ehi-export", "").want(404, 405)
	x.do("POST", "/$ehi-export", "").want(404, 405)
	for _, body := range []string{``, `{"resourceType":"Parameters"}`} {
		x.do("POST", path, body, "Content-Type: application/json").want(202)
	}
	x.do("POST", path, parameters("_type valueString Patient")).want(400).outcome()
	x.do("POST", path+"?_since=2024-01-01T00:00:00Z", "").want(400).outcome()
	x.do("POST", path, parameters("_type valueString Patient"), "Prefer: respond-async, handling=lenient").want(202)
	x.do("POST", path, "<x/>", "Content-Type: application/xml").want(415).outcome()
	x.do("POST", path, parameters("part valueString "+strings.Repeat("a", 2<<20))).want(413).outcome()
	x.do("POST", path, parameters("requester valueString Ann")).want(403).outcome() // that is for staff to say
	x.ask("p2").gone()
	// A part that is asked for in words goes to people, who are to leave out the rest.
	part := x.do("POST", path, parameters("part valueString visits of 2024")).want(202)
	x.do("POST", path, "").want(409).outcome()
	e := asked{x, part.header.Get("Content-Location"), formLink.FindStringSubmatch(part.header.Get("Link"))[1]}
	if page := string(s.as("").do("GET", e.form, "", "Accept: text/html").want(200).body); !strings.Contains(page, "visits of 2024") {
		s.Errorf("%s", page)
	}
	e.fillIn(filledIn).want(303)
	if r := e.filed(); r.Scope != requests.ScopeNarrowed || r.Asked != "visits of 2024" {
		s.Errorf("%+v", r)
	}
	e.gone()
}

// gone deletes an export.
func (x asked) gone() {
	x.Helper()
	x.do("DELETE", x.status, "").want(202)
	x.do("GET", x.status, "").want(404).outcome()
	x.do("DELETE", x.status, "").want(404).outcome()
}

// ehiResponse is rule 3: 202 with the status address always, and where the person goes on; once more is the same again.
func ehiResponse(s *site) {
	x := s.app("respond", "")
	first, again := x.ask("p2"), x.ask("p2")
	if first != again {
		s.Errorf("%+v, then %+v", first, again)
	}
	if other := x.ask("p3"); other.status == first.status || other.form == first.form {
		s.Error("two patients have one export")
	}
	if len(first.form) < len(s.host)+25 {
		s.Errorf("%s can be guessed", first.form)
	}
	first.fillIn(filledIn).want(303)
	a := x.do("POST", "/Patient/p2/$ehi-export", "").want(202)
	if a.header.Get("Content-Location") != first.status || !strings.Contains(a.header.Get("Link"), first.form) {
		s.Errorf("%v", a.header)
	}
	first.gone()
}

// ehiForm is rule 4: a page for a person with a phone, who is led back to where the app registered, and nowhere else.
func ehiForm(s *site) {
	const back = "https://app.example/back?from=form"
	x := s.app("form", back).ask("p1")
	page := s.as("").do("GET", x.form+"?redirect_uri=https://evil.example/", "", "Accept: text/html").want(200).wantHeader("Content-Type", "text/html")
	csp := page.header.Get("Content-Security-Policy")
	if !strings.Contains(csp, "form-action 'self' https://app.example;") || !strings.Contains(csp, "default-src 'self'") {
		s.Error(csp)
	}
	for _, secret := range []string{"1980-01-02", `value="B`, "p1", "evil.example"} {
		if strings.Contains(string(page.body), secret) {
			s.Errorf("the form tells %q", secret)
		}
	}
	for _, field := range []string{"name", "patient", "born", "phone", "agree"} {
		form := url.Values{}
		for k, v := range filledIn {
			if k != field {
				form[k] = v
			}
		}
		if a := x.fillIn(form).want(422); !strings.Contains(string(a.body), "555-0111") && field != "phone" {
			s.Error("what was typed is lost")
		}
	}
	parent := url.Values{"name": {"<b>P</b>"}, "role": {"parent"}, "phone": {"1"}, "patient": {"B"}, "born": {"1980-01-02"}, "agree": {"yes"}}
	if a := x.fillIn(parent).want(422); !strings.Contains(string(a.body), "Say why you may ask") || strings.Contains(string(a.body), "<b>P</b>") {
		s.Errorf("%s", a.body)
	}
	x.fillIn(url.Values{"name": {strings.Repeat("a", 100<<10)}}).want(413)
	x.as("").do("POST", x.form, filledIn.Encode(), "Content-Type: application/x-www-form-urlencoded", "Sec-Fetch-Site: cross-site", "Origin: https://evil.example").want(403)
	with := url.Values{"without": {"what I told of my uncle"}}
	for k, v := range filledIn {
		with[k] = v
	}
	x.fillIn(with).want(303).wantHeader("Location", back)
	r := x.filed()
	if r.Channel != requests.ChannelApp || r.Patient != "p1" || r.Requester.Phone != "555-0111" || r.Scope != requests.ScopeNarrowed || !strings.Contains(r.Asked, "uncle") {
		s.Errorf("%+v", r)
	}
	x.fillIn(filledIn).want(303).wantHeader("Location", back) // a second tab
	if again := x.filed(); again.ID != r.ID {
		s.Error("sent twice, filed twice")
	}
	if a := s.as("").do("GET", x.form, "", "Accept: text/html").want(200); !strings.Contains(string(a.body), r.Number) || strings.Contains(string(a.body), "uncle") {
		s.Errorf("%s", a.body)
	}
	x.gone()
	for _, form := range []string{x.form, s.host + "/ehi/nothing"} {
		s.as("").do("GET", form, "", "Accept: text/html").want(404)
		s.as("").do("POST", form, filledIn.Encode(), "Content-Type: application/x-www-form-urlencoded", "Accept: text/html").want(404)
	}
	own := s.app("homeless", "").ask("p1") // without such an address the form thanks by itself
	own.fillIn(filledIn).want(303).wantHeader("Location", "/ehi/")
	own.gone()
}

// ehiProgress is rule 5: in progress through form, review and production, with the address of the form, which later tells what
// happens next, until the practice has decided.
func ehiProgress(s *site) {
	x := s.app("poll", "").ask("p1")
	waits := func(text string, link bool) {
		s.Helper()
		a := x.do("GET", x.status, "").want(202).wantHeader("X-Progress", "").wantHeader("Retry-After", "")
		if !strings.Contains(a.header.Get("X-Progress"), text) || len(a.body) > 0 {
			s.Errorf("%v %s", a.header, a.body)
		}
		if got := a.header.Get("Link"); link != (got == "<"+x.form+`>; rel="patient-interaction"`) || !link && got != "" {
			s.Errorf("Link %q", got)
		}
	}
	waits("form", true)
	waits("form", true)
	x.fillIn(filledIn).want(303)
	waits("practice", true)
	r := x.filed()
	l, by := s.staff()
	if _, err := l.Check(s.Context(), by, requests.Seen{ID: r.ID}, "callback", ""); err != nil {
		s.Fatal(err)
	}
	waits("practice", true)
	if _, err := l.Approve(s.Context(), by, requests.Seen{ID: r.ID}, requests.Approval{}); err != nil {
		s.Fatal(err)
	}
	waits("approved", false)
	x.complete()
	if r := x.filed(); r.State != requests.Delivered || r.Job == "" {
		s.Errorf("%+v", r)
	}
	given, err := l.Disclosures(s.Context(), r.ID)
	if err != nil || len(given) == 0 || given[0].Way != "app" || given[0].Patient != "p1" || len(given[0].SHA256) == 0 {
		s.Errorf("%+v %v", given, err)
	}
	// What was handed over is still told after the app has thrown it away; the files are gone.
	x.gone()
	if _, err := s.store.Job(s.Context(), x.filed().Job); err == nil {
		s.Error("the files are still there")
	}
	s.denied()
	s.withdrawn()
	s.expired()
}

// denied: the app hears that people said no, whom to ask, and nothing of anybody's health.
func (s *site) denied() {
	x := s.app("denied", "").ask("p1")
	x.fillIn(filledIn).want(303)
	l, by := s.staff()
	r, err := l.Check(s.Context(), by, requests.Seen{ID: x.filed().ID}, "callback", "")
	if err == nil {
		r, err = l.Deny(s.Context(), by, requests.Seen{ID: r.ID}, []requests.Ground{"danger"}, "a harsh reason")
	}
	if err != nil {
		s.Fatal(err)
	}
	a := x.do("GET", x.status, "").want(403).outcome()
	if text := string(a.body); !strings.Contains(text, r.Number) || !strings.Contains(text, "555-0100") || strings.Contains(text, "harsh") || strings.Contains(text, "danger") {
		s.Errorf("%s", a.body)
	}
	if a.header.Get("WWW-Authenticate") != "" {
		s.Error("a denial is no matter of the token")
	}
	if next := x.ask("p1"); next.status == x.status {
		s.Error("a denied request is not open")
	} else {
		next.gone()
	}
	x.gone()
}

// withdrawn: by the app at each stage, and by people.
func (s *site) withdrawn() {
	app := s.app("withdrawn", "")
	l, by := s.staff()
	x := app.ask("p1")
	x.fillIn(filledIn).want(303)
	x.gone()
	if r := x.filed(); r.State != requests.Withdrawn {
		s.Error(r.State)
	}
	y := app.ask("p1")
	if y.status == x.status {
		s.Error("a withdrawn request is not open")
	}
	y.fillIn(filledIn).want(303)
	if _, err := l.Withdraw(s.Context(), by, requests.Seen{ID: y.filed().ID}, "by telephone"); err != nil {
		s.Fatal(err)
	}
	y.do("GET", y.status, "").want(410).outcome()
	z := app.ask("p1")
	r := z.approve()
	z.gone() // about to be made, or being made
	if got, err := l.Request(s.Context(), r.ID); err != nil || got.State != requests.Withdrawn {
		s.Error(got.State, err)
	}
}

// expired: once the files' time is over, there is nothing, and the next kick-off begins anew.
func (s *site) expired() {
	app := s.app("expired", "")
	x := app.ask("p1")
	x.approve()
	e := x.complete()
	if _, err := s.store.DeleteJob(s.Context(), audittest.Event(audit.ExportDelete), x.filed().Job); err != nil {
		s.Fatal(err)
	}
	x.do("GET", x.status, "").want(404).outcome()
	app.do("GET", e.Output[0].URL, "").want(404).outcome()
	if next := app.ask("p1"); next.status == x.status {
		s.Error("the files of this one will not come again")
	}
}

// ehiManifest is rule 6: the manifest, and all of the record in its files.
func ehiManifest(s *site) {
	app := s.app("manifest", "")
	x := app.ask("p1")
	x.approve()
	e := x.complete()
	var raw map[string]json.RawMessage
	e.answer.decode(&raw)
	var extension struct{ EHIDocumentationURL string }
	if err := json.Unmarshal(raw["extension"], &extension); err != nil || !strings.HasPrefix(extension.EHIDocumentationURL, "https://") {
		s.Errorf("%s", e.answer.body)
	}
	s.as("").do("GET", extension.EHIDocumentationURL, "").want(200)
	if e.RequiresAccessToken == nil || !*e.RequiresAccessToken || e.Request != s.base+"/Patient/p1/$ehi-export" || e.TransactionTime.IsZero() ||
		e.Deleted == nil || e.Error == nil || len(e.Error) != 0 || e.answer.header.Get("Expires") == "" {
		s.Errorf("%s", e.answer.body)
	}
	for _, f := range slices.Concat(e.Output, e.Deleted) {
		if !strings.HasPrefix(f.URL, s.base+"/$ehi-export-file/") || f.Type == nil || f.Count == nil {
			s.Errorf("%+v", f)
		}
		s.as("").do("GET", f.URL, "").want(401)
		s.as(s.token("all", "system/$ehi-export")).do("GET", f.URL, "").want(404)
	}
	e.has("Patient/p1", "Observation/x1", "Condition/c1", "Encounter/e1", "MedicationRequest/m1", "MedicationRequest/m2", "DocumentReference/dr1", "DocumentReference/dr2",
		"Organization/o1", "Practitioner/d1", "Device/dev1", "Provenance/pv1", "Media/md1")
	e.lacks("Patient/p2", "Observation/x2", "Patient/p3")
	if len(e.gone) == 0 || !strings.Contains(e.gone[0].text, "Observation/gone") {
		s.Error("the deletion is missing")
	}
	// Every line is what the server has stored, to the byte; but a Group, in which others are left out.
	for _, l := range e.lines {
		if strings.HasSuffix(l.file, "/documents.ndjson") || l.key() == "Group/g1" && strings.Contains(l.text, "SUBSETTED") && !strings.Contains(l.text, "Patient/p2") {
			continue
		}
		if stored := strings.TrimSpace(string(s.do("GET", "/"+l.key(), "", "Accept: application/fhir+json").want(200).body)); stored != l.text {
			s.Errorf("%s is %s in the files and %s in the store", l.key(), l.text, stored)
		}
	}
	for _, f := range e.Output {
		n := strings.Count(string(app.do("GET", f.URL, "").want(200).body), "\n")
		if n != *f.Count {
			s.Errorf("%s has %d lines, the manifest says %d", f.URL, n, *f.Count)
		}
	}
}

// ehiDocument is what an app reads of an EHIDocumentReference.
type ehiDocumentRead struct {
	ID, ResourceType, Status, Description string
	Meta                                  struct {
		Profile []string
		Tag     []struct{ Code string }
	}
	Content []struct {
		Attachment struct {
			ContentType, URL, Title string
			Size                    int64
		}
		Format struct{ System, Code, Display string }
	}
}

// ehiDocuments is rule 7: all that is not FHIR is described once, and there; put together, it is the package.
func ehiDocuments(s *site) {
	app := s.app("documents", "")
	x := app.ask("p1")
	x.approve()
	e := x.complete()
	folder := s.TempDir()
	seen := map[string]bool{}
	bulk := ""
	svg := sha256.Sum256([]byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`))
	for _, l := range e.lines {
		if !strings.HasSuffix(l.file, "/documents.ndjson") {
			continue
		}
		var d ehiDocumentRead
		if err := json.Unmarshal([]byte(l.text), &d); err != nil {
			s.Fatal(err)
		}
		c := d.Content[0]
		if d.ResourceType != "DocumentReference" || d.Meta.Tag[0].Code != "ehi-export" || !strings.HasSuffix(d.Meta.Profile[0], "/ehi-document-reference") ||
			!strings.Contains(d.Description, "https://") || !strings.HasPrefix(c.Format.System, "https://") || c.Format.Code == "" || c.Attachment.ContentType == "" {
			s.Errorf("%s", l.text)
		}
		if seen[c.Attachment.URL] {
			s.Errorf("%s is described twice", c.Attachment.URL)
		}
		seen[c.Attachment.URL] = true
		a := app.do("GET", c.Attachment.URL, "").want(200).wantHeader("Content-Disposition", "attachment")
		if int64(len(a.body)) != c.Attachment.Size {
			s.Errorf("%s has %d bytes, its description says %d", c.Attachment.URL, len(a.body), c.Attachment.Size)
		}
		if sum := sha256.Sum256(a.body); sum == svg && a.header.Get("Content-Type") != "application/octet-stream" {
			s.Error("a picture with script in it may run")
		}
		if strings.HasSuffix(c.Attachment.Title, "bulk-manifest.json") {
			bulk = string(a.body)
		}
		keep(s, folder, c.Attachment.Title, c.Attachment.URL, a)
	}
	attachment := regexp.MustCompile(`/[0-9a-f]{64}\.[a-z.]+$`)
	n := 0
	for address := range seen {
		if attachment.MatchString(address) {
			n++
		}
	}
	if n != 2 { // "Hello" twice, and the picture
		s.Errorf("%d attachments", n)
	}
	s.rebuilt(folder, bulk, app, e)
}

// keep puts a described file where its title says, and attachments where their hash does.
func keep(s *site, folder, title, address string, a answer) {
	s.Helper()
	name := address[strings.LastIndex(address, "/")+1:]
	if !strings.Contains(title, "/") && len(name) > 64 { // an attachment has the title that it was stored with
		if sum := sha256.Sum256(a.body); !strings.HasPrefix(name, hex.EncodeToString(sum[:])) {
			s.Errorf("%s is not named by its hash", name)
		}
		title = "data/attachments/" + name[:2] + "/" + name
	}
	file := filepath.Join(folder, filepath.FromSlash(title))
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		s.Fatal(err)
	}
	if err := os.WriteFile(file, a.body, 0o600); err != nil {
		s.Fatal(err)
	}
}

// rebuilt puts the files of the manifest to those that are described, and verifies the package that comes out.
func (s *site) rebuilt(folder, bulk string, app *site, e export) {
	s.Helper()
	var m struct{ Output, Deleted []struct{ URL string } }
	if err := json.Unmarshal([]byte(bulk), &m); err != nil {
		s.Fatal(err, bulk)
	}
	for _, f := range slices.Concat(m.Output, m.Deleted) {
		name := strings.ReplaceAll(f.URL, "/", ".")
		i := slices.IndexFunc(slices.Concat(e.Output, e.Deleted), func(o manifestItem) bool { return strings.HasSuffix(o.URL, "/"+name) })
		if i < 0 {
			continue // described beside
		}
		address := slices.Concat(e.Output, e.Deleted)[i].URL
		keep(s, folder, "data/fhir/"+f.URL, address, app.do("GET", address, "").want(200))
	}
	result, err := handover.Verify(s.Context(), folder, handover.VerifyOptions{})
	if err != nil {
		s.Fatal(err)
	}
	if result.Outcome != handover.Good || len(result.Findings) > 0 {
		s.Errorf("%s %+v", result.Sentence, result.Findings)
	}
}

// ehiWorkflow is rule 8: the workflow lies behind the status address, and no Task appears; the audit log tells all of it.
func ehiWorkflow(s *site) {
	if a := s.do("GET", "/Task?_summary=count", "").want(200); !strings.Contains(string(a.body), `"total":0`) {
		s.Errorf("%s", a.body)
	}
	x := s.app("workflow", "").ask("p1")
	r := x.approve()
	x.complete()
	events, _, err := s.store.AuditEvents(s.Context(), audit.Filter{}, audit.Page{Count: 200, Sort: audit.Sort{Down: true}})
	if err != nil {
		s.Fatal(err)
	}
	told := map[audit.Action]string{}
	for _, e := range events {
		if e.Who.Name == "workflow" {
			told[e.Action] = e.Target
		}
		if strings.Contains(fmt.Sprint(e), "555-0111") || strings.Contains(fmt.Sprint(e), "B A") {
			s.Errorf("the audit log holds what was typed: %+v", e)
		}
	}
	for _, action := range []audit.Action{audit.ExportStart, audit.ExportStatus, audit.ExportFile, audit.RequestAdd, audit.Disclosure} {
		if told[action] == "" {
			s.Errorf("nothing tells of %s: %v", action, told)
		}
	}
	if told[audit.RequestAdd] != r.Number {
		s.Error(told)
	}
}
