package pages_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"filippo.io/age"

	"satchel/audit"
	"satchel/demo"
	"satchel/handover"
	"satchel/internal/audittest"
	"satchel/internal/await"
	"satchel/internal/browser"
	"satchel/storage"
)

// copyOf makes a copy through its form and waits until it is ready; it answers the address.
func (v *visitor) copyOf(patient string, fields ...string) string {
	v.p.t.Helper()
	r := v.want(v.post("/patients/"+patient+"/copy", append([]string{"purpose", "access"}, fields...)...), 303)
	path := r.header.Get("Location")
	await.Until(v.p.t, "the copy is ready", func() bool { return !strings.Contains(v.want(v.get(path), 200).body, "is being made") })
	return path
}

var (
	copyLink       = regexp.MustCompile(`href="(/copies/[^"]*/file/[^"]+\.zip)"`)
	copyAgeLink    = regexp.MustCompile(`href="(/copies/[^"]*/file/[^"]+\.zip\.age)"`)
	copyPassphrase = regexp.MustCompile(`<code>([a-z0-9]{4}(?:-[a-z0-9]{4}){4})</code>`)
)

// Without script: the form, the page that waits, the page that tells, the ZIP, the protected copy, the receipt, and the end.
func TestCopy(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	p.put(berg, `{"resourceType":"Observation","id":"secret","status":"final","subject":{"reference":"Patient/berg"},"code":{"text":"x"}}`,
		`{"resourceType":"Observation","id":"plain","status":"final","subject":{"reference":"Patient/berg"},"code":{"text":"y"}}`)
	v := p.as("fred")
	v.want(v.get("/patients/berg"), 200, "Make a complete copy of this record")
	v.want(v.get("/patients/berg/copy"), 200, "Who is the copy for?", "van der Berg")
	v.want(v.post("/patients/berg/copy", "purpose", "fun"), 422, "Choose who the copy is for.")
	v.want(v.post("/patients/berg/copy", "purpose", "access", "without", "Observation/secret"), 422, "Say why")
	v.want(v.post("/patients/berg/copy", "purpose", "access", "without", "rubbish", "reason", "r"), 422, "annot be withheld")
	path := v.copyOf("berg", "reference", "R-7 <b>", "without", "Observation/secret", "reason", "family <i>matter</i>")
	r := v.want(v.get(path), 200, "The copy is ready", "complete except for", "What was left out", "family &lt;i&gt;matter", "R-7 &lt;b&gt;", "is not signed", "Download the copy")

	link := copyLink.FindStringSubmatch(r.body)
	if link == nil {
		t.Fatalf("no download in %s", r.body)
	}
	file := v.loadsCopy(link[1])
	pass := v.protectsCopy(path, file)
	if r = v.get(path); strings.Contains(r.body, pass) || strings.Contains(p.log.String(), pass) {
		t.Error("the passphrase is shown again")
	}
	v.want(v.get("/patients/berg/copy?linked=nobody"), 200)
	v.want(v.get(path+"/receipt"), 200, "Receipt", "SHA-256", "van der Berg", "fred", "Signature of the receiver")

	p.wantEvent(audit.Filter{Actions: []audit.Action{audit.ExportStart}, Patient: "berg", Who: "fred"})
	p.wantEvent(audit.Filter{Actions: []audit.Action{audit.ExportFile}, Patient: "berg", Who: "fred"})
	v.want(v.get("/copies"), 200, path, "van der Berg", "Ready")

	p.hidesCopy(path, link[1])
	p.hidesWhoseCopy(path)
	v.want(v.get(path+"/delete"), 200, "Delete this copy?", "No, keep it")
	v.led(v.post(path+"/delete"), "/copies?done=deleted")
	v.want(v.get("/copies?done=deleted"), 200, "The copy is deleted.", "There is no copy")
	v.want(v.get(path), 404, "may have been deleted")
	v.want(v.get(link[1]), 404)
	p.wantEvent(audit.Filter{Actions: []audit.Action{audit.ExportDelete}, Patient: "berg", Who: "fred"})
}

// loadsCopy loads the ZIP of a copy, whole and in part, and returns it.
func (v *visitor) loadsCopy(link string) string {
	t := v.p.t
	file := v.want(v.get(link), 200)
	h := file.header
	if h.Get("Content-Type") != "application/zip" || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment") || h.Get("Etag") == "" || h.Get("Content-Length") != fmt.Sprint(len(file.body)) {
		t.Errorf("%v", h)
	}
	if z, err := zip.NewReader(strings.NewReader(file.body), int64(len(file.body))); err != nil || len(z.File) < 5 {
		t.Errorf("%v", err)
	}
	if part := v.get(link, "Range: bytes=0-3"); part.status != 206 || part.body != "PK\x03\x04" {
		t.Errorf("%d %q", part.status, part.body)
	}
	return file.body
}

// protectsCopy puts a copy under a passphrase, opens it with that, and returns the passphrase.
func (v *visitor) protectsCopy(path, file string) string {
	t := v.p.t
	v.want(v.get(path+"/protect"), 200, "A page that opens itself")
	v.want(v.post(path+"/protect", "form", "rar"), 422)
	r := v.want(v.post(path+"/protect", "form", "age"), 200, "not stored and cannot be shown again")
	pass, sealed := copyPassphrase.FindStringSubmatch(r.body), copyAgeLink.FindStringSubmatch(r.body)
	if pass == nil || sealed == nil {
		t.Fatal(r.body)
	}
	identity, err := age.NewScryptIdentity(pass[1])
	if err != nil {
		t.Fatal(err)
	}
	in, err := age.Decrypt(strings.NewReader(v.want(v.get(sealed[1]), 200).body), identity)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := io.ReadAll(in); err != nil || !bytes.Equal(plain, []byte(file)) {
		t.Errorf("the protected copy holds something else: %v", err)
	}
	return pass[1]
}

// hidesCopy sees that others see nothing of a copy: neither the owner of everything, as it is exclusive, nor whoever lists all jobs.
func (p *practice) hidesCopy(path, link string) {
	t := p.t
	for name, wants := range map[string]int{"rita": 404, "ike": 404, "ann": 404, "nora": 404} {
		o := p.as(name)
		for _, sub := range []string{"", "/receipt", "/protect", "/progress", strings.TrimPrefix(link, path)} {
			if got := o.get(path + sub); got.status != wants {
				t.Errorf("%s%s: %d", name, sub, got.status)
			}
		}
		if r := o.want(o.get("/copies"), 200); strings.Contains(r.body, "van der Berg") || strings.Contains(r.body, `href="`+path+`"`) {
			t.Errorf("%s: the list tells whose copy it is", name)
		}
	}
}

// hidesWhoseCopy sees that who may cancel anybody's jobs may remove a copy, without learning whose it is.
func (p *practice) hidesWhoseCopy(path string) {
	t := p.t
	p.account("cam", "ACCESS_ADMIN_WEB", "VIEW_BATCH_JOBS", "MANAGE_BATCH_JOBS")
	cam := p.as("cam")
	cam.want(cam.get("/copies"), 200, path+"/delete", "a record that your account may not see")
	if r := cam.want(cam.get(path+"/delete"), 200, "Delete this copy?"); strings.Contains(r.body, "van der Berg") {
		t.Error("asking before a copy is deleted tells whose it is")
	}
}

// A copy that waits can be looked at without script, and cancelled.
func TestCopyCancelled(t *testing.T) {
	t.Parallel()
	p := open(t, func(s *settings) { s.Still = true })
	v := p.as("fred")
	r := v.want(v.post("/patients/"+demo.PatientID(0)+"/copy", "purpose", "handover"), 303)
	path := r.header.Get("Location")
	v.want(v.get(path), 200, "is being made", "Waiting for its turn", "<noscript>", `data-poll="`+path+`/progress"`)
	r = v.want(v.get(path+"/progress"), 200, "Waiting for its turn")
	if strings.Contains(r.body, "<html") || r.header.Get("Satchel-Go") != "" {
		t.Error("the part is a page, or over")
	}
	v.want(v.get(path+"/receipt"), 409, "not ready yet")
	v.want(v.get(path+"/delete"), 200, "Cancel this copy?")
	v.led(v.post(path+"/delete"), "/copies?done=deleted")
	jobs, err := p.store.Jobs(t.Context())
	if err != nil || len(jobs) != 0 {
		t.Errorf("%v %v", jobs, err)
	}
	// An export is none, under the address of a copy.
	job, err := p.store.AddJob(t.Context(), audittest.Event(audit.ExportStart), storage.Job{Kind: "bulk", Account: "ann", Request: []byte(`{"level":"system"}`)}, 0)
	if err != nil {
		t.Fatal(err)
	}
	ann := p.as("ann")
	ann.want(ann.get("/copies/"+job.ID), 404)
	ann.want(ann.get("/copies/"+job.ID+"/delete"), 404)
	ann.want(ann.post("/copies/"+job.ID+"/delete"), 404)
}

// In a browser, from the page for today to the ZIP on the disk: under ten clicks, under two minutes, for a record of
// more than 500 entries.
func TestCopyBrowser(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	p.put(bigRecord()...)
	b := p.signed(t, "fred")
	b.Wait("Today")
	clicks := 0
	click := func(what string) { clicks++; b.Click(what) }
	click("Patients")
	b.Wait("What you can type")
	b.Fill("#f-q", "berg 3/14/1960")
	click("Find")
	b.Wait("van der Berg")
	click("Zoë Anna van der Berg")
	b.Wait("Penicillin")
	click("Make a complete copy of this record")
	b.Wait("Who is the copy for?")
	click("Make the copy")
	b.Wait("The copy is ready")
	ready := b.Address()
	file := b.Download(func() { click("Download the copy") })
	if clicks >= 10 {
		t.Errorf("%d clicks", clicks)
	}
	if r, err := handover.Verify(t.Context(), file, handover.VerifyOptions{}); err != nil || r.Outcome != handover.Good {
		t.Errorf("the downloaded copy does not verify: %+v %v", r, err)
	}
	if info, err := os.Stat(file); err != nil || info.Size() == 0 || filepath.Ext(file) != ".zip" {
		t.Errorf("%v %v", info, err)
	}
	p.looks(b, "copies-ready")
	b.Click("Make a new copy with this record in it")
	if !browser.Eval[bool](b, `document.querySelector("[name=linked]").checked`) {
		t.Error("the linked record is not chosen")
	}
	for name, path := range map[string]string{"patients": "/patients", "patients-found": "/patients?q=e", "patients-none": "/patients?q=nobody+such", "patients-date": "/patients?q=4%2F3%2F1960",
		"chart": "/patients/berg", "chart-part": "/patients/berg/part/results", "copies-new": "/patients/berg/copy", "copies": "/copies"} {
		b.Open(p.url + path)
		p.looks(b, name)
	}
	for _, page := range []string{"protect", "receipt", "delete"} {
		b.Open(ready + "/" + page)
		p.looks(b, "copies-"+page)
	}
	b.Open(ready + "/protect")
	b.Click("Make the protected copy")
	b.Wait("The protected copy is ready")
	p.looks(b, "copies-protected")
}

// bigRecord is a patient with more than 500 entries, and another record of the same person.
func bigRecord() []string {
	entries := []string{berg,
		`{"resourceType":"Patient","id":"old","name":[{"family":"Berg","given":["Zoe"]}],"birthDate":"1960-03-14","link":[{"other":{"reference":"Patient/berg"},"type":"seealso"}]}`,
		`{"resourceType":"AllergyIntolerance","id":"a1","patient":{"reference":"Patient/berg"},"code":{"text":"Penicillin","coding":[{"system":"http://snomed.info/sct","code":"91936005"}]},"criticality":"high","recordedDate":"2019-05-06"}`,
		`{"resourceType":"DocumentReference","id":"d1","status":"current","subject":{"reference":"Patient/berg"},"date":"2024-02-03T10:00:00Z","description":"Drawing","content":[{"attachment":{"contentType":"image/svg+xml","title":"Drawing","data":"PHN2Zy8+"}},{"attachment":{"contentType":"application/pdf","title":"Letter of the hospital","data":"JVBERi0xLjQKJSBzbWFsbAo="}}]}`}
	for i := range 540 {
		entries = append(entries, fmt.Sprintf(`{"resourceType":"Observation","id":"w%d","status":"final","subject":{"reference":"Patient/berg"},"code":{"text":"Test %d","coding":[{"system":"http://loinc.org","code":"29463-%d"}]},
			"effectiveDateTime":"20%02d-01-02","valueQuantity":{"value":%d,"unit":"kg"}}`, i, i%12, i%12, i%25, 60+i%30))
	}
	for i, name := range []string{"Asthma", "High blood pressure", "Broken arm"} {
		state := []string{"active", "active", "resolved"}[i]
		entries = append(entries, fmt.Sprintf(`{"resourceType":"Condition","id":"c%d","subject":{"reference":"Patient/berg"},"clinicalStatus":{"coding":[{"code":"%s"}]},"code":{"text":"%s","coding":[{"system":"http://snomed.info/sct","code":"19596700%d"}]},"onsetDateTime":"200%d-03-04"}`, i, state, name, i, i),
			fmt.Sprintf(`{"resourceType":"Encounter","id":"e%d","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/berg"},"type":[{"text":"Check-up"}],"period":{"start":"202%d-03-04T10:00:00Z"}}`, i, i),
			fmt.Sprintf(`{"resourceType":"Immunization","id":"i%d","status":"completed","vaccineCode":{"text":"Influenza","coding":[{"system":"http://hl7.org/fhir/sid/cvx","code":"140"}]},"patient":{"reference":"Patient/berg"},"occurrenceDateTime":"202%d-10-04"}`, i, i))
	}
	return entries
}

// An account for one patient makes a copy of this one record, and of no other that is linked to it.
func TestCopyOfOwnPatient(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	p.put(berg, `{"resourceType":"Patient","id":"old","name":[{"family":"Secretive"}],"link":[{"other":{"reference":"Patient/berg"},"type":"seealso"}]}`)
	p.account("pia", "ACCESS_ADMIN_WEB", "FHIR_READ_ALL_IN_COMPARTMENT:Patient/berg", "FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT:Patient/berg")
	p.account("obs", "ACCESS_ADMIN_WEB", "FHIR_READ_INSTANCE:Patient/berg", "FHIR_READ_TYPE_IN_COMPARTMENT:Observation in Patient/berg")
	v := p.as("pia")
	r := v.want(v.get("/patients/berg"), 200, "Make a complete copy", "Another record is linked with this one that your account may not see")
	if strings.Contains(r.body, "Secretive") {
		t.Error("a linked record is told to who may not read it")
	}
	if r = v.want(v.get("/patients/berg/copy"), 200, "that your account may not use. It is not in the copy."); strings.Contains(r.body, "Secretive") || strings.Contains(r.body, `name="linked"`) {
		t.Error("a linked record can be chosen by who may not read it")
	}
	path := v.copyOf("berg", "linked", "old") // a form made by hand
	if r = v.want(v.get(path), 200, "The copy is ready"); strings.Contains(r.body, "Secretive") {
		t.Error("the copy tells of the linked record")
	}
	v.want(v.post("/patients/"+demo.PatientID(0)+"/copy", "purpose", "access"), 403)

	o := p.as("obs")
	r = o.want(o.get("/patients/berg"), 200, "Some of this record is not shown", "Last results")
	if strings.Contains(r.body, "Allergies") || strings.Contains(r.body, "Make a complete copy") {
		t.Error("an account for results sees more")
	}
	o.want(o.get("/patients/berg/part/allergies"), 403)
	o.want(o.get("/patients/berg/part/results"), 200)
}

// Many things to withhold, each with a long reason, would make a job's row of any size out of a small form; and what is typed
// for the kind of a protected copy does not reach the audit log.
func TestHostileCopyForms(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	v := p.as("fred")
	path := "/patients/" + demo.PatientID(0) + "/copy"
	v.want(v.post(path, "purpose", "access", "without", strings.Repeat("List/1,", 5000), "reason", "x"), 422, "1000 at most")
	v.want(v.post(path, "purpose", "access", "without", "List/1", "reason", strings.Repeat("x", 5000)), 422, "4000 bytes")
	if jobs, err := p.store.Jobs(t.Context()); err != nil || len(jobs) > 0 {
		t.Errorf("%d jobs (%v)", len(jobs), err)
	}
	ready := v.copyOf(demo.PatientID(0))
	v.want(v.post(ready+"/protect", "form", "Canary was here"), 422)
	for _, e := range p.events(audit.Filter{}) {
		if strings.Contains(e.Detail, "Canary") {
			t.Error(e.Detail)
		}
	}
}

// What is stored to do harm does none on any page of a patient and of a copy.
func TestHostilePatient(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	p.put(hostile,
		`{"resourceType":"Condition","id":"h","subject":{"reference":"Patient/evil"},"code":{"text":"</strong><svg onload=alert(4)>","coding":[{"system":"javascript:alert(5)","code":"\"><script>alert(6)</script>"}]},"note":[{"text":"<iframe src=//evil.example>"}]}`,
		`{"resourceType":"DocumentReference","id":"h","status":"current","subject":{"reference":"Patient/evil"},"content":[{"attachment":{"title":"<script>alert(7)</script>","contentType":"text/html","url":"javascript:alert(8)"}}]}`)
	v := p.as("fred")
	path := v.copyOf("evil")
	for _, page := range []string{"/patients?q=4%2F3%2F1960", "/patients?q=%3Cscript%3Ealert(9)%3C%2Fscript%3E", "/patients/evil", "/patients/evil/part/problems", "/patients/evil/part/documents", "/patients/evil/copy",
		path, path + "/receipt", path + "/protect", path + "/delete", "/copies"} {
		r := v.want(v.get(page), 200)
		for _, bad := range []string{"<script>alert", "<svg onload", "<img src=x", "<iframe", `href="javascript:`} {
			if strings.Contains(r.body, bad) {
				t.Errorf("%s holds %s", page, bad)
			}
		}
	}
}
