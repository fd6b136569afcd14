package fhir

import (
	"slices"
	"testing"
)

// ways into the compartment of Patient/p: every parameter of CompartmentDefinition/patient with each of its elements.
var compartmentCases = []struct {
	typ, param string
	element    string // JSON that names Patient/p
	why        Why
}{
	{"Account", "subject", `"subject":[{"reference":"Patient/p"}]`, WhySubject},
	{"AdverseEvent", "subject", `"subject":{"reference":"Patient/p"}`, WhySubject},
	{"AllergyIntolerance", "patient", `"patient":{"reference":"Patient/p"}`, WhySubject},
	{"AllergyIntolerance", "recorder", `"recorder":{"reference":"Patient/p"}`, WhyRole},
	{"AllergyIntolerance", "asserter", `"asserter":{"reference":"Patient/p"}`, WhyRole},
	{"Appointment", "actor", `"participant":[{"actor":{"reference":"Patient/p"}}]`, WhyRole},
	{"AppointmentResponse", "actor", `"actor":{"reference":"Patient/p"}`, WhyRole},
	{"AuditEvent", "patient", `"agent":[{"who":{"reference":"Patient/p"}}]`, WhySubject},
	{"AuditEvent", "patient", `"entity":[{"what":{"reference":"Patient/p"}}]`, WhySubject},
	{"Basic", "patient", `"subject":{"reference":"Patient/p"}`, WhySubject},
	{"Basic", "author", `"author":{"reference":"Patient/p"}`, WhyRole},
	{"BodyStructure", "patient", `"patient":{"reference":"Patient/p"}`, WhySubject},
	{"CarePlan", "patient", `"subject":{"reference":"Patient/p"}`, WhySubject},
	{"CarePlan", "performer", `"activity":[{"detail":{"performer":[{"reference":"Patient/p"}]}}]`, WhyRole},
	{"CareTeam", "patient", `"subject":{"reference":"Patient/p"}`, WhySubject},
	{"CareTeam", "participant", `"participant":[{"member":{"reference":"Patient/p"}}]`, WhyRole},
	{"ChargeItem", "subject", `"subject":{"reference":"Patient/p"}`, WhySubject},
	{"Claim", "patient", `"patient":{"reference":"Patient/p"}`, WhySubject},
	{"Claim", "payee", `"payee":{"party":{"reference":"Patient/p"}}`, WhyRole},
	{"ClaimResponse", "patient", `"patient":{"reference":"Patient/p"}`, WhySubject},
	{"ClinicalImpression", "subject", `"subject":{"reference":"Patient/p"}`, WhySubject},
	{"Communication", "subject", `"subject":{"reference":"Patient/p"}`, WhySubject},
	{"Communication", "sender", `"sender":{"reference":"Patient/p"}`, WhyRole},
	{"Communication", "recipient", `"recipient":[{"reference":"Patient/p"}]`, WhyRole},
	{"CommunicationRequest", "subject", `"subject":{"reference":"Patient/p"}`, WhySubject},
	{"CommunicationRequest", "sender", `"sender":{"reference":"Patient/p"}`, WhyRole},
	{"CommunicationRequest", "recipient", `"recipient":[{"reference":"Patient/p"}]`, WhyRole},
	{"CommunicationRequest", "requester", `"requester":{"reference":"Patient/p"}`, WhyRole},
	{"Composition", "subject", `"subject":{"reference":"Patient/p"}`, WhySubject},
	{"Composition", "author", `"author":[{"reference":"Patient/p"}]`, WhyRole},
	{"Composition", "attester", `"attester":[{"party":{"reference":"Patient/p"}}]`, WhyRole},
	{"Condition", "patient", `"subject":{"reference":"Patient/p"}`, WhySubject},
	{"Condition", "asserter", `"asserter":{"reference":"Patient/p"}`, WhyRole},
	{"Consent", "patient", `"patient":{"reference":"Patient/p"}`, WhySubject},
	{"Coverage", "policy-holder", `"policyHolder":{"reference":"Patient/p"}`, WhyRole},
	{"Coverage", "subscriber", `"subscriber":{"reference":"Patient/p"}`, WhyRole},
	{"Coverage", "beneficiary", `"beneficiary":{"reference":"Patient/p"}`, WhySubject},
	{"Coverage", "payor", `"payor":[{"reference":"Patient/p"}]`, WhyRole},
	{"CoverageEligibilityRequest", "patient", `"patient":{"reference":"Patient/p"}`, WhySubject},
	{"CoverageEligibilityResponse", "patient", `"patient":{"reference":"Patient/p"}`, WhySubject},
	{"DetectedIssue", "patient", `"patient":{"reference":"Patient/p"}`, WhySubject},
	{"DeviceRequest", "subject", `"subject":{"reference":"Patient/p"}`, WhySubject},
	{"DeviceRequest", "performer", `"performer":{"reference":"Patient/p"}`, WhyRole},
	{"DeviceUseStatement", "subject", `"subject":{"reference":"Patient/p"}`, WhySubject},
	{"DiagnosticReport", "subject", `"subject":{"reference":"Patient/p"}`, WhySubject},
	{"DocumentManifest", "subject", `"subject":{"reference":"Patient/p"}`, WhySubject},
	{"DocumentManifest", "author", `"author":[{"reference":"Patient/p"}]`, WhyRole},
	{"DocumentManifest", "recipient", `"recipient":[{"reference":"Patient/p"}]`, WhyRole},
	{"DocumentReference", "subject", `"subject":{"reference":"Patient/p"}`, WhySubject},
	{"DocumentReference", "author", `"author":[{"reference":"Patient/p"}]`, WhyRole},
	{"Encounter", "subject", `"subject":{"reference":"Patient/p"}`, WhySubject},
	{"EnrollmentRequest", "subject", `"candidate":{"reference":"Patient/p"}`, WhySubject},
	{"EpisodeOfCare", "patient", `"patient":{"reference":"Patient/p"}`, WhySubject},
	{"ExplanationOfBenefit", "patient", `"patient":{"reference":"Patient/p"}`, WhySubject},
	{"ExplanationOfBenefit", "payee", `"payee":{"party":{"reference":"Patient/p"}}`, WhyRole},
	{"FamilyMemberHistory", "patient", `"patient":{"reference":"Patient/p"}`, WhySubject},
	{"Flag", "patient", `"subject":{"reference":"Patient/p"}`, WhySubject},
	{"Goal", "patient", `"subject":{"reference":"Patient/p"}`, WhySubject},
	{"Group", "member", `"member":[{"entity":{"reference":"Patient/p"}}]`, WhyRole},
	{"ImagingStudy", "patient", `"subject":{"reference":"Patient/p"}`, WhySubject},
	{"Immunization", "patient", `"patient":{"reference":"Patient/p"}`, WhySubject},
	{"ImmunizationEvaluation", "patient", `"patient":{"reference":"Patient/p"}`, WhySubject},
	{"ImmunizationRecommendation", "patient", `"patient":{"reference":"Patient/p"}`, WhySubject},
	{"Invoice", "subject", `"subject":{"reference":"Patient/p"}`, WhySubject},
	{"Invoice", "patient", `"subject":{"reference":"Patient/p"}`, WhySubject},
	{"Invoice", "recipient", `"recipient":{"reference":"Patient/p"}`, WhyRole},
	{"List", "subject", `"subject":{"reference":"Patient/p"}`, WhySubject},
	{"List", "source", `"source":{"reference":"Patient/p"}`, WhyRole},
	{"MeasureReport", "patient", `"subject":{"reference":"Patient/p"}`, WhySubject},
	{"Media", "subject", `"subject":{"reference":"Patient/p"}`, WhySubject},
	{"MedicationAdministration", "patient", `"subject":{"reference":"Patient/p"}`, WhySubject},
	{"MedicationAdministration", "performer", `"performer":[{"actor":{"reference":"Patient/p"}}]`, WhyRole},
	{"MedicationAdministration", "subject", `"subject":{"reference":"Patient/p"}`, WhySubject},
	{"MedicationDispense", "subject", `"subject":{"reference":"Patient/p"}`, WhySubject},
	{"MedicationDispense", "patient", `"subject":{"reference":"Patient/p"}`, WhySubject},
	{"MedicationDispense", "receiver", `"receiver":[{"reference":"Patient/p"}]`, WhyRole},
	{"MedicationRequest", "subject", `"subject":{"reference":"Patient/p"}`, WhySubject},
	{"MedicationStatement", "subject", `"subject":{"reference":"Patient/p"}`, WhySubject},
	{"MolecularSequence", "patient", `"patient":{"reference":"Patient/p"}`, WhySubject},
	{"NutritionOrder", "patient", `"patient":{"reference":"Patient/p"}`, WhySubject},
	{"Observation", "subject", `"subject":{"reference":"Patient/p"}`, WhySubject},
	{"Observation", "performer", `"performer":[{"reference":"Patient/p"}]`, WhyRole},
	{"Patient", "link", `"link":[{"other":{"reference":"Patient/p"}}]`, WhyOther},
	{"Person", "patient", `"link":[{"target":{"reference":"Patient/p"}}]`, WhySubject},
	{"Procedure", "patient", `"subject":{"reference":"Patient/p"}`, WhySubject},
	{"Procedure", "performer", `"performer":[{"actor":{"reference":"Patient/p"}}]`, WhyRole},
	{"Provenance", "patient", `"target":[{"reference":"Patient/p"}]`, WhySubject},
	{"QuestionnaireResponse", "subject", `"subject":{"reference":"Patient/p"}`, WhySubject},
	{"QuestionnaireResponse", "author", `"author":{"reference":"Patient/p"}`, WhyRole},
	{"RelatedPerson", "patient", `"patient":{"reference":"Patient/p"}`, WhySubject},
	{"RequestGroup", "subject", `"subject":{"reference":"Patient/p"}`, WhySubject},
	{"RequestGroup", "participant", `"action":[{"participant":[{"reference":"Patient/p"}]}]`, WhyRole},
	{"ResearchSubject", "individual", `"individual":{"reference":"Patient/p"}`, WhySubject},
	{"RiskAssessment", "subject", `"subject":{"reference":"Patient/p"}`, WhySubject},
	{"Schedule", "actor", `"actor":[{"reference":"Patient/p"}]`, WhyRole},
	{"ServiceRequest", "subject", `"subject":{"reference":"Patient/p"}`, WhySubject},
	{"ServiceRequest", "performer", `"performer":[{"reference":"Patient/p"}]`, WhyRole},
	{"Specimen", "subject", `"subject":{"reference":"Patient/p"}`, WhySubject},
	{"SupplyDelivery", "patient", `"patient":{"reference":"Patient/p"}`, WhySubject},
	{"SupplyRequest", "subject", `"deliverTo":{"reference":"Patient/p"}`, WhySubject},
	{"Task", "patient", `"for":{"reference":"Patient/p"}`, WhySubject},
	{"Task", "focus", `"focus":{"reference":"Patient/p"}`, WhySubject}, // by its link: what it is about
	{"VisionPrescription", "patient", `"patient":{"reference":"Patient/p"}`, WhySubject},
}

func TestOwnersByEveryParameter(t *testing.T) {
	tested := map[string]bool{}
	for _, c := range compartmentCases {
		tested[c.typ+"."+c.param] = true
		d := mustParse(t, `{"resourceType":"`+c.typ+`",`+c.element+`}`)
		if got := d.Owners(Bases{}); !slices.Equal(got, []Owner{{"p", c.why}}) {
			t.Errorf("%s with %s: owners %v, want p for reason %d", c.typ, c.element, got, c.why)
		}
		for _, value := range []string{"p", "Patient/p"} {
			q := mustQuery(t, c.typ, c.param+"="+value)
			if !q.Match(d) || uncovered(q, d) != "" {
				t.Errorf("%s with %s: %s=%s does not find it, or not by the index", c.typ, c.element, c.param, value)
			}
		}
	}
	types := 0
	for _, typ := range Types() {
		params := compartmentParams(typ)
		if params != nil {
			types++
		}
		if InPatientCompartment(typ) != (params != nil) {
			t.Errorf("%s: in the compartment %t with parameters %q", typ, InPatientCompartment(typ), params)
		}
		for _, code := range params {
			if !tested[typ+"."+code] {
				t.Errorf("no case for %s.%s", typ, code)
			}
		}
	}
	if types != 67 {
		t.Errorf("%d types, want 67", types)
	}
}

func TestOwners(t *testing.T) {
	for _, c := range []struct {
		name, doc string
		want      []Owner
	}{
		{"nobody", `{"resourceType":"Observation"}`, nil},
		{"not in R4's compartment", `{"resourceType":"Device","patient":{"reference":"Patient/1"}}`, []Owner{{"1", WhySubject}}},
		{"itself", `{"resourceType":"Patient","id":"7"}`, []Owner{{"7", WhySubject}}},
		{"without an id", `{"resourceType":"Patient"}`, nil},
		{"linked patients", `{"resourceType":"Patient","id":"b","link":[{"other":{"reference":"Patient/c"}},{"other":{"reference":"Patient/a"}},{"other":{"reference":"RelatedPerson/r"}}]}`,
			[]Owner{{"a", WhyOther}, {"b", WhySubject}, {"c", WhyOther}}},
		{"link to itself", `{"resourceType":"Patient","id":"b","link":[{"other":{"reference":"Patient/b"}}]}`, []Owner{{"b", WhySubject}}},
		{"a role beside the subject", `{"resourceType":"Observation","subject":{"reference":"Patient/child"},"performer":[{"reference":"Patient/mother"}]}`,
			[]Owner{{"child", WhySubject}, {"mother", WhyOther}}},
		{"a role first", `{"resourceType":"Observation","performer":[{"reference":"Patient/a"}],"subject":{"reference":"Patient/b"}}`,
			[]Owner{{"a", WhyOther}, {"b", WhySubject}}},
		{"subject and role at once", `{"resourceType":"Observation","performer":[{"reference":"Patient/a"}],"subject":{"reference":"Patient/a"}}`, []Owner{{"a", WhySubject}}},
		{"a role while the subject is no patient", `{"resourceType":"Observation","subject":{"reference":"Group/g"},"performer":[{"reference":"Patient/a"}]}`, []Owner{{"a", WhyRole}}},
		{"several subjects", `{"resourceType":"Account","subject":[{"reference":"Patient/2"},{"reference":"Patient/1"},{"reference":"Device/3"}]}`, []Owner{{"1", WhySubject}, {"2", WhySubject}}},
		{"several roles", `{"resourceType":"Appointment","participant":[{"actor":{"reference":"Patient/2"}},{"actor":{"reference":"Patient/1"}},{"actor":{"reference":"Practitioner/1"}}]}`, []Owner{{"1", WhyRole}, {"2", WhyRole}}},
		{"payer and insured", `{"resourceType":"Coverage","policyHolder":{"reference":"Patient/p"},"subscriber":{"reference":"Patient/p"},"beneficiary":{"reference":"Patient/b"},"payor":[{"reference":"Organization/o"}]}`,
			[]Owner{{"b", WhySubject}, {"p", WhyOther}}},
		{"absolute and versioned", `{"resourceType":"Account","subject":[{"reference":"http://practice.example/fhir/Patient/1/_history/4"},{"reference":"Patient/2/_history/1"},{"reference":"https://b/Patient/3"}]}`,
			[]Owner{{"1", WhySubject}, {"2", WhySubject}}},
		{"no reference to a stored patient", `{"resourceType":"Account","subject":[{"reference":"#p"},{"reference":"urn:uuid:3fdc72f4-a11d-4a9d-9260-a9f745779e1d","type":"Patient"},{"reference":"Patient/"},{"reference":"Patient/a b"},{"reference":"x/Patient/1"},{"reference":"Patient"},{"display":"Patient/1"},{"identifier":{"value":"Patient/1"}},{"reference":"Patient?identifier=1"}]}`, nil},
		{"a focus before a role", `{"resourceType":"Observation","contained":[{"resourceType":"Condition","id":"c","subject":{"reference":"Patient/1"}}],"focus":[{"reference":"Patient/2"}],"performer":[{"reference":"Patient/3"}]}`, []Owner{{"1", WhyOther}, {"2", WhySubject}, {"3", WhyOther}}},
		{"contained alone", `{"resourceType":"Observation","contained":[{"resourceType":"Condition","id":"c","subject":{"reference":"Patient/1"}}]}`, []Owner{{"1", WhyRole}}},
		{"an extension alone", `{"resourceType":"Observation","extension":[{"url":"http://x","valueReference":{"reference":"Patient/1"}}]}`, []Owner{{"1", WhyRole}}},
		{"extensions alone, of several", `{"resourceType":"Basic","extension":[{"url":"http://x","valueReference":{"reference":"Patient/1"}},{"url":"http://x","valueReference":{"reference":"Patient/2"}}]}`, []Owner{{"1", WhyShared}, {"2", WhyShared}}},
		{"an extension beside a subject", `{"resourceType":"Observation","subject":{"reference":"Patient/2"},"extension":[{"url":"http://x","valueReference":{"reference":"Patient/1"}}]}`, []Owner{{"1", WhyOther}, {"2", WhySubject}}},
		{"an extension beside an encounter", `{"resourceType":"Observation","encounter":{"reference":"Encounter/e"},"extension":[{"url":"http://x","valueReference":{"reference":"Patient/1"}}]}`, []Owner{{"1", WhyOther}}},
		{"a role beside the subject of another server", `{"resourceType":"Observation","subject":{"reference":"https://b/Patient/1"},"performer":[{"reference":"Patient/1"}]}`, []Owner{{"1", WhyOther}}},
		{"a role beside a subject by identifier", `{"resourceType":"Observation","subject":{"identifier":{"system":"s","value":"v"}},"performer":[{"reference":"Patient/1"}]}`, []Owner{{"1", WhyOther}}},
		{"a role beside a subject by name", `{"resourceType":"Observation","subject":{"display":"Ann"},"performer":[{"reference":"Patient/1"}]}`, []Owner{{"1", WhyOther}}},
		{"directory that mentions somebody", `{"resourceType":"Organization","extension":[{"url":"http://x","valueReference":{"reference":"Patient/1"}}]}`, []Owner{{"1", WhyOther}}},
		{"a subscription", `{"resourceType":"Subscription","criteria":"Observation?patient=1,Patient/2&subject=https://b/Patient/3"}`, []Owner{{"1", WhyOther}, {"2", WhyOther}}},
		{"a list of one", `{"resourceType":"List","entry":[{"item":{"reference":"Patient/1"}}]}`, []Owner{{"1", WhyRole}}},
		{"a list of several", `{"resourceType":"List","entry":[{"item":{"reference":"Patient/1"}},{"item":{"reference":"Patient/2"}}]}`, []Owner{{"1", WhyShared}, {"2", WhyShared}}},
		{"a list of one and of something", `{"resourceType":"List","entry":[{"item":{"reference":"Patient/1"}},{"item":{"reference":"Observation/2"}}]}`, []Owner{{"1", WhyShared}}},
		{"signers beside a subject", `{"resourceType":"Contract","subject":[{"reference":"Patient/2"}],"signer":[{"party":{"reference":"Patient/1"}}]}`, []Owner{{"1", WhyOther}, {"2", WhySubject}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := mustParse(t, c.doc).Owners(own); !slices.Equal(got, c.want) {
				t.Errorf("owners %v, want %v", got, c.want)
			}
		})
	}
}

// Owners keep their ids when the document's memory is used again.
func TestOwnersOutliveReset(t *testing.T) {
	d := mustParse(t, `{"resourceType":"Observation","subject":{"reference":"Patient/abc"}}`)
	owners := d.Owners(Bases{})
	if err := d.Reset([]byte(`{"resourceType":"Observation","subject":{"reference":"Patient/xyz"}}`)); err != nil {
		t.Fatal(err)
	}
	if owners[0].Patient != "abc" {
		t.Errorf("patient %q, want abc", owners[0].Patient)
	}
}
