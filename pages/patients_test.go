package pages_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"satchel/audit"
	"satchel/demo"
	"satchel/fhir"
	"satchel/internal/await"
	"satchel/internal/storagetest"
	"satchel/requests"
	"satchel/storage"
)

// put stores resources, given as JSON.
func (p *practice) put(resources ...string) {
	p.t.Helper()
	err := storagetest.Write(context.Background(), p.store, func(tx *storage.Tx) error {
		for _, text := range resources {
			d, err := fhir.Parse([]byte(text))
			if err != nil {
				return fmt.Errorf("%w in %s", err, text)
			}
			if _, _, err := tx.Put(d, ""); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

const (
	berg = `{"resourceType":"Patient","id":"berg","name":[{"use":"official","family":"van der Berg","given":["Zoë","Anna"]},{"use":"maiden","family":"Miller"}],
		"birthDate":"1960-03-14","gender":"female","identifier":[{"type":{"coding":[{"code":"SS"}]},"value":"999-12-3456"},
		{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"}],"text":"Chart"},"system":"urn:x","value":"MRN 0042"}],
		"address":[{"city":"Utrecht","line":["Oudegracht 1"]}],"telecom":[{"system":"phone","value":"555-0142"}]}`
	hostile = `{"resourceType":"Patient","id":"evil","name":[{"family":"<script>alert(1)</script>","given":["=cmd()"]}],"birthDate":"1960-04-03",
		"address":[{"city":"\"><img src=x onerror=alert(2)>"}],"identifier":[{"value":"javascript:alert(3)"}]}`
)

// What is typed finds whom it means.
func TestFindPatient(t *testing.T) {
	t.Parallel()
	p := open(t, func(s *settings) { s.Still = true })
	p.put(berg, hostile)
	v := p.as("fred")
	for _, c := range []struct {
		typed string
		found bool
		texts []string
	}{
		{"zoe berg van der", false, nil}, // the words of a family name stay in their order
		{"zoe van der berg", true, nil},
		{"van der b", true, nil},
		{"berg 3/14/1960", true, nil}, // beside a birth date, any part of a name
		{"zoe berg 3/15/1960", false, nil},
		{"VAN DER BERG, ZOE", true, nil},
		{"ann mil", true, nil},
		{"3/14/1960", true, []string{"was read as March 14, 1960"}},
		{"14.03.1960", true, []string{"was read as March 14, 1960"}},
		{"1960-03-14 zoë", true, nil},
		{"3/14/60", true, nil},
		{"miller 1960", true, nil},
		{"miller 1961", false, []string{"Nobody was found"}},
		{"MRN 0042", true, nil},
		{"999-12-3456", true, nil},
		{"berg", true, nil}, // the logical id
		{"2/30/1960", false, []string{"no such day"}},
		{"zz,|$\\", false, []string{"Nobody was found"}},
	} {
		r := v.want(v.get("/patients?q="+queryOf(c.typed)), 200, c.texts...)
		if got := strings.Contains(r.body, `href="/patients/berg"`); got != c.found {
			t.Errorf("%q: found %v, want %v", c.typed, got, c.found)
		}
		if strings.Contains(r.body, "999-12-3456</td>") {
			t.Errorf("%q: the list shows a social security number", c.typed)
		}
	}
	// A date that can be read in two ways says so, and leads to the other.
	r := v.want(v.get("/patients?q=4/3/1960"), 200, "was read as April 3, 1960", "It could also mean March 4, 1960", "/patients?q=1960-03-04")
	if strings.Contains(r.body, "<script>alert") || strings.Contains(r.body, "<img") && strings.Contains(r.body, "onerror=alert(2)>") && !strings.Contains(r.body, "&#34;&gt;&lt;img") {
		t.Error("hostile content is not inert")
	}
	if v.get("/patients?q="+strings.Repeat("a", 300)).status != 422 {
		t.Error("a long text is taken")
	}
	v.want(v.get("/patients"), 200, "What you can type")
	v.want(v.get("/patients?all=1"), 200, "/patients/berg")
	v.want(v.get("/patients?all=1&from=%21%21"), 422, "start again")
}

func queryOf(s string) string {
	return strings.NewReplacer(" ", "+", "/", "%2F", ",", "%2C", "|", "%7C", "$", "%24", `\`, "%5C", "ë", "%C3%AB").Replace(s)
}

// Many patients come by pages, and too many with advice; nothing takes long.
func TestManyPatients(t *testing.T) {
	t.Parallel()
	p := open(t, func(s *settings) { s.Still = true })
	var all []string
	for i := range 620 {
		all = append(all, fmt.Sprintf(`{"resourceType":"Patient","id":"m%d","name":[{"family":"Mass%s","given":["N%03d"]}],"birthDate":"19%02d-01-01"}`, i, string(rune('a'+i%2)), i, i%100))
	}
	p.put(all...)
	v := p.as("fred")
	v.want(v.get("/patients?q=mass"), 200, "More than 500 patients match", "Add the birth date", "page=2")
	v.want(v.get("/patients?q=massb&page=7"), 200, "310 patients found", "Page 7", "page=6")
	if r := v.get("/patients?q=massb&page=7"); strings.Contains(r.body, "page=8") || strings.Count(r.body, "<tr>") != 11 {
		t.Error("the last page is not the last")
	}
	first := v.want(v.get("/patients?all=1"), 200, "from=")
	if strings.Count(first.body, "<tr>") != 51 {
		t.Error("a page does not have 50 patients")
	}
}

// An account for one patient finds this one alone; one without patients sees neither the page nor the way to it.
func TestPatientsOfAccount(t *testing.T) {
	t.Parallel()
	p := open(t, func(s *settings) { s.Still = true })
	p.put(berg)
	own, other := demo.PatientID(0), demo.PatientID(1)
	rita := p.as("rita")
	rita.want(rita.get("/patients"), 200, "/patients/"+own, "these patients only")
	for _, q := range []string{"berg", other, "3/14/1960"} {
		r := rita.want(rita.get("/patients?q="+queryOf(q)), 200, "Nobody was found")
		if strings.Contains(r.body, "/patients/"+other) || strings.Contains(r.body, "/patients/berg") {
			t.Errorf("%q: finds others", q)
		}
	}
	rita.want(rita.get("/patients?q="+own), 200, "/patients/"+own)
	rita.want(rita.get("/patients/"+own), 200, "Allergies", "Problems")
	for _, path := range []string{"/patients/berg", "/patients/" + other, "/patients/berg/part/results", "/patients/berg/copy", "/patients/berg/file/Observation/x?at=y"} {
		if got := rita.get(path); got.status != 403 {
			t.Errorf("%s: %d", path, got.status)
		}
	}
	if strings.Contains(rita.get("/patients/"+own).body, "complete copy of this record") {
		t.Error("rita sees a button that she may not use")
	}
	rita.want(rita.get("/patients/"+own+"/copy"), 403)
	nora := p.as("nora")
	nora.want(nora.get("/patients"), 403)
	if r := nora.get("/"); strings.Contains(r.body, `href="/patients"`) {
		t.Error("nora sees the way to the patients")
	}
	nora.want(nora.get("/patients/berg"), 403)
	nobody := p.visitor()
	nobody.led(nobody.get("/patients/berg"), "/sign-in?then=%2Fpatients%2Fberg")
}

// A chart tells what stands in the record, first what stands now; documents are handed out and cannot run.
func TestChart(t *testing.T) {
	t.Parallel()
	p := open(t, func(s *settings) {
		s.Still = true
		s.Requests = requests.New(s.Store, requests.Options{})
	})
	p.put(charted()...)
	v := p.as("fred")
	r := v.want(v.get("/patients/berg"), 200, "van der Berg", "March 14, 1960", "years old", "MRN 0042", "Penicillin &lt;b&gt;bold", "SNOMED CT 91936005", "71 kg", "LOINC 29463-7",
		"Dr. Who", "/patients/old", "Another record is linked with this one:", "It names this record as the one that took its place.", "Show all 2 results", "is not stored here", "/patients/berg/copy", "555-0142")
	if strings.Contains(r.body, "/requests/new") {
		t.Error("fred is offered to record a request")
	}
	ann := p.as("ann")
	ann.want(ann.get("/patients/berg"), 200, `href="/requests/new?patient=berg"`)
	ann.want(ann.get("/requests/new?patient=berg"), 200, "van der Berg")
	if strings.Contains(r.body, "70 kg") {
		t.Error("an older result of the same test is shown")
	}
	if strings.Index(r.body, "Asthma") > strings.Index(r.body, "Broken arm") {
		t.Error("an old problem stands before a present one")
	}
	v.want(v.get("/patients/berg/part/results"), 200, "71 kg", "70 kg")
	v.want(v.get("/patients/old"), 200, "merged with another one", `href="/patients/berg"`)
	v.want(v.get("/patients/berg/part/nonsense"), 404)
	v.want(v.get("/patients/nobody-here"), 404, "no patient with this number")

	v.opensDocuments()
	p.wantEvent(audit.Filter{Actions: []audit.Action{audit.Read}, Patient: "berg", Target: "Patient/berg"})
	p.wantEvent(audit.Filter{Actions: []audit.Action{audit.Read}, Patient: "berg", Target: "DocumentReference/d1"})
}

// opensDocuments loads the documents of the chart: none is shown but a real PDF, and only of the patient whose it is.
func (v *visitor) opensDocuments() {
	t := v.p.t
	at := func(n int) string {
		return fmt.Sprintf("/patients/berg/file/DocumentReference/d1?at=DocumentReference.content%%5B%d%%5D.attachment", n)
	}
	for n, want := range []struct{ plain, opened string }{{"application/octet-stream", "application/octet-stream"}, {"application/octet-stream", "application/octet-stream"}, {"application/octet-stream", "application/pdf"}} {
		r := v.want(v.get(at(n)), 200)
		if r.header.Get("Content-Type") != want.plain || !strings.HasPrefix(r.header.Get("Content-Disposition"), "attachment") || r.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%d: %v", n, r.header)
		}
		if r = v.get(at(n) + "&open=1"); r.header.Get("Content-Type") != want.opened {
			t.Errorf("%d opened: %v", n, r.header)
		}
	}
	v.want(v.get(at(3)), 404)
	v.want(v.get(at(9)), 404)
	v.want(v.get("/patients/old/file/DocumentReference/d1?at=DocumentReference.content%5B0%5D.attachment"), 404) // another's
}

// charted is a patient with something of every part of a chart, and with documents that would like to run.
func charted() []string {
	ref := `"subject":{"reference":"Patient/berg"}`
	return []string{berg,
		`{"resourceType":"AllergyIntolerance","id":"a1","patient":{"reference":"Patient/berg"},"code":{"text":"Penicillin <b>bold</b>","coding":[{"system":"http://snomed.info/sct","code":"91936005"}]},"criticality":"high","recordedDate":"2019-05-06"}`,
		`{"resourceType":"Condition","id":"c1",` + ref + `,"clinicalStatus":{"coding":[{"code":"resolved"}]},"code":{"text":"Broken arm"},"onsetDateTime":"2022-01-02"}`,
		`{"resourceType":"Condition","id":"c2",` + ref + `,"clinicalStatus":{"coding":[{"code":"active"}]},"code":{"text":"Asthma","coding":[{"system":"http://snomed.info/sct","code":"195967001"}]},"onsetDateTime":"1999-01-02"}`,
		`{"resourceType":"Practitioner","id":"doc","name":[{"family":"Who","prefix":["Dr."]}]}`,
		`{"resourceType":"CareTeam","id":"t1",` + ref + `,"name":"Lungs","status":"active","participant":[{"member":{"reference":"Practitioner/doc"}}]}`,
		`{"resourceType":"Observation","id":"o1","status":"final",` + ref + `,"code":{"text":"Weight","coding":[{"system":"http://loinc.org","code":"29463-7"}]},"effectiveDateTime":"2024-01-02","valueQuantity":{"value":70,"unit":"kg"}}`,
		`{"resourceType":"Observation","id":"o2","status":"final",` + ref + `,"code":{"text":"Weight","coding":[{"system":"http://loinc.org","code":"29463-7"}]},"effectiveDateTime":"2025-01-02","valueQuantity":{"value":71,"unit":"kg"}}`,
		`{"resourceType":"DocumentReference","id":"d1","status":"current",` + ref + `,"date":"2024-02-03T10:00:00Z","description":"Drawing","content":[
			{"attachment":{"contentType":"image/svg+xml","title":"../evil\"<b>","data":"PHN2ZyB4bWxucz0naHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmcnPjxzY3JpcHQ+YWxlcnQoMSk8L3NjcmlwdD48L3N2Zz4="}},
			{"attachment":{"contentType":"image/png","title":"Claims to be a picture","data":"PGh0bWw+PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg=="}},
			{"attachment":{"contentType":"application/pdf","title":"Letter","url":"Binary/b1"}},
			{"attachment":{"contentType":"text/plain","title":"Elsewhere","url":"https://example.org/x"}}]}`,
		`{"resourceType":"Binary","id":"b1","contentType":"application/pdf","data":"JVBERi0xLjQKJSBzbWFsbAo="}`,
		`{"resourceType":"Patient","id":"old","name":[{"family":"Berg","given":["Zoe"]}],"link":[{"other":{"reference":"Patient/berg"},"type":"replaced-by"}]}`,
	}
}

// wantEvent fails the test unless the audit log holds such an event.
func (p *practice) wantEvent(f audit.Filter) audit.Event {
	p.t.Helper()
	events := await.Value(p.t, fmt.Sprintf("there is an event for %+v", f), func() ([]audit.Event, bool) {
		events, _, err := p.store.AuditEvents(context.Background(), f, audit.Page{Count: 1})
		if err != nil {
			p.t.Fatal(err)
		}
		return events, len(events) > 0
	})
	return events[0]
}
