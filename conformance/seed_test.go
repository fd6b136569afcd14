package conformance

import (
	"fmt"
)

// seed is the practice of the conformance tests: p1 and p2 are in group g1, p3 is not; p1's mother is p4.
var seed = []string{
	`{"resourceType":"Organization","id":"o1","name":"Practice"}`,
	`{"resourceType":"Practitioner","id":"d1","name":[{"family":"D"}]}`,
	`{"resourceType":"Device","id":"dev1","patient":{"reference":"Patient/p1"}}`,
	`{"resourceType":"ValueSet","id":"vs1","status":"active"}`,
	`{"resourceType":"Patient","id":"p1","active":true,"gender":"female","birthDate":"1980-01-02","name":[{"family":"A","given":["B"]}],"managingOrganization":{"reference":"Organization/o1"}}`,
	`{"resourceType":"Patient","id":"p2","active":true,"gender":"male","name":[{"family":"C"}]}`,
	`{"resourceType":"Patient","id":"p3","active":false,"gender":"male","name":[{"family":"E"}]}`,
	`{"resourceType":"Patient","id":"p4","gender":"female","name":[{"family":"A"}]}`,
	observation("x1", "p1", `,"performer":[{"reference":"Practitioner/d1"}],"category":[{"coding":[{"code":"vital-signs"}]}]`),
	observation("x2", "p2", `,"category":[{"coding":[{"code":"laboratory"}]}]`),
	observation("x3", "p3", ``),
	observation("x4", "p1", `,"performer":[{"reference":"Patient/p4"}]`), // the mother measured
	`{"resourceType":"Condition","id":"c1","subject":{"reference":"Patient/p1"},"code":{"text":"c"},"asserter":{"reference":"Patient/p1"}}`,
	`{"resourceType":"Condition","id":"c3","subject":{"reference":"Patient/p3"},"code":{"text":"c"}}`,
	`{"resourceType":"Encounter","id":"e1","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/p1"}}`,
	medication("m1", "p1", "active"), medication("m2", "p1", "stopped"), medication("m3", "p2", "completed"), medication("m4", "p3", "active"),
	`{"resourceType":"Binary","id":"b1","contentType":"application/pdf","securityContext":{"reference":"Patient/p1"},"data":"SGVsbG8="}`,
	`{"resourceType":"DocumentReference","id":"dr1","status":"current","subject":{"reference":"Patient/p1"},"content":[{"attachment":{"contentType":"application/pdf","url":"Binary/b1"}}]}`,
	`{"resourceType":"DocumentReference","id":"dr2","status":"current","subject":{"reference":"Patient/p1"},"content":[{"attachment":{"contentType":"text/plain","data":"SGVsbG8="}}]}`,
	provenance("pv1", "2024-01-01T00:00:00Z", "Observation/x1"),
	provenance("pv2", "2024-06-01T00:00:00Z", "Observation/x1"),
	provenance("pv3", "2024-01-01T00:00:00Z", "Patient/p2"),
	provenance("pv4", "2024-01-01T00:00:00Z", "Organization/o1"),
	provenance("pv5", "2024-01-01T00:00:00Z", "Observation/x3"),
	group("g1", "Patient/p1", "Patient/p2"),
	group("g2"),
	group("g3", "Patient/p3"),
	group("g4", "Group/g1"),
}

func observation(id, patient, more string) string {
	return fmt.Sprintf(`{"resourceType":"Observation","id":%q,"status":"final","code":{"text":"x"},"subject":{"reference":"Patient/%s"}%s}`, id, patient, more)
}

func medication(id, patient, status string) string {
	return fmt.Sprintf(`{"resourceType":"MedicationRequest","id":%q,"status":%q,"intent":"order","subject":{"reference":"Patient/%s"},"medicationCodeableConcept":{"text":"m"}}`, id, status, patient)
}

func provenance(id, recorded, target string) string {
	return fmt.Sprintf(`{"resourceType":"Provenance","id":%q,"target":[{"reference":%q}],"recorded":%q,"agent":[{"who":{"reference":"Practitioner/d1"}}]}`, id, target, recorded)
}

func group(id string, members ...string) string {
	list := ""
	for i, m := range members {
		if i > 0 {
			list += ","
		}
		list += fmt.Sprintf(`{"entity":{"reference":%q}}`, m)
	}
	if list != "" {
		list = `,"member":[` + list + `]`
	}
	return fmt.Sprintf(`{"resourceType":"Group","id":%q,"type":"person","actual":true,"identifier":[{"system":"urn:g","value":%q}],"name":"Cohort %s"%s}`, id, id, id, list)
}

func patient(id string) string {
	return fmt.Sprintf(`{"resourceType":"Patient","id":%q}`, id)
}
