package demo

import (
	"bytes"
	"strings"
	"testing"

	"satchel/fhir"
)

// whys maps "Type/id" to why the resource is in a patient's compartment; resources that are not are left out.
func whys(t *testing.T, p practice, patient string) map[string]fhir.Why {
	all := map[string]fhir.Why{}
	for key, json := range p.live {
		d, err := fhir.Parse(json)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range d.Owners(fhir.Bases{}) {
			if o.Patient == patient {
				all[key] = o.Why
			}
		}
	}
	return all
}

func TestEverythingPatientHasEveryCompartmentType(t *testing.T) {
	mine := map[string]bool{}
	for key, why := range whys(t, collect(t, Options{}), EverythingPatientID) {
		typ, _, _ := strings.Cut(key, "/")
		mine[typ] = mine[typ] || why != fhir.WhyOther
	}
	for _, typ := range fhir.Types() {
		if fhir.InPatientCompartment(typ) && !mine[typ] {
			t.Errorf("no %s in the record", typ)
		}
	}
}

func TestEverythingPatientHasEveryRole(t *testing.T) {
	p := collect(t, Options{})
	mine := whys(t, p, EverythingPatientID)
	childs := whys(t, p, ChildPatientID)
	for _, template := range chapters()["roles"].list {
		key := template.typ + "/" + EverythingPatientID + "-" + template.name
		if why := mine[key]; fhir.InPatientCompartment(template.typ) && why != fhir.WhyRole && why != fhir.WhySubject {
			t.Errorf("%s belongs for reason %d, want a role", key, why)
		}
	}
	for _, template := range chapters()["child"].list {
		key := template.typ + "/" + ChildPatientID + "-" + template.name
		if mine[key] != fhir.WhyOther || childs[key] != fhir.WhySubject {
			t.Errorf("%s: reason %d for the everything patient, %d for the child", key, mine[key], childs[key])
		}
	}
}

// Types outside the compartment that belong to a patient through other links.
func TestEverythingPatientHasReverseLinks(t *testing.T) {
	p := collect(t, Options{})
	for _, typ := range []string{"Binary", "Bundle", "Contract", "Device", "EnrollmentResponse", "GuidanceResponse", "Linkage",
		"MessageHeader", "PaymentNotice", "PaymentReconciliation", "Provenance", "Slot", "Task", "VerificationResult"} {
		found := false
		for key, json := range p.live {
			found = found || strings.HasPrefix(key, typ+"/"+EverythingPatientID) && bytes.Contains(json, []byte("/"+EverythingPatientID)) ||
				typ == "Slot" && strings.HasPrefix(key, "Slot/"+EverythingPatientID)
		}
		if !found {
			t.Errorf("no %s of the everything patient", typ)
		}
	}
}

// Each place where R4 keeps an attachment of a patient, as a fragment of the resource's text.
var attachmentPlaces = [][2]string{
	{"Basic", `"valueAttachment":{`}, // an extension
	{"BodyStructure", `"image":[{"contentType"`},
	{"Bundle", `"url":"urn:uuid:`},
	{"Claim", `"valueAttachment":{`},
	{"ClaimResponse", `"form":{`},
	{"Communication", `"contentAttachment":{`},
	{"CommunicationRequest", `"contentAttachment":{`},
	{"Consent", `"sourceAttachment":{`},
	{"Contract", `"answer":[{"valueAttachment":{`},
	{"Contract", `"friendly":[{"contentAttachment":{`},
	{"Contract", `"legal":[{"contentAttachment":{`},
	{"Contract", `"rule":[{"contentAttachment":{`},
	{"Contract", `"legallyBindingAttachment":{`},
	{"DiagnosticReport", `"presentedForm":[{`},
	{"DiagnosticReport", `"url":"Binary/`},
	{"DiagnosticReport", `"url":"https://`},
	{"DocumentReference", `"contained":[{"resourceType":"Media"`},
	{"DocumentReference", `"attachment":{"contentType":"application/pdf","url":"Binary/`},
	{"DocumentReference", `/_history/1"`},
	{"ExplanationOfBenefit", `"valueAttachment":{`},
	{"ExplanationOfBenefit", `"form":{`},
	{"Media", `"content":{`},
	{"Patient", `"photo":[{`},
	{"Person", `"photo":{`},
	{"QuestionnaireResponse", `"valueAttachment":{`},
	{"RelatedPerson", `"photo":[{`},
	{"RequestGroup", `"document":{`},
	{"Task", `"input":[{"type":{"text":"Statement"},"valueAttachment":{`},
	{"Task", `"output":[{"type":{"text":"Answer"},"valueAttachment":{`},
}

func TestEverythingPatientHasEachAttachment(t *testing.T) {
	p := collect(t, Options{})
	for _, place := range attachmentPlaces {
		found := false
		for key, json := range p.live {
			found = found || strings.HasPrefix(key, place[0]+"/"+EverythingPatientID) && bytes.Contains(json, []byte(place[1]))
		}
		if !found {
			t.Errorf("no %s with %s", place[0], place[1])
		}
	}
}

func TestLaterVersionsAndDeletions(t *testing.T) {
	versions, deleted, last := map[string][][]byte{}, map[string]bool{}, ""
	for _, item := range collect(t, Options{}).items {
		key := item.Type + "/" + item.ID
		if deleted[key] {
			t.Errorf("%s comes back after its deletion", key)
		}
		deleted[key] = item.Op == Delete
		versions[key] = append(versions[key], item.JSON)
		last = key
	}
	for key, v := range versions {
		for i := 1; i < len(v); i++ {
			if bytes.Equal(v[i-1], v[i]) {
				t.Errorf("%s is put again without a change", key)
			}
		}
	}
	for _, key := range []string{"Patient/everything", "Patient/p0000000", "Observation/p0000004-vital-1-1", "Condition/everything-condition-2"} {
		if len(versions[key]) != 2 {
			t.Errorf("%s has %d versions, want 2", key, len(versions[key]))
		}
	}
	if !deleted["Observation/everything-mistake"] || last != "Patient/deleted" {
		t.Error("the deletions are missing")
	}
}
