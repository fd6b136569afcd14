package faces_test

import (
	"strings"
	"testing"
)

const linkA = `{"resourceType":"Patient","id":"a","name":[{"family":"Adams"}],"birthDate":"1960"`

// linkTo is the element of a Patient that links it with others.
func linkTo(refs ...string) string {
	var links []string
	for _, ref := range refs {
		links = append(links, `{"other":{"reference":"`+ref+`"},"type":"seealso"}`)
	}
	return `,"link":[` + strings.Join(links, ",") + `]`
}

// A link between two patients takes the right to both, on whatever way it is written or removed: otherwise who may write one
// record could have another one shown to, and perhaps copied for, whoever asks for the first.
func TestLinksTakeTheRightToBoth(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	p.want(p.do("PUT", "/fhir/Patient/a", linkA+`}`), 201)
	p.want(p.do("PUT", "/fhir/Patient/b", `{"resourceType":"Patient","id":"b","name":[{"family":"Adams"}],"birthDate":"1960","address":[{"city":"Secretville"}]}`), 201)
	p.want(p.do("PUT", "/fhir/Patient/c", `{"resourceType":"Patient","id":"c"`+linkTo("Patient/d")+`}`), 201)
	p.want(p.do("PUT", "/fhir/Patient/d", `{"resourceType":"Patient","id":"d"}`), 201)
	p.want(p.do("PUT", "/fhir/Observation/of-b", `{"resourceType":"Observation","id":"of-b","status":"final","subject":{"reference":"Patient/b"},"code":{"text":"Secretville"}}`), 201)
	rights := func(id string) []string {
		return []string{"FHIR_READ_ALL_IN_COMPARTMENT:Patient/" + id, "FHIR_WRITE_ALL_IN_COMPARTMENT:Patient/" + id, "FHIR_DELETE_ALL_IN_COMPARTMENT:Patient/" + id}
	}
	common := []string{"FHIR_TRANSACTION", "FHIR_OP_PATIENT_EVERYTHING", "FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT", "FHIR_WRITE_INSTANCE:Patient/a"}
	p.account("ofa", append(rights("a"), common...)...)
	p.account("ofc", append(rights("c"), common...)...)
	p.account("ofcd", append(append(rights("c"), rights("d")...), common...)...)
	entry := func(kind, method, url, resource string) string {
		return `{"resourceType":"Bundle","type":"` + kind + `","entry":[{"resource":` + resource + `,"request":{"method":"` + method + `","url":"` + url + `"}}]}`
	}

	p.as = "ofa"
	for _, ref := range []string{"Patient/b", "Patient/b/_history/1", p.url + "/Patient/b", "Patient/not-there-yet"} {
		p.want(p.do("PUT", "/fhir/Patient/a", linkA+linkTo(ref)+`}`), 403, "a link between Patient/a and Patient/", "may not write")
	}
	linked := linkA + linkTo("Patient/b") + `}`
	p.want(p.do("POST", "/fhir", entry("transaction", "PUT", "Patient/a", linked)), 403, "a link between Patient/a and Patient/b")
	p.want(p.do("POST", "/fhir", entry("batch", "PUT", "Patient/a", linked)), 200, `"403`, "a link between Patient/a and Patient/b")
	p.want(p.do("POST", "/fhir/Patient", linked), 403)
	p.want(p.do("PUT", "/fhir/Patient/a", linkA+`,"gender":"female"}`), 200)

	// what could be written leads nowhere
	p.want(p.do("PUT", "/fhir/Patient/a", linkA+linkTo("https://elsewhere.example/fhir/Patient/b")+`}`), 200)
	p.want(p.do("GET", "/api/patients/a/linked", ""), 200, `"linked":[]`)
	p.want(p.json("POST", "/api/packages", `{"patient":"a","linked":["b"]}`, ""), 403)
	everything := p.want(p.do("GET", "/fhir/Patient/a/$everything", ""), 200)
	made := p.want(p.ended(p.json("POST", "/api/packages", `{"patient":"a"}`, "").header.Get("Content-Location")), 200, `"verdict":"COMPLETE"`)
	if strings.Contains(string(everything.body)+string(made.body), "Secretville") {
		t.Error("a link led to somebody else's data")
	}

	// one that stands may stay, and takes both to change or remove
	p.as = "ofc"
	p.want(p.do("PUT", "/fhir/Patient/c", `{"resourceType":"Patient","id":"c","active":true`+linkTo("Patient/d")+`}`), 200)
	p.want(p.do("PUT", "/fhir/Patient/c", `{"resourceType":"Patient","id":"c","active":true}`), 403, "a link between Patient/c and Patient/d")
	p.want(p.do("PUT", "/fhir/Patient/c", strings.Replace(`{"resourceType":"Patient","id":"c"`+linkTo("Patient/d")+`}`, "seealso", "replaces", 1)), 403)
	p.want(p.do("DELETE", "/fhir/Patient/c", ""), 403, "may not delete Patient/d")
	p.want(p.do("POST", "/fhir", `{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"DELETE","url":"Patient/c"}}]}`), 403)
	p.as = "ofcd"
	p.want(p.do("GET", "/api/patients/d/linked", ""), 200, `"patient":"Patient/c"`, `"back":["seealso"]`)
	p.want(p.do("DELETE", "/fhir/Patient/c", ""), 204)
	p.as = "ofc"
	p.want(p.do("PUT", "/fhir/Patient/c", `{"resourceType":"Patient","id":"c"}`), 403, "a link between Patient/c and Patient/d")
	p.as = "ofcd"
	p.want(p.do("PUT", "/fhir/Patient/c", `{"resourceType":"Patient","id":"c"}`), 201)
	p.want(p.do("GET", "/api/patients/d/linked", ""), 200, `"linked":[]`)
}
