package faces_test

import (
	"slices"
	"strings"
	"testing"

	"satchel/internal/testpractice"
)

// shared is what two patients share, each with a mark of the other one that must not go out.
var shared = []string{
	`{"resourceType":"Patient","id":"p1"}`, `{"resourceType":"Patient","id":"p2","identifier":[{"system":"urn:mrn","value":"MARK"}]}`,
	`{"resourceType":"Observation","id":"o1","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p1"}}`,
	`{"resourceType":"Observation","id":"mark-o2","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p2"}}`,
	`{"resourceType":"Group","id":"g","type":"person","actual":true,"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">MARK</div>"},"member":[{"entity":{"reference":"Patient/p1"}},{"entity":{"reference":"Patient/p2","display":"MARK"}},{"entity":{"identifier":{"system":"urn:mrn","value":"MARK"}}}]}`,
	`{"resourceType":"List","id":"l","status":"current","mode":"working","entry":[{"item":{"reference":"Observation/o1"}},{"item":{"reference":"Observation/mark-o2","display":"MARK"}}]}`,
	`{"resourceType":"Appointment","id":"a","status":"booked","participant":[{"actor":{"reference":"Patient/p1"},"status":"accepted"},{"actor":{"reference":"Patient/p2","display":"MARK"},"status":"accepted"}]}`,
	`{"resourceType":"Account","id":"acc","status":"active","subject":[{"reference":"Patient/p1"},{"reference":"Patient/p2","display":"MARK"}]}`,
}

// openShared is a server with them, and accounts for one patient each.
func openShared(t *testing.T) *practice {
	p := open(t, nil)
	testpractice.Put(t, p.store, shared...)
	for _, id := range []string{"p1", "p2"} {
		p.account(id, "FHIR_READ_ALL_IN_COMPARTMENT:Patient/"+id, "FHIR_WRITE_ALL_IN_COMPARTMENT:Patient/"+id, "FHIR_OP_PATIENT_EVERYTHING", "FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT:Patient/"+id, "FHIR_OP_INITIATE_BULK_DATA_EXPORT_GROUP:Group/g")
	}
	return p
}

// A reader of one patient sees what several share as that patient's excerpt, on whatever way, and a search by what is cut finds
// nothing.
func TestSharedAsExcerpt(t *testing.T) {
	t.Parallel()
	p := openShared(t)
	p.as = "p1"
	for _, key := range []string{"Group/g", "List/l", "Appointment/a", "Account/acc"} {
		for _, path := range []string{"/fhir/" + key, "/fhir/" + key + "/_history/1", "/fhir/" + key + "/_history"} {
			r := p.want(p.do("GET", path, ""), 200, "1", "SUBSETTED")
			if body := strings.ToLower(r.body); strings.Contains(body, "mark") || strings.Contains(body, "patient/p2") {
				t.Errorf("GET %s: %s", path, r.body)
			}
			if named := p.named(r); !slices.Equal(named, []string{"p1"}) {
				t.Errorf("GET %s: the event names %v", path, named)
			}
		}
		p.want(p.do("PUT", "/fhir/"+key, p.want(p.do("GET", "/fhir/"+key, ""), 200).body), 403)
		p.want(p.do("DELETE", "/fhir/"+key, ""), 403)
	}
	for path, found := range map[string]string{
		"/fhir/Appointment?patient=Patient/p1":                            "Appointment/a",
		"/fhir/Appointment?patient=Patient/p1&actor=Patient/p2":           "",
		"/fhir/Account?patient=Patient/p1&subject=Patient/p2":             "",
		"/fhir/Observation?patient=p1&_revinclude=List:item":              "List/l",
		"/fhir/Patient?_id=p1&_revinclude=Group:member":                   "Group/g",
		"/fhir/Patient?_id=p1&_revinclude=Appointment:actor":              "Appointment/a",
		"/fhir/Observation?patient=p1&_revinclude=List:item&_format=json": "List/l",
	} {
		r := p.want(p.do("GET", path, ""), 200, found)
		if body := strings.ToLower(r.body); strings.Contains(body, "mark") || strings.Contains(body, `"reference":"patient/p2"`) || found == "" && strings.Contains(body, `"entry"`) {
			t.Errorf("GET %s: %s", path, r.body)
		}
	}
	p.want(p.do("GET", "/fhir/List?item=Observation/mark-o2", ""), 403)
	p.want(p.do("GET", "/fhir/Group/other", ""), 403)
}

// $everything and exports hold the excerpts; an export of a group cuts to all of its members.
func TestSharedInExports(t *testing.T) {
	t.Parallel()
	p := openShared(t)
	p.as = "p1"
	all := p.bundled("/fhir/Patient/p1/$everything")
	all = append(all, p.exports("/fhir/Patient/p1/$export")...)
	all = append(all, p.exports("/fhir/Patient/p1/$export?_includeHistory=true")...)
	all = append(all, p.exports("/fhir/Patient/p1/$export?organizeOutputBy=Patient")...)
	seen := map[string]int{}
	for _, h := range all {
		seen[h.key()]++
		if text := strings.ToLower(h.text); strings.Contains(text, "mark") || strings.Contains(text, "patient/p2") {
			t.Errorf("%s: %s", h.face, h.text)
		}
	}
	if seen["Appointment/a"] != 4 || seen["Account/acc"] != 4 || seen["Group/g"] != 1 || seen["List/l"] != 1 { // Group and List are types of $everything alone
		t.Errorf("%v", seen)
	}
	p.as = "ann"
	seen = map[string]int{}
	for _, h := range p.exports("/fhir/Group/g/$export") {
		seen[h.key()]++
		if strings.Contains(h.text, "SUBSETTED") && h.typ != "Group" {
			t.Errorf("%s: %s", h.face, h.text)
		}
	}
	if seen["List/l"] != 1 || seen["Appointment/a"] != 1 || seen["Observation/mark-o2"] != 1 {
		t.Errorf("%v", seen)
	}
}
