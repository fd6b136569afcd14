package pages_test

import (
	"strings"
	"testing"

	"satchel/audit"
)

// loose are entries that say of nobody whose they are, beside a Patient whom some of them mention.
var loose = []string{
	`{"resourceType":"Patient","id":"zoe","identifier":[{"system":"urn:mrn","value":"M-77"}],"name":[{"family":"Karst","given":["Zoe"]}],"birthDate":"1980-02-29"}`,
	`{"resourceType":"Observation","id":"named","status":"final","code":{"text":"Blood lead level"},"subject":{"display":"Karst, Zoë"},"valueQuantity":{"value":7,"unit":"ug/dL"}}`,
	`{"resourceType":"Observation","id":"number","status":"final","code":{"text":"Blood zinc level"},"identifier":[{"system":"urn:mrn","value":"M-77"}]}`,
	`{"resourceType":"Observation","id":"room","status":"final","code":{"text":"Temperature of the refrigerator"}}`,
}

// An entry is listed with whom it may be about, assigned, in the patient's chart, and taken back.
func TestUnassigned(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	p.put(loose...)
	v := p.as("ann")
	v.want(v.get("/"), 200, "3 entries do not say whose they are", `href="/unassigned"`)
	v.want(v.get("/unassigned"), 200, "Blood lead level", "Karst, Zoë", "only the name agrees", "a number agrees", "Temperature of the refrigerator")
	v.want(v.get("/unassigned/Observation/named"), 200, `value="zoe"`, "Zoe Karst", "only the name agrees", "&#34;Karst, Zoë&#34;", `value="-"`)
	v.want(v.get("/unassigned/Observation/room?q=Karst"), 200, "No patient here has a number", `value="zoe"`, "looked for")

	v.led(v.post("/unassigned/Observation/named", "version", "1", "patient", "zoe", "reason", "I know her"), "/unassigned?done=assigned")
	v.want(v.get("/unassigned?done=assigned"), 200, "It is that patient", "Blood zinc level")
	v.want(v.get("/patients/zoe"), 200, "Blood lead level")
	v.want(v.get("/unassigned/decided"), 200, "Zoe Karst", "I know her", "ann")
	v.want(v.get("/unassigned/Observation/named"), 200, "It is of", "Zoe Karst", "Take this back")
	v.led(v.post("/unassigned/Observation/room", "version", "1", "patient", "-"), "/unassigned?done=confirmed")
	v.want(v.get("/unassigned/decided"), 200, "Nobody")

	v.led(v.post("/unassigned/Observation/named/undo"), "/unassigned?done=undone")
	if page := v.want(v.get("/patients/zoe"), 200); strings.Contains(page.body, "Blood lead level") {
		t.Error("it is in the chart after it was taken back")
	}
	e := p.wantEvent(audit.Filter{Actions: []audit.Action{audit.AssignmentEnd}, Target: "Observation/named"})
	if e.Who.Name != "ann" || len(e.Patients) != 1 || e.Patients[0] != "zoe" {
		t.Errorf("%+v", e)
	}
}

// What cannot be done is said at the form, and nothing is stored.
func TestUnassignedRefused(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	p.put(loose...)
	p.account("reader", "ACCESS_ADMIN_WEB", "FHIR_ALL_READ")
	p.account("writer", "ACCESS_ADMIN_WEB", "FHIR_READ_ALL_OF_TYPE:Observation", "FHIR_WRITE_ALL_OF_TYPE:Observation")
	v := p.as("ann")
	const at = "/unassigned/Observation/named"
	v.want(v.post(at, "version", "1"), 422, "Choose a patient")
	v.want(v.post(at, "version", "1", "patient", "no one"), 422, "Choose a patient")
	v.want(v.post(at, "version", "x", "patient", "zoe"), 422, "do it again")
	v.want(v.post(at, "version", "9", "patient", "zoe"), 422, "changed meanwhile")
	v.want(v.post(at, "version", "1", "patient", "gone"), 422, "here is no Patient/gone")
	v.want(v.get("/unassigned/Observation/none"), 404)
	v.want(v.get("/unassigned/Patient/zoe"), 404, "not on the worklist")
	v.want(v.get("/unassigned/Nonsense/zoe"), 400)

	reader := p.as("reader")
	if page := reader.want(reader.get(at), 200, "not say whose it is", "Zoe Karst"); strings.Contains(page.body, `name="patient"`) {
		t.Error("who may not write is asked whose it is")
	}
	reader.want(reader.post(at, "version", "1", "patient", "zoe"), 403)
	writer := p.as("writer")
	if page := writer.want(writer.get(at), 200); strings.Contains(page.body, "Zoe Karst") {
		t.Error("a patient is shown whom the account may not read")
	}
	writer.want(writer.post(at, "version", "1", "patient", "zoe"), 403)
	nora := p.as("nora")
	nora.want(nora.get("/unassigned"), 403)
	nora.want(nora.get(at), 403)
	if page := nora.want(nora.get("/"), 200); strings.Contains(page.body, "/unassigned") {
		t.Error("who may not see it is told of it")
	}
	v.want(v.get("/unassigned"), 200, "Blood lead level")
	for _, e := range p.events(audit.Filter{Actions: []audit.Action{audit.AssignmentMake}}) {
		if e.Outcome != audit.Refused && e.Outcome != audit.Failed {
			t.Errorf("%+v", e)
		}
	}
}

// A person finds the page from today's, and assigns an entry with mouse and keyboard.
func TestUnassignedInBrowser(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	p.put(loose...)
	b := p.signed(t, "ann")
	b.Click("Look at them")
	b.Wait("Blood lead level")
	p.looks(b, "unassigned")
	b.Click("Blood lead level")
	b.Wait("Whose is it?")
	p.looks(b, "unassigned-one")
	b.Click("#p-zoe")
	b.Click("main button.primary")
	b.Wait("It is that patient")
	b.Click("What was decided")
	b.Wait("Zoe Karst")
	p.looks(b, "unassigned-decided")
	b.Click("main tbody a")
	b.Wait("Take this back")
	p.looks(b, "unassigned-undo")
	b.Click("Take this back")
	b.Wait("unassigned again")
}
