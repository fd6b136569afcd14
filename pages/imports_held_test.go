package pages_test

import (
	"strings"
	"testing"

	"satchel/audit"
	"satchel/fhir"
)

// Somebody in a file has the id of somebody else: the page shows both side by side, and takes the answer with the same files.
func TestImportHeld(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	p.put(`{"resourceType":"Patient","id":"1","name":[{"family":"Alpha","given":["Ann"]}],"birthDate":"1950-01-01"}`)
	files := []sent{{"b.ndjson", `{"resourceType":"Patient","id":"1","name":[{"family":"Beta","given":["Bob"]}],"birthDate":"1990-12-31"}
{"resourceType":"Observation","id":"o","status":"final","code":{"text":"Lead"},"subject":{"reference":"Patient/1"}}`}}
	v := p.as("ann")
	page, path := v.imported(v.upload(files), "Held back", "Ann Alpha, born", "Bob Beta, born", "birth date", `name="held-Patient/1" value="another"`, "2 entries were refused", "b.ndjson")
	if strings.Contains(page.body, "Everything in the files is stored") {
		t.Error(page.body)
	}
	if e := p.wantEvent(audit.Filter{Actions: []audit.Action{audit.Import}, Patient: "1"}); e.Who.Name != "ann" {
		t.Errorf("%+v", e)
	}
	p.account("taker", "ACCESS_ADMIN_WEB", "FHIR_ALL_WRITE")
	if page := p.as("taker").want(p.as("taker").get(path), 200, "may not see who it is"); strings.Contains(page.body, "Alpha") {
		t.Error("somebody who may not read sees who it is")
	}
	v.want(v.upload(files, "held-Patient/1", "another"), 422, "where the files come from")
	v.want(v.upload(files, "held-Patient/..", "same"), 422, "is no person")
	v.imported(v.upload(files, "held-Patient/1", "another", "source", "Dr Long"), "Everything in the files is stored")
	v.want(v.get("/patients/"+fhir.AnotherID("Dr Long", "Patient", "1")), 200, "Bob Beta", "Lead")
	v.want(v.get("/patients/1"), 200, "Ann Alpha")
	v.imported(v.upload(files, "source", "Dr Long"), "Everything in the files is stored")
	v.imported(v.upload(files, "held-Patient/1", "same"), "Everything in the files is stored")
	v.want(v.get("/patients/1"), 200, "Bob Beta", "Lead")
}
