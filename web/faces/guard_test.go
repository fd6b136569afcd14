package faces_test

import (
	"strings"
	"testing"
)

// guarded is a practice with patients a and b, each with a document that shows a Binary, and accounts for each.
func guarded(t *testing.T) *practice {
	p := open(t, nil)
	for _, id := range []string{"a", "b"} {
		p.account(id, "FHIR_READ_ALL_IN_COMPARTMENT:Patient/"+id, "FHIR_WRITE_ALL_IN_COMPARTMENT:Patient/"+id, "FHIR_DELETE_ALL_IN_COMPARTMENT:Patient/"+id, "FHIR_TRANSACTION", "FHIR_OP_PATIENT_EVERYTHING")
		p.put("Patient/"+id, `{"resourceType":"Patient","id":"`+id+`"}`, 201)
		p.put("Binary/scan-"+id, `{"resourceType":"Binary","id":"scan-`+id+`","contentType":"text/plain","data":"SGVsbG8="}`, 201)
		p.put("DocumentReference/d-"+id, shows("d-"+id, id, "Binary/scan-"+id), 201)
	}
	p.put("Binary/loose", `{"resourceType":"Binary","id":"loose","contentType":"text/plain","data":"SGVsbG8="}`, 201)
	return p
}

// shows is a document of a patient that shows an address.
func shows(id, patient, address string) string {
	return `{"resourceType":"DocumentReference","id":"` + id + `","status":"current","subject":{"reference":"Patient/` + patient + `"},"content":[{"attachment":{"url":"` + address + `"}}]}`
}

func (p *practice) put(key, body string, status int) {
	p.t.Helper()
	if r := p.do("PUT", "/fhir/"+key, body); r.status != status {
		p.t.Errorf("%s puts %s: %d, want %d: %.300s", p.as, key, r.status, status, r.body)
	}
}

func (p *practice) gets(key string, status int) {
	p.t.Helper()
	if r := p.do("GET", "/fhir/"+key, ""); r.status != status {
		p.t.Errorf("%s gets %s: %d, want %d: %.300s", p.as, key, r.status, status, r.body)
	}
}

// Who may read all documents that show a Binary may read it, and nobody else with rights to some patients.
func TestBinaryFollowsItsDocuments(t *testing.T) {
	t.Parallel()
	p := guarded(t)
	p.as = "a"
	p.gets("Binary/scan-a", 200)
	p.gets("Binary/scan-b", 403)
	p.gets("Binary/loose", 403)
	p.as = "ann" // a document of b that shows the scan of a, too: now neither alone
	p.put("DocumentReference/both", shows("both", "b", p.url+"/Binary/scan-a/_history/1"), 201)
	p.as = "a"
	p.gets("Binary/scan-a", 403)
	p.as = "b"
	p.gets("Binary/scan-a", 403)
}

// An account with rights to a cannot make a document of a show what is b's, nobody's, or hidden by its securityContext.
func TestPlantedReferenceGrantsNothing(t *testing.T) {
	t.Parallel()
	p := guarded(t)
	p.put("Binary/secret", `{"resourceType":"Binary","id":"secret","contentType":"text/plain","securityContext":{"reference":"Patient/b"},"data":"SGVsbG8="}`, 201)
	p.put("Binary/dangling", `{"resourceType":"Binary","id":"dangling","contentType":"text/plain","securityContext":{"reference":"DocumentReference/never"},"data":"SGVsbG8="}`, 201)
	p.as = "a"
	for _, name := range []string{"scan-b", "loose", "secret", "dangling"} {
		for _, address := range []string{"Binary/" + name, p.url + "/Binary/" + name, "Binary/" + name + "/_history/1"} {
			p.put("DocumentReference/planted", shows("planted", "a", address), 403)
			p.put("DocumentReference/d-a", shows("d-a", "a", address), 403)
		}
		media := `{"resourceType":"Media","id":"m","status":"completed","subject":{"reference":"Patient/a"},"content":{"url":"Binary/` + name + `"}}`
		p.put("Media/m", media, 403)
		bundle := `{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"PUT","url":"Media/m"},"resource":` + media + `}]}`
		if r := p.do("POST", "/fhir", bundle); r.status != 403 {
			t.Errorf("a transaction that shows Binary/%s: %d %.300s", name, r.status, r.body)
		}
		p.gets("Binary/"+name, 403)
	}
	p.put("DocumentReference/never", shows("never", "a", "Binary/dangling"), 403) // what the securityContext names
	p.gets("Binary/dangling", 403)
	p.put("DocumentReference/mine", shows("mine", "a", "Binary/scan-a"), 201) // what it may read, it may show
	p.put("DocumentReference/mine", strings.Replace(shows("mine", "a", "Binary/scan-a"), "current", "superseded", 1), 200)
	p.as = "ann" // even where somebody planted it, its securityContext is final
	p.put("DocumentReference/planted", shows("planted", "a", "Binary/secret"), 201)
	p.put("DocumentReference/hospital", shows("hospital", "a", "https://hospital.example/fhir/Binary/loose"), 201)
	p.as = "a"
	p.gets("Binary/loose", 403)
	p.gets("Binary/secret", 403)
	p.as = "b"
	p.gets("Binary/secret", 200)
}

// What an address names does not depend on the name by which a client calls the server: who says the name of another server opens
// nothing that a document shows there, and what is written by a name that the store does not know is kept as relative.
func TestHostNamesNothing(t *testing.T) {
	t.Parallel()
	p := guarded(t)
	p.put("DocumentReference/hospital", shows("hospital", "a", "https://hospital.example/fhir/Binary/loose"), 201)
	p.put("Observation/there", `{"resourceType":"Observation","id":"there","status":"final","code":{"text":"x"},"subject":{"reference":"https://hospital.example/fhir/Patient/a"}}`, 201)
	as := func(host, method, key, body string) reply {
		r := p.request(method, "/fhir/"+key, strings.NewReader(body))
		r.Host = host
		return p.send(r)
	}
	p.as = "a"
	for _, key := range []string{"Binary/loose", "Observation/there"} {
		if r := as("hospital.example", "GET", key, ""); r.status != 403 {
			t.Errorf("%s by the name of another server: %d", key, r.status)
		}
	}
	if r := p.want(as("hospital.example", "GET", "DocumentReference?patient=a&_include=*", ""), 200); strings.Contains(r.body, `"id":"loose"`) {
		t.Errorf("a search by the name of another server: %s", r.body)
	}
	if r := as("alias.example", "PUT", "Observation/here", `{"resourceType":"Observation","id":"here","status":"final","code":{"text":"x"},"subject":{"reference":"https://alias.example/fhir/Patient/a"}}`); r.status != 201 {
		t.Errorf("%d %s", r.status, r.body)
	}
	p.want(p.do("GET", "/fhir/Observation/here", ""), 200, `"reference":"Patient/a"`)
	p.want(p.do("GET", "/fhir/Observation?patient=a", ""), 200, `"id":"here"`)
}

// What was another patient's is not taken over: neither a deleted id, nor one on which something hangs, nor by reading the
// version from before it moved.
func TestTakingOver(t *testing.T) {
	t.Parallel()
	p := guarded(t)
	observation := func(id, more string) string {
		return `{"resourceType":"Observation","id":"` + id + `","status":"final","code":{"text":"x"}` + more + `}`
	}
	of := func(patient string) string { return `,"subject":{"reference":"Patient/` + patient + `"}` }
	p.put("Observation/gone", observation("gone", of("b")), 201)
	if r := p.do("DELETE", "/fhir/Observation/gone", ""); r.status != 204 {
		t.Fatal(r.body)
	}
	p.put("Observation/hung", observation("hung", `,"encounter":{"reference":"Encounter/new"}`), 201)
	p.put("Observation/moved", observation("moved", of("a")), 201)
	p.put("Observation/moved", observation("moved", of("b")), 200)
	p.as = "a"
	p.put("Observation/gone", observation("gone", of("a")), 403)
	p.put("Encounter/new", `{"resourceType":"Encounter","id":"new","status":"finished","class":{"code":"AMB"}`+of("a")+`}`, 403)
	p.gets("Observation/hung", 403)
	p.gets("Observation/moved", 403)
	p.gets("Observation/moved/_history/1", 403)
	p.gets("Observation/moved/_history", 403)
	p.put("Observation/own", observation("own", of("a")), 201)
	if r := p.do("DELETE", "/fhir/Observation/own", ""); r.status != 204 {
		t.Errorf("%d %s", r.status, r.body)
	}
	p.put("Observation/own", observation("own", of("a")), 201)
}

// A token that may do less opens nothing that one with more does not.
func TestNarrowTokenOpensNoBinary(t *testing.T) {
	t.Parallel()
	p := guarded(t)
	p.client("scanner", "system/DocumentReference.cruds,system/DocumentReference.rs", "FHIR_ALL_READ", "FHIR_ALL_WRITE")
	wide, narrow := p.token("scanner", "system/DocumentReference.cruds"), p.token("scanner", "system/DocumentReference.rs")
	p.as = wide
	p.put("DocumentReference/planted", shows("planted", "a", "Binary/loose"), 403)
	for _, token := range []string{wide, narrow} {
		p.as = token
		p.gets("Binary/scan-a", 200) // what a document shows that it may read
		p.gets("Binary/loose", 403)
	}
}
