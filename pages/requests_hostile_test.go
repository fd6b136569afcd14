package pages_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"satchel/audit"
	"satchel/demo"
	"satchel/fhir"
	"satchel/internal/audittest"
	"satchel/internal/storagetest"
	"satchel/requests"
	"satchel/storage"
)

// hostileText is what somebody could write into every field.
const hostileText = `=HYPERLINK("http://evil.example","x")<script>alert(1)</script><svg onload=alert(2)>'"{{.}}`

// Whatever people write into a request, and whatever a patient is called, nothing of it runs: not on a page, not in a letter,
// not in a table.
func TestRequestsHostile(t *testing.T) {
	t.Parallel()
	d := openDesk(t, nil)
	d.rename(demo.PatientID(0), hostileText)
	v := d.as("apollo")
	path := v.record("patient-id", demo.PatientID(0), "name", hostileText, "patient", hostileText, "born", hostileText, "number", hostileText, "address", hostileText, "organization", hostileText,
		"authority", hostileText, "phone", hostileText, "email", hostileText, "asked", hostileText, "purpose", hostileText, "note", hostileText)
	v.done(path, "check", "how", "id", "note", hostileText)
	v.done(path, "extend", "reason", hostileText)
	v.done(path, "note", "note", hostileText)
	pages := []string{"/", "/requests", "/requests?q=" + url.QueryEscape(hostileText), path, path + "/do/patient", path + "/do/approve", path + "/do/amend", path + "/letters/acknowledgement", path + "/letters/extension"}
	v.inert(pages...)
	v.done(path, "approve", "note", hostileText)
	v.done(path, "produce")
	v.ready(path)
	v.inert(path+"/do/deliver", path+"/do/link", path+"/do/protect")
	v.done(path, "deliver", "form", "zip", "way", "stick", "to", hostileText, "note", hostileText)
	v.inert(path, path+"/letters/receipt")
	denied := v.record("name", hostileText)
	v.done(denied, "verify")
	v.done(denied, "deny", "ground", "other", "text", hostileText)
	v.inert(denied, denied+"/letters/denial")

	csv := v.want(v.get("/requests/download/csv"), 200).body
	if !strings.Contains(csv, `"'=HYPERLINK`) || strings.Contains(csv, `,=HYPERLINK`) || strings.Contains(csv, `,"=HYPERLINK`) {
		t.Error("a cell of the table is a formula")
	}
	var bundle struct{ Entry []any }
	if err := json.Unmarshal([]byte(v.want(v.get("/requests/download/bundle"), 200).body), &bundle); err != nil || len(bundle.Entry) < 2 {
		t.Errorf("%d entries, %v", len(bundle.Entry), err)
	}
	lines := strings.Split(strings.TrimSpace(v.want(v.get("/requests/download/ndjson"), 200).body), "\n")
	for _, line := range lines {
		if !json.Valid([]byte(line)) {
			t.Errorf("no JSON: %.200s", line)
		}
	}
	v.want(v.get("/requests/download/exe"), 404)
	all, _, err := d.ledger.Requests(t.Context(), requests.Filter{}, requests.Page{})
	if err != nil || len(all) != 2 || all[0].Requester.Name != hostileText {
		t.Errorf("the ledger does not hold what was typed: %v", err)
	}
}

// rename gives a patient another name.
func (d *frontDesk) rename(id, name string) {
	d.t.Helper()
	text, err := json.Marshal(map[string]any{"resourceType": "Patient", "id": id, "name": []any{map[string]any{"family": name, "text": name}}})
	if err != nil {
		d.t.Fatal(err)
	}
	p, err := fhir.Parse(text)
	if err != nil {
		d.t.Fatal(err)
	}
	if err := storagetest.Write(d.t.Context(), d.store, func(tx *storage.Tx) error { _, _, err := tx.Put(p, id); return err }); err != nil {
		d.t.Fatal(err)
	}
}

// inert fails the test if a page holds what was typed as anything but text.
func (v *visitor) inert(paths ...string) {
	v.p.t.Helper()
	for _, path := range paths {
		body := v.want(v.get(path), 200).body
		for _, live := range []string{"<script>alert", "<svg onload", `"x")<`} {
			if strings.Contains(body, live) {
				v.p.t.Errorf("%s holds %q", path, live)
			}
		}
	}
}

// A request that an app sent has no step that hands files over by hand, and says why.
func TestRequestsOfApps(t *testing.T) {
	t.Parallel()
	d := openDesk(t, nil)
	e, _, err := d.ledger.AskApp(t.Context(), audittest.Event(audit.ExportStart), storage.EHIExport{Owner: "rosa", Patient: demo.PatientID(0), URL: d.url})
	if err != nil {
		t.Fatal(err)
	}
	stranger := d.visitor()
	stranger.want(stranger.post("/ehi/"+e.Form, "name", "Mina", "role", "patient", "patient", "Mina", "born", "1980-02-29", "email", "m@example.org", "agree", "yes"), 303)
	v := d.as("apollo")
	page := v.want(v.get("/requests"), 200, "Mina")
	path := requestLink.FindStringSubmatch(page.body)
	if path == nil {
		t.Fatal(page.body)
	}
	v.want(v.get(path[1]), 200, "the patient&#39;s app")
	v.want(v.step(path[1], "amend", "name", "Mina Example", "role", "patient", "scope", "record"), 303)
	r, err := d.ledger.Request(t.Context(), strings.TrimPrefix(path[1], "/requests/"))
	if err != nil || r.App == nil || r.Channel != requests.ChannelApp || r.Requester.Name != "Mina Example" {
		t.Errorf("%+v %v", r, err)
	}
}

// What somebody looks for, the token of a link and the address of a form stand in addresses, and neither in the server's log
// nor in the audit log.
func TestAddressesAreNotLogged(t *testing.T) {
	t.Parallel()
	d := openDesk(t, nil)
	v := d.as("ann")
	v.want(v.get("/patients?q=Canarybird"), 200)
	v.want(v.get("/requests?q=Canarybird"), 200)
	v.want(v.get("/nothing/Canarybird?q=Canarybird"), 404)
	stranger := d.visitor()
	stranger.want(stranger.get("/patients?q=Canarybird"), 303)
	for _, path := range []string{"/r/Canarybird", "/ehi/Canarybird"} {
		stranger.want(stranger.get(path), 404)
		stranger.want(stranger.post(path, "passphrase", "Canarybird", "name", "Canarybird"), 404)
	}
	if strings.Contains(d.log.String(), "Canarybird") {
		t.Error(d.log)
	}
	for _, e := range d.events(audit.Filter{}) {
		if strings.Contains(fmt.Sprint(e), "Canarybird") {
			t.Errorf("%+v", e)
		}
	}
}
