package fhir

import (
	"fmt"
	"strings"
	"testing"
)

// whyNames are the reasons in words, for tests: their numbers may change with [IndexVersion].
var whyNames = map[Why]string{WhySubject: "subject", WhyRole: "role", WhyTied: "tied", WhyAssigned: "assigned", WhyTiedShared: "tied shared", WhyShared: "shared", WhyOther: "other"}

// What a document without a patient hangs on. ' stands for ".
func TestBelonging(t *testing.T) {
	const uuid = "c757873d-ec9a-4326-a141-556f43239520"
	for _, c := range []struct{ name, typ, rest, want string }{ // want: owners; subjects; ties
		{"a subject, and no ties", "Observation", `'subject':{'reference':'Patient/1'},'encounter':{'reference':'Encounter/e'}`, "1:subject; ; "},
		{"a role, and no ties", "Observation", `'performer':[{'reference':'Patient/1'}],'encounter':{'reference':'Encounter/e'}`, "1:role; ; "},
		{"an encounter", "Observation", `'encounter':{'reference':'Encounter/e/_history/2'},'device':{'reference':'Device/d'}`, "; ; Encounter/e"},
		{"an encounter elsewhere", "Observation", `'encounter':{'reference':'https://b/fhir/Encounter/e'}`, "; ; "},
		{"an encounter by our address", "Observation", `'encounter':{'reference':'https://practice.example/fhir/Encounter/e'}`, "; ; Encounter/e"},
		{"several, each once", "Observation", `'basedOn':[{'reference':'ServiceRequest/s'},{'reference':'ServiceRequest/s'}],'hasMember':[{'reference':'Observation/o'}]`, "; ; ServiceRequest/s Observation/o"},
		{"the subject is a place", "Flag", `'subject':{'reference':'Location/l'},'encounter':{'reference':'Encounter/e'}`, "; ; Encounter/e"},
		{"the subject is a device", "Observation", `'subject':{'reference':'Device/d'}`, "; ; Device/d"},
		{"the subject is a group", "Observation", `'subject':{'reference':'Group/g'}`, "; ; "},
		{"the subject is foreign", "Observation", `'subject':{'reference':'https://b/Patient/1'},'encounter':{'reference':'Encounter/e'}`, "; ; "},
		{"the subject by identifier", "Observation", `'subject':{'identifier':{'system':'urn:mrn','value':'7'}},'encounter':{'reference':'Encounter/e'}`, "; Patient?identifier=urn:mrn|7; Encounter/e"},
		{"by an identifier without a system", "Observation", `'subject':{'identifier':{'value':'7'}}`, "; ; "},
		{"by the identifier of a device", "Observation", `'subject':{'type':'Device','identifier':{'system':'s','value':'7'}}`, "; ; "},
		{"the subject by name", "Observation", `'subject':{'display':'Ann'},'encounter':{'reference':'Encounter/e'}`, "; ; Encounter/e"},
		{"the subject by condition", "Observation", `'subject':{'reference':'Patient?identifier=urn:mrn|7'}`, "; Patient?identifier=urn:mrn|7; "},
		{"by a condition of more", "Observation", `'subject':{'reference':'Patient?identifier=urn:mrn|7&active=true'}`, "; ; "},
		{"the subject by UUID", "Observation", `'subject':{'reference':'URN:UUID:` + strings.ToUpper(uuid) + `'}`, "; Patient/" + uuid + "; "},
		{"by no UUID", "Observation", `'subject':{'reference':'urn:uuid:1'}`, "; ; "},
		{"by an OID", "Observation", `'subject':{'reference':'urn:oid:1.2'}`, "; ; "},
		{"the subject inside", "Condition", `'subject':{'reference':'#p'},'contained':[{'resourceType':'Patient','id':'p','identifier':[{'system':'urn:mrn','value':'7'},{'system':'urn:x','value':'8'}]},{'resourceType':'Patient','id':'q','identifier':[{'system':'y','value':'9'}]}]`, "; Patient?identifier=urn:mrn|7 Patient?identifier=urn:x|8; "},
		{"no patient inside", "Observation", `'subject':{'reference':'#l'},'contained':[{'resourceType':'Location','id':'l'}],'encounter':{'reference':'Encounter/e'}`, "; ; Encounter/e"},
		{"a result inside", "DiagnosticReport", `'contained':[{'resourceType':'Observation','id':'o','subject':{'reference':'Patient/1'},'performer':[{'reference':'Patient/2'}]}],'result':[{'reference':'#o'}],'encounter':{'reference':'Encounter/e'}`, "1:role 2:other; ; "},
		{"a list with its items", "List", `'entry':[{'item':{'reference':'Patient/1'}},{'item':{'reference':'Observation/o'}},{'item':{'reference':'Practitioner/p'}}]`, "1:shared; ; Observation/o"},
		{"a list by its source", "List", `'source':{'reference':'Patient/1'},'entry':[{'item':{'reference':'Patient/2'}}]`, "1:role 2:other; ; "},
		{"output of a task", "Task", `'output':[{'valueReference':{'reference':'DocumentReference/d'}}]`, "; ; DocumentReference/d"},
		{"a patient in the input of a task", "Task", `'input':[{'valueReference':{'reference':'Patient/1'}}]`, "1:role; ; "},
		{"beside what the task is about", "Task", `'basedOn':[{'reference':'ServiceRequest/s'}],'input':[{'valueReference':{'reference':'Patient/1'}}]`, "1:other; ; ServiceRequest/s"},
		{"the focus of a task", "Task", `'focus':{'reference':'Patient/1'},'owner':{'reference':'Patient/2'}`, "1:subject 2:other; ; "},
		{"the source of a document", "DocumentReference", `'context':{'sourcePatientInfo':{'reference':'Patient/1'}},'author':[{'reference':'Patient/2'}]`, "1:subject 2:other; ; "},
		{"a document context", "DocumentReference", `'context':{'encounter':[{'reference':'Encounter/e'}],'related':[{'reference':'ServiceRequest/s'}]}`, "; ; Encounter/e ServiceRequest/s"},
		{"a patient in a document context", "DocumentReference", `'context':{'related':[{'reference':'Patient/1'}]}`, "1:role; ; "},
		{"a relative", "Appointment", `'participant':[{'actor':{'reference':'RelatedPerson/r'}},{'actor':{'reference':'Practitioner/p'}}]`, "; ; RelatedPerson/r"},
		{"a payment", "PaymentReconciliation", `'detail':[{'request':{'reference':'Claim/c'}},{'response':{'reference':'ClaimResponse/r'}}]`, "; ; Claim/c ClaimResponse/r"},
		{"a security context", "Binary", `'securityContext':{'reference':'DocumentReference/d'}`, "; ; DocumentReference/d"},
		{"a patient as security context", "Binary", `'securityContext':{'reference':'Patient/1'}`, "1:subject; ; "},
		{"provenance of a patient and more", "Provenance", `'target':[{'reference':'Patient/1'},{'reference':'Observation/o'}]`, "1:subject; ; "},
		{"provenance of things", "Provenance", `'target':[{'reference':'Observation/o'},{'reference':'Practitioner/p'}]`, "; ; Observation/o"},
		{"a document bundle", "Bundle", `'entry':[{'resource':{'resourceType':'Composition','subject':{'reference':'Patient/1'},'author':[{'reference':'Patient/2'}]}},{'resource':{'resourceType':'Observation','encounter':{'reference':'Encounter/e'}}}]`, "1:subject 2:other; ; "},
		{"a bundle about several", "Bundle", `'entry':[{'resource':{'resourceType':'Patient','id':'1'}},{'resource':{'resourceType':'Patient','id':'2'}}]`, "1:other 2:other; ; "},
		{"a bundle of another server", "Bundle", `'entry':[{'fullUrl':'https://b/fhir/Composition/c','resource':{'resourceType':'Composition','subject':{'reference':'Patient/1'}}}]`, "; ; "},
		{"a bundle that hangs", "Bundle", `'entry':[{'resource':{'resourceType':'Observation','encounter':{'reference':'Encounter/e'}}},{'resource':{'resourceType':'Observation','subject':{'identifier':{'system':'s','value':'v'}}}}]`, "; Patient?identifier=s|v; Encounter/e"},
		{"directory", "Practitioner", `'extension':[{'url':'x','valueReference':{'reference':'Encounter/e'}}]`, "; ; "},
	} {
		d := mustParse(t, strings.ReplaceAll(`{'resourceType':'`+c.typ+`',`+c.rest+`}`, `'`, `"`))
		b := d.Belonging(own)
		var owners []string
		for _, o := range b.Owners {
			owners = append(owners, o.Patient+":"+whyNames[o.Why])
		}
		got := strings.Join(owners, " ") + "; " + strings.Join(b.Subjects, " ") + "; " + strings.Join(b.Ties, " ")
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestNames(t *testing.T) {
	d := mustParse(t, `{"resourceType":"Patient","id":"1","identifier":[{"system":"urn:mrn","value":"7|8"},{"value":"9"},{"system":"s"}]}`)
	if got := fmt.Sprint(d.Names()); got != "[Patient/1 Patient?identifier=urn:mrn|7|8]" {
		t.Error(got)
	}
	if system, value, ok := IdentifierOf(d.Names()[1]); system != "urn:mrn" || value != "7|8" || !ok {
		t.Errorf("%q %q %t", system, value, ok)
	}
	if _, _, ok := IdentifierOf("Patient/1"); ok {
		t.Error("an id is taken for an identifier")
	}
}
