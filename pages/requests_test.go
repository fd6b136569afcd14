package pages_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"satchel/audit"
	"satchel/demo"
	"satchel/handover"
	"satchel/requests"
)

var requestFile = regexp.MustCompile(`href="(/requests/[^"]+/file/[^"]+)"`)

var requestLink = regexp.MustCompile(`<th scope="row"><a href="(/requests/[^"]+)"`)

// From a received request to a delivered package that is verified, without a script.
func TestRequestsWholePath(t *testing.T) {
	t.Parallel()
	d := openDesk(t, nil)
	v := d.as("apollo")
	v.want(v.get("/requests"), 200, "Nobody has asked for a record yet.", "/requests/new")
	v.want(v.get("/"), 200, "No request is open.")
	v.want(v.get("/requests/new?patient="+demo.PatientID(0)), 200, `value="`+demo.PatientID(0)+`" checked`)
	path := v.record("patient", "Somebody Unknown", "born", "1980-02-29")
	v.want(v.get("/requests"), 200, "Mina Example", "30 days left", path+"/do/patient")
	v.want(v.get(path), 200, "patient not found yet", "Find the patient", "Taken in")
	v.want(v.get(path+"/do/approve"), 409, "not possible any more, or not yet")
	v.want(v.get(path+"/do/patient?q="+demo.PatientID(0)), 200, `type="radio" value="`+demo.PatientID(0)+`" checked`)
	v.want(v.step(path, "patient"), 422, "Choose the patient.")
	v.done(path, "patient", "patient-id", demo.PatientID(0))
	v.want(v.step(path, "check", "how", "other"), 422, "Say in the note")
	v.done(path, "check", "how", "id", "note", "driving licence")
	v.want(v.get(path), 200, "showed an identity document", "driving licence", path+"/do/approve")
	v.want(v.get(path+"/do/approve"), 200, "What goes out with the copy", "CPT", "relatives")
	v.want(v.step(path, "approve", "without", "Observation/1"), 422, "This is needed.")
	v.want(v.step(path, "approve", "without", "what?", "reason", "x"), 422, "what?")
	v.done(path, "approve")
	v.done(path, "produce")
	d.verified(v, v.ready(path))
	v.want(v.get(path+"/file/other.zip"), 404)
	v.want(v.get("/"), 200, "One is ready to hand over", "One came in today")
	page := v.done(path, "deliver", "form", "zip", "way", "stick", "to", "Mina's sister")
	v.want(page, 200, "Mina&#39;s sister", "Handed over", "/letters/receipt")
	v.want(v.get(path+"/letters/receipt"), 200, "Elm Street Family Practice", "Received by, date", "SHA-256")
	again := regexp.MustCompile(`/do/reissue\?disclosure=(\d+)`).FindStringSubmatch(page.body)
	if again == nil {
		t.Fatal(page.body)
	}
	v.want(v.get(path+again[0]), 200, "Mina&#39;s sister")
	v.want(v.get(path+"/do/reissue?disclosure=999"), 404)
	v.want(v.post(path+"/do/reissue", "disclosure", again[1], "way", "mail", "to", "Mina Example", "version", "0"), 303)
	v.want(v.get(path), 200, "once more", "by mail")
	v.done(path, "close")
	v.want(v.get("/requests"), 200, "Nothing is open")
	v.want(v.get("/requests?show=closed"), 200, "Mina Example")
	v.want(v.get("/requests?q=mina"), 200, "Mina Example")
	v.want(v.get("/requests?q=nobody"), 200, "No request fits.")
	d.stepsNoted(path)
	given, err := d.ledger.Accounting(t.Context(), demo.PatientID(0))
	if err != nil || len(given) != 2 || given[0].Recipient != "Mina's sister" || given[1].Again != given[0].ID {
		t.Errorf("%+v %v", given, err)
	}
}

// stepsNoted fails the test unless the audit log has each step of a request's history once, and each refusal of one.
func (d *frontDesk) stepsNoted(path string) {
	d.t.Helper()
	e, err := d.ledger.Entry(d.t.Context(), strings.TrimPrefix(path, "/requests/"))
	if err != nil {
		d.t.Fatal(err)
	}
	done, refused := 0, 0
	for event, err := range d.store.AuditStream(d.t.Context(), audit.Filter{}, audit.Sort{}) {
		if err != nil {
			d.t.Fatal(err)
		}
		step := event.Action == audit.RequestAdd || event.Action == audit.RequestStep || event.Action == audit.Disclosure
		switch {
		case !step || event.Target != e.Number:
		case event.Outcome == audit.Success:
			done++
		default:
			refused++
		}
	}
	if done != len(e.Events) || refused != 4 {
		d.t.Errorf("the audit log has %d steps and %d refusals, the history %d steps", done, refused, len(e.Events))
	}
}

// verified loads the package that a request's page offers, and checks it as its recipient does.
func (d *frontDesk) verified(v *visitor, page reply) {
	d.t.Helper()
	link := requestFile.FindStringSubmatch(page.body)
	if link == nil {
		d.t.Fatal(page.body)
	}
	file := v.want(v.get(link[1]), 200)
	if !strings.HasPrefix(file.header.Get("Content-Disposition"), "attachment") {
		d.t.Error(file.header)
	}
	zip := filepath.Join(d.t.TempDir(), filepath.Base(link[1]))
	if err := os.WriteFile(zip, []byte(file.body), 0o600); err != nil {
		d.t.Fatal(err)
	}
	if res, err := handover.Verify(d.t.Context(), zip, handover.VerifyOptions{}); err != nil || len(res.Findings) > 0 {
		d.t.Fatalf("%+v %v", res, err)
	}
}

// A denial and an extension, with their letters; what somebody else did meanwhile is said calmly, and nothing typed is lost.
func TestRequestsDenialAndExtension(t *testing.T) {
	t.Parallel()
	d := openDesk(t, nil)
	v := d.as("apollo")
	path := v.record("patient", "Nobody Here")
	v.want(v.get(path+"/letters/acknowledgement"), 200, "We have received your request", "12 Elm Street")
	v.want(v.get(path+"/letters/denial"), 409, "was not denied")
	v.want(v.get(path+"/letters/nonsense"), 404)
	v.want(v.step(path, "extend"), 422, "This is needed.")
	v.want(v.done(path, "extend", "reason", "A part is kept in the archive."), 200, "60 days left", "/letters/extension", "Extended")
	v.want(v.get(path+"/letters/extension"), 200, "A part is kept in the archive.", "We need more time")
	v.want(v.get(path+"/do/extend"), 409)
	v.done(path, "verify")
	v.want(v.step(path, "deny"), 422, "at least one ground")
	v.want(v.step(path, "deny", "ground", "other"), 422, "rite the reason", `value="other" checked`)
	other := d.as("ann")
	stale := versionField.FindStringSubmatch(v.want(v.get(path+"/do/deny"), 200).body)[1]
	other.done(path, "note", "note", "She called again.")
	r := v.want(v.post(path+"/do/deny", "ground", "not-patient", "text", "We looked twice.", "version", stale), 409, "Somebody else worked on this request", "We looked twice.", `value="not-patient" checked`)
	fresh := versionField.FindStringSubmatch(r.body)[1]
	v.led(v.post(path+"/do/deny", "ground", "not-patient", "text", "We looked twice.", "version", fresh), path+"?done=deny")
	v.want(v.get(path), 200, "Denied", "we hold no record of this person", "She called again.", "/letters/denial")
	v.want(v.get(path+"/letters/denial"), 200, "We hold no record of this person.", "Civil Rights")
	v.want(v.post(path+"/do/withdraw", "version", fresh), 409, "What is next")
	v.done(path, "reopen", "reason", "She was here under another name.")
	v.done(path, "withdraw")
	v.want(v.get(path), 200, "Withdrawn")
	v.record("received", time.Now().AddDate(0, 0, -40).Format(time.DateOnly), "name", "Late Larry")
	v.want(v.get("/requests?show=overdue"), 200, "Late Larry", "overdue since")
	v.want(v.get("/"), 200, "overdue since")
}

// If the practice wants two persons, who worked on a request sees who may approve it, and cannot.
func TestRequestsTwoPersons(t *testing.T) {
	t.Parallel()
	d := openDesk(t, func(o *requests.Options) { o.TwoPersons = true })
	v := d.as("apollo")
	path := v.record("patient-id", demo.PatientID(0))
	v.done(path, "check", "how", "known")
	page := v.want(v.get(path), 200, "wants two persons", "<strong>ann</strong>")
	if strings.Contains(page.body, "/do/approve") {
		t.Error("the approval is offered")
	}
	v.want(v.get(path+"/do/approve"), 409)
	v.want(v.post(path+"/do/approve", "version", "0"), 403, "et somebody else approve it")
	rosa := d.as("rosa")
	rosa.want(rosa.get(path), 200, "It waits for somebody who may approve", "ann")
	for _, step := range []string{"approve", "deny"} {
		rosa.want(rosa.get(path+"/do/"+step), 403)
		rosa.want(rosa.post(path+"/do/"+step, "version", "0", "ground", "identity"), 403)
	}
	ann := d.as("ann")
	ann.done(path, "approve")
	rosa.done(path, "produce")
	rosa.ready(path)
}

// Without SATCHEL_RECORD_REQUESTS nothing is seen; who may not look for patients works on requests without.
func TestRequestsPermissions(t *testing.T) {
	t.Parallel()
	d := openDesk(t, nil)
	path := d.as("ann").record("patient-id", demo.PatientID(0))
	for _, who := range []string{"fred", "rita", "ike", "nora"} {
		v := d.as(who)
		if body := v.want(v.get("/"), 200).body; strings.Contains(body, "/requests") || strings.Contains(body, "Requests") {
			t.Errorf("%s sees requests on the first page", who)
		}
		for _, address := range []string{"/requests", "/requests/new", path, path + "/progress", path + "/do/note", path + "/letters/acknowledgement", "/requests/download/csv", path + "/file/x.zip"} {
			if r := v.get(address); r.status != 403 || strings.Contains(r.body, "Mina") {
				t.Errorf("%s: GET %s: %d", who, address, r.status)
			}
		}
		for _, address := range []string{"/requests/new", path + "/do/note", path + "/do/approve", path + "/do/link"} {
			if r := v.post(address, "note", "x", "version", "0"); r.status != 403 {
				t.Errorf("%s: POST %s: %d", who, address, r.status)
			}
		}
	}
	blind := d.as("blind")
	page := blind.want(blind.get(path), 200, "Mina Example")
	family, _ := d.patient(0)
	if strings.Contains(page.body, family) {
		t.Error("who may read no patient learns a name")
	}
	blind.want(blind.get("/requests/new?patient="+demo.PatientID(0)), 403)
	if body := blind.want(blind.get("/requests/new"), 200).body; strings.Contains(body, `name="find"`) {
		t.Error("the search is offered")
	}
	blind.want(blind.post("/requests/new", "name", "Somebody", "channel", "paper", "role", "patient", "scope", "record", "wish", "stick",
		"received", d.ledger.Today().String(), "patient-id", demo.PatientID(0)), 403)
	other := blind.record("name", "Somebody")
	blind.want(blind.get(other+"/do/patient"), 200, "may not look for patients")
	blind.want(blind.post(other+"/do/patient", "patient-id", demo.PatientID(0), "version", "0"), 403)
	for _, written := range []string{"Patient/" + demo.PatientID(0), demo.PatientID(0) + "/_history/1"} { // what is no id chooses nobody
		blind.want(blind.post(other+"/do/patient", "patient-id", written, "version", "0"), 422)
		blind.want(blind.post("/requests/new", "name", "Somebody", "channel", "paper", "role", "patient", "scope", "record", "wish", "stick",
			"received", d.ledger.Today().String(), "patient-id", written), 403)
	}
	stranger := d.visitor()
	stranger.led(stranger.get(path), "/sign-in?then="+strings.ReplaceAll(path, "/", "%2F"))
}

// patient is the family name and birth date of a patient of the practice.
func (d *frontDesk) patient(i int) (family, born string) {
	d.t.Helper()
	r, err := d.store.Resource(d.t.Context(), "Patient", demo.PatientID(i))
	if err != nil {
		d.t.Fatal(err)
	}
	f, b := regexp.MustCompile(`"family":"([^"]+)"`).FindSubmatch(r.JSON), regexp.MustCompile(`"birthDate":"([^"]+)"`).FindSubmatch(r.JSON)
	return string(f[1]), string(b[1])
}

// A package of all records takes what it takes elsewhere, also after a request for it.
func TestRequestsPackageOfAll(t *testing.T) {
	t.Parallel()
	d := openDesk(t, nil)
	v, ann := d.as("apollo"), d.as("ann")
	path := v.record("scope", "population", "role", "owner", "name", "The Owner")
	v.done(path, "check", "how", "known")
	v.want(v.get(path), 200, "all records of the practice", "It waits for somebody who may approve", "<strong>ann</strong>")
	v.want(v.post(path+"/do/approve", "version", "0"), 403)
	ann.done(path, "approve")
	v.want(v.post(path+"/do/produce", "version", "0"), 403)
	ann.done(path, "produce")
	page := ann.ready(path)
	d.verified(ann, page)
	if body := v.want(v.get(path), 200).body; requestFile.MatchString(body) {
		t.Error("the files are offered to who may not have them")
	}
	v.want(v.get(requestFile.FindStringSubmatch(page.body)[1]), 403)
	for _, step := range []string{"link", "protect"} {
		v.want(v.post(path+"/do/"+step, "version", "0", "form", "html"), 403)
	}
}

// The intake finds patients by what was given, refuses what cannot be, and keeps what was typed.
func TestRequestsIntake(t *testing.T) {
	t.Parallel()
	d := openDesk(t, nil)
	v := d.as("rosa")
	family, born := d.patient(1)
	page := v.want(v.post("/requests/new", "find", "1", "name", "A Lawyer", "patient", family, "born", born), 200, `value="`+demo.PatientID(1)+`" checked`, `value="A Lawyer"`)
	if n, _, _ := d.ledger.Requests(t.Context(), requests.Filter{}, requests.Page{}); len(n) > 0 {
		t.Error("looking took a request in")
	}
	v.want(page, 200, "None of these")
	v.want(v.post("/requests/new", "find", "1"), 422, "Write the name")
	v.want(v.post("/requests/new", "find", "1", "patient", "Zzyzx"), 200, "Nobody in the practice fits")
	for _, bad := range []struct{ field, value, want string }{
		{"name", "", "This is needed."}, {"received", "yesterday", "yesterday"}, {"received", "2999-01-01", "future"}, {"channel", "pigeon", "pigeon"},
		{"role", "lawyer", "Write the name of the patient"}, {"scope", "narrowed", "which part"}, {"asked", strings.Repeat("x", 5000), "shorten"},
	} {
		r := v.post("/requests/new", v.asking(bad.field, bad.value, "phone", "555-0199")...)
		if r.status != 422 || !strings.Contains(r.body, bad.want) || !strings.Contains(r.body, "555-0199") {
			t.Errorf("%s=%.20s: %d, lacks %q\n%.3000s", bad.field, bad.value, r.status, bad.want, r.body)
		}
	}
	path := v.record("patient", family, "born", born, "name", "A Lawyer", "role", "lawyer", "organization", "Law & Co")
	v.want(v.get(path+"/do/patient"), 200, demo.PatientID(1))
	v.done(path, "amend", "name", "Another Lawyer", "role", "lawyer", "patient", family, "channel", "phone", "scope", "record", "wish", "link")
	v.want(v.get(path), 200, "Another Lawyer", "by telephone")
}
