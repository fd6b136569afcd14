package fhir

import (
	"fmt"
	"strings"
	"testing"
)

func patient(members string) string { return `{"resourceType":"Patient",` + members + `}` }
func observation(members string) string {
	return `{"resourceType":"Observation","status":"final","code":{"text":"x"},` + members + `}`
}
func extension(value string) string {
	return patient(`"extension":[{"url":"http://example.org/x",` + value + `}]`)
}

var goodResources = []struct{ name, text string }{
	{"least", `{"resourceType":"Patient"}`},
	{"usual", benchObservation},
	{"extension on a primitive", patient(`"birthDate":"1970-03-30","_birthDate":{"extension":[{"url":"http://example.org/time","valueDateTime":"1970-03-30T10:00:00Z"}]}`)},
	{"extension in place of a primitive", patient(`"_birthDate":{"extension":[{"url":"http://example.org/absent","valueCode":"unknown"}]}`)},
	{"id on a primitive", patient(`"gender":"female","_gender":{"id":"g"}`)},
	{"required element by extension", `{"resourceType":"Observation","_status":{"extension":[{"url":"http://example.org/absent","valueCode":"unknown"}]},"code":{"text":"x"}}`},
	{"required choice", `{"resourceType":"MedicationRequest","status":"active","intent":"order","subject":{"reference":"Patient/1"},"medicationReference":{"reference":"Medication/1"}}`},
	{"null in a list with siblings", patient(`"name":[{"given":["A",null],"_given":[null,{"extension":[{"url":"http://example.org/absent","valueCode":"masked"}]}]}]`)},
	{"siblings alone", patient(`"name":[{"_given":[{"id":"a"}]}]`)},
	{"nested extensions", extension(`"extension":[{"url":"a","valueString":"b"}]`)},
	{"modifierExtension", patient(`"modifierExtension":[{"url":"http://example.org/x","valueBoolean":true}]`)},
	{"modifierExtension in a backbone", patient(`"contact":[{"modifierExtension":[{"url":"http://example.org/x","valueBoolean":true}]}]`)},
	{"every choice of type", extension(`"valueMeta":{"source":"http://example.org"}`)},
	{"dates", `{"resourceType":"Condition","subject":{"reference":"Patient/1"},"onsetDateTime":"2024-02-29","recordedDate":"2024"}`},
	{"leap second", observation(`"issued":"2016-12-31T23:59:60.000Z"`)},
	{"zone of fourteen hours", observation(`"issued":"2016-12-31T23:59:59+14:00"`)},
	{"month", patient(`"birthDate":"1970-03"`)},
	{"decimals", observation(`"valueQuantity":{"value":-1.50E+2}`)},
	{"time", observation(`"valueTime":"23:59:59.5"`)},
	{"code with single spaces", patient(`"gender":"a b"`)},
	{"text with line ends", patient(`"name":[{"text":"a\r\n\tb"}]`)},
	{"text of one space", patient(`"name":[{"text":" "}]`)},
	{"markdown", patient(`"contact":[{"name":{"text":"x"}}]`)},
	{"base64 with line ends", `{"resourceType":"Binary","contentType":"a/b","data":"QUJD\r\nREU="}`},
	{"oid", extension(`"valueOid":"urn:oid:2.16.840.1"`)},
	{"uuid", extension(`"valueUuid":"urn:uuid:c757873d-ec9a-4326-a141-556f43239520"`)},
	{"numbers at their ends", extension(`"valueInteger":-2147483648`)},
	{"zero unsigned", extension(`"valueUnsignedInt":0`)},
	{"positive", extension(`"valuePositiveInt":2147483647`)},
	{"narrative", patient(`"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>x</p></div>"}`)},
	{"contained", patient(`"contained":[{"resourceType":"Organization","id":"o","name":"x"}],"managingOrganization":{"reference":"#o"}`)},
	{"reference to the container", patient(`"contained":[{"resourceType":"Provenance","id":"p","recorded":"2024-01-01T00:00:00Z","agent":[{"who":{"display":"x"}}],"target":[{"reference":"#"}]}]`)},
	{"versioned reference", observation(`"subject":{"reference":"Patient/1/_history/2"}`)},
	{"absolute reference", observation(`"subject":{"reference":"https://example.org/fhir/Patient/1"}`)},
	{"absolute reference of no FHIR server", observation(`"subject":{"reference":"https://example.org/people?name=x"}`)},
	{"urn reference", observation(`"subject":{"reference":"urn:uuid:c757873d-ec9a-4326-a141-556f43239520"}`)},
	{"oid reference", observation(`"subject":{"reference":"urn:oid:1.2.3"}`)},
	{"logical reference", observation(`"subject":{"identifier":{"value":"x"}}`)},
	{"reference in words", observation(`"subject":{"display":"x"}`)},
	{"Bundle", `{"resourceType":"Bundle","type":"transaction","entry":[{"fullUrl":"urn:uuid:c757873d-ec9a-4326-a141-556f43239520","resource":` +
		observation(`"subject":{"reference":"Patient?identifier=x"}`) + `,"request":{"method":"POST","url":"Observation"}}]}`},
	{"Parameters in a Bundle", `{"resourceType":"Bundle","type":"batch","entry":[{"resource":{"resourceType":"Parameters","parameter":[{"name":"a","valueString":"b"}]}}]}`},
	{"content reference", `{"resourceType":"Questionnaire","status":"draft","item":[{"linkId":"1","type":"group","item":[{"linkId":"1.1","type":"string"}]}]}`},
	{"value and sibling of one choice", patient(`"deceasedBoolean":true,"_deceasedBoolean":{"id":"x"}`)},
	{"contained resources refer to each other", patient(`"contained":[{"resourceType":"Organization","id":"a","partOf":{"reference":"#b"}},{"resourceType":"Organization","id":"b","name":"x"}],"managingOrganization":{"reference":"#a"}`)},
	{"element named like the resource's type", `{"resourceType":"ExampleScenario","status":"draft","instance":[{"resourceId":"a","resourceType":"Patient"}]}`},
	{"escaped name", patient(`"birth\u0044ate":"1970"`)},
}

func TestValidate(t *testing.T) {
	for _, tt := range goodResources {
		t.Run(tt.name, func(t *testing.T) {
			for _, i := range parse(t, tt.text).Validate() {
				t.Errorf("%s %s %s", i.Severity, i.Code, i.Diagnostics)
			}
		})
	}
}

var badResources = []struct {
	name, text string
	code       Code
	expression string
	want       string // in the diagnostics
}{
	// elements
	{"unknown element", patient(`"nickname":"x"`), CodeStructure, "Patient", `unknown element "nickname"`},
	{"wrong case", patient(`"BirthDate":"1970"`), CodeStructure, "Patient", `write "birthDate"`},
	{"choice without type", observation(`"value":"x"`), CodeStructure, "Observation", `such as "valueQuantity"`},
	{"type that the choice lacks", observation(`"valueMoney":{"value":1}`), CodeStructure, "Observation", `"valueMoney"`},
	{"unknown in a data type", patient(`"name":[{"surname":"x"}]`), CodeStructure, "Patient.name[0]", `"surname" of HumanName`},
	{"unknown in a backbone", patient(`"contact":[{},{"nme":{"text":"x"}}]`), CodeStructure, "Patient.contact[1]", `"nme" of Patient.contact`},
	{"empty name", patient(`"":"x"`), CodeStructure, "Patient", `unknown element ""`},
	{"fhir_comments", patient(`"fhir_comments":["x"]`), CodeStructure, "Patient", "fhir_comments"},
	{"resourceType in a data type", patient(`"name":[{"resourceType":"HumanName","text":"x"}]`), CodeStructure, "Patient.name[0]", `"resourceType"`},
	{"sibling of a complex element", patient(`"_name":[{"id":"x"}]`), CodeStructure, "Patient", `"_name"`},
	{"sibling of nothing", patient(`"_":{"id":"x"}`), CodeStructure, "Patient", `"_"`},
	{"sibling of a narrative", patient(`"text":{"status":"empty","div":"<div>x</div>","_div":{"id":"x"}}`), CodeStructure, "Patient.text", `"_div"`},
	{"sibling with a value", patient(`"_gender":{"value":"x"}`), CodeStructure, "Patient.gender", `"value" of Element`},
	{"modifierExtension in a data type", patient(`"name":[{"text":"x","modifierExtension":[{"url":"a","valueString":"b"}]}]`), CodeStructure, "Patient.name[0]", `"modifierExtension"`},
	{"element of a later release", `{"resourceType":"Binary","contentType":"a/b","url":"http://example.org"}`, CodeStructure, "Binary", `"url"`},
	{"element of another server in meta", patient(`"meta":{"project":"x"}`), CodeStructure, "Patient.meta", `"project"`},

	// cardinality
	{"missing element", `{"resourceType":"Observation","code":{"text":"x"}}`, CodeRequired, "Observation", `"status"`},
	{"missing in a backbone", `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET"}}]}`, CodeRequired, "Bundle.entry[0].request", `"url"`},
	{"missing choice", `{"resourceType":"MedicationRequest","status":"active","intent":"order","subject":{"reference":"Patient/1"}}`, CodeRequired, "MedicationRequest", `"medication[x]"`},
	{"missing url of an extension", patient(`"extension":[{"valueString":"x"}]`), CodeRequired, "Patient.extension[0]", `"url"`},
	{"missing in a contained resource", patient(`"contained":[{"resourceType":"Observation","id":"o","status":"final"}]`), CodeRequired, "Patient.contained[0]", `"code"`},
	{"missing in an entry", `{"resourceType":"Bundle","type":"batch","entry":[{"resource":{"resourceType":"Observation","code":{"text":"x"}}}]}`, CodeRequired, "Bundle.entry[0].resource", `"status"`},
	{"array for a single value", patient(`"birthDate":["1970"]`), CodeStructure, "Patient.birthDate", "single value"},
	{"single value for an array", patient(`"name":{"family":"x"}`), CodeStructure, "Patient.name", "must be an array"},
	{"single primitive for an array", patient(`"name":[{"given":"x"}]`), CodeStructure, "Patient.name[0].given", "must be an array"},
	{"array in an array", patient(`"name":[[{"family":"x"}]]`), CodeStructure, "Patient.name[0]", "must be a JSON object"},

	// empty and null
	{"empty array", patient(`"name":[]`), CodeStructure, "Patient.name", "empty array"},
	{"empty object", patient(`"name":[{}]`), CodeStructure, "Patient.name[0]", "empty object"},
	{"empty meta", patient(`"meta":{}`), CodeStructure, "Patient.meta", "empty object"},
	{"null", patient(`"birthDate":null`), CodeStructure, "Patient.birthDate", "is null"},
	{"null for an object", patient(`"maritalStatus":null`), CodeStructure, "Patient.maritalStatus", "is null"},
	{"null in a list of objects", patient(`"name":[null]`), CodeStructure, "Patient.name[0]", "is null"},
	{"null without sibling", patient(`"name":[{"given":["A",null]}]`), CodeStructure, "Patient.name[0].given[1]", `without an entry in "_given"`},
	{"null on both sides", patient(`"name":[{"given":[null],"_given":[null]}]`), CodeStructure, "Patient.name[0].given[0]", "null"},
	{"null among siblings alone", patient(`"name":[{"_given":[null]}]`), CodeStructure, "Patient.name[0].given[0]", "null"},
	{"sibling lists of two lengths", patient(`"name":[{"given":["A","B"],"_given":[{"id":"a"}]}]`), CodeStructure, "Patient.name[0].given", "same number"},
	{"single sibling of a list", patient(`"name":[{"given":["A"],"_given":{"id":"a"}}]`), CodeStructure, "Patient.name[0].given", "must be an array"},
	{"list of siblings of a single value", patient(`"gender":"male","_gender":[{"id":"a"}]`), CodeStructure, "Patient.gender", "single value"},
	{"text as sibling", patient(`"_gender":"x"`), CodeStructure, "Patient.gender", "must be a JSON object"},

	// choices
	{"two of a choice", patient(`"deceasedBoolean":true,"deceasedDateTime":"2020"`), CodeStructure, "Patient", `both "deceasedBoolean" and "deceasedDateTime"`},
	{"two of a choice apart", observation(`"valueString":"x","issued":"2020-01-01T00:00:00Z","valueBoolean":true`), CodeStructure, "Observation", "value[x]"},
	{"sibling of another type of a choice", patient(`"deceasedBoolean":true,"_deceasedDateTime":{"id":"x"}`), CodeStructure, "Patient", "deceased[x]"},
	{"two values in an extension", extension(`"valueString":"x","valueCode":"y"`), CodeStructure, "Patient.extension[0]", "value[x]"},

	// JSON kinds
	{"text for boolean", patient(`"active":"true"`), CodeStructure, "Patient.active", "without quotes"},
	{"number for boolean", patient(`"active":1`), CodeStructure, "Patient.active", "boolean"},
	{"number for text", patient(`"name":[{"family":1}]`), CodeStructure, "Patient.name[0].family", "string"},
	{"boolean for text", patient(`"gender":true`), CodeStructure, "Patient.gender", "code"},
	{"object for text", patient(`"gender":{"code":"male"}`), CodeStructure, "Patient.gender", "code"},
	{"text for number", observation(`"valueQuantity":{"value":"1.0"}`), CodeStructure, "Observation.value.value", "decimal"},
	{"text for integer", observation(`"valueInteger":"1"`), CodeStructure, "Observation.value", "integer"},
	{"text for object", patient(`"maritalStatus":"M"`), CodeStructure, "Patient.maritalStatus", "JSON object of type CodeableConcept"},
	{"number for object", patient(`"name":[7]`), CodeStructure, "Patient.name[0]", "JSON object of type HumanName"},
	{"text for a reference", observation(`"subject":"Patient/1"`), CodeStructure, "Observation.subject", "JSON object of type Reference"},
	{"text for a resource", patient(`"contained":["x"]`), CodeStructure, "Patient.contained[0]", "resource"},

	// formats
	{"empty text", patient(`"name":[{"family":""}]`), CodeValue, "Patient.name[0].family", "string"},
	{"control character", patient(`"name":[{"family":"a\u0007"}]`), CodeValue, "Patient.name[0].family", "string"},
	{"empty markdown", `{"resourceType":"Questionnaire","status":"draft","description":""}`, CodeValue, "Questionnaire.description", "markdown"},
	{"code with leading space", patient(`"gender":" male"`), CodeValue, "Patient.gender", "code"},
	{"code with trailing space", patient(`"gender":"male "`), CodeValue, "Patient.gender", "code"},
	{"code with two spaces", patient(`"gender":"a  b"`), CodeValue, "Patient.gender", "code"},
	{"empty code", patient(`"gender":""`), CodeValue, "Patient.gender", "code"},
	{"uri with space", patient(`"identifier":[{"system":"http://a b"}]`), CodeValue, "Patient.identifier[0].system", "uri"},
	{"empty uri", patient(`"implicitRules":""`), CodeValue, "Patient.implicitRules", "uri"},
	{"url with space", patient(`"photo":[{"url":"http://a b"}]`), CodeValue, "Patient.photo[0].url", "url"},
	{"canonical with line end", patient(`"meta":{"profile":["http://a\n"]}`), CodeValue, "Patient.meta.profile[0]", "canonical"},
	{"oid without prefix", extension(`"valueOid":"1.2.3"`), CodeValue, "Patient.extension[0].value", "oid"},
	{"oid of one arc", extension(`"valueOid":"urn:oid:1"`), CodeValue, "Patient.extension[0].value", "oid"},
	{"oid with a leading zero", extension(`"valueOid":"urn:oid:1.02"`), CodeValue, "Patient.extension[0].value", "oid"},
	{"oid outside of the tree", extension(`"valueOid":"urn:oid:3.1"`), CodeValue, "Patient.extension[0].value", "oid"},
	{"oid with an empty arc", extension(`"valueOid":"urn:oid:1..2"`), CodeValue, "Patient.extension[0].value", "oid"},
	{"uuid without prefix", extension(`"valueUuid":"c757873d-ec9a-4326-a141-556f43239520"`), CodeValue, "Patient.extension[0].value", "uuid"},
	{"short uuid", extension(`"valueUuid":"urn:uuid:c757873d-ec9a-4326-a141-556f4323952"`), CodeValue, "Patient.extension[0].value", "uuid"},
	{"uuid with a wrong letter", extension(`"valueUuid":"urn:uuid:g757873d-ec9a-4326-a141-556f43239520"`), CodeValue, "Patient.extension[0].value", "uuid"},
	{"id with a wrong character", patient(`"meta":{"versionId":"a_b"}`), CodeValue, "Patient.meta.versionId", "id"},
	{"id of a contained resource", patient(`"contained":[{"resourceType":"Organization","id":"#o","name":"x"}]`), CodeValue, "Patient.contained[0].id", "id"},
	{"decimal for integer", observation(`"valueInteger":1.0`), CodeValue, "Observation.value", "integer"},
	{"exponent in an integer", observation(`"valueInteger":1e3`), CodeValue, "Observation.value", "integer"},
	{"integer too large", observation(`"valueInteger":2147483648`), CodeValue, "Observation.value", "integer"},
	{"integer too small", observation(`"valueInteger":-2147483649`), CodeValue, "Observation.value", "integer"},
	{"integer of many digits", observation(`"valueInteger":99999999999999999999999`), CodeValue, "Observation.value", "integer"},
	{"negative unsigned", extension(`"valueUnsignedInt":-1`), CodeValue, "Patient.extension[0].value", "unsignedInt"},
	{"zero positive", extension(`"valuePositiveInt":0`), CodeValue, "Patient.extension[0].value", "positiveInt"},
	{"date in another order", patient(`"birthDate":"30.03.1970"`), CodeValue, "Patient.birthDate", "date"},
	{"date with a time", patient(`"birthDate":"1970-03-30T00:00:00Z"`), CodeValue, "Patient.birthDate", "date"},
	{"month thirteen", patient(`"birthDate":"1970-13"`), CodeValue, "Patient.birthDate", "date"},
	{"day thirty-one of a short month", patient(`"birthDate":"1970-04-31"`), CodeValue, "Patient.birthDate", "date"},
	{"February 29 of no leap year", patient(`"birthDate":"1900-02-29"`), CodeValue, "Patient.birthDate", "date"},
	{"day zero", patient(`"birthDate":"1970-04-00"`), CodeValue, "Patient.birthDate", "date"},
	{"year zero", patient(`"birthDate":"0000"`), CodeValue, "Patient.birthDate", "date"},
	{"year of two digits", patient(`"birthDate":"70"`), CodeValue, "Patient.birthDate", "date"},
	{"date without hyphens", patient(`"birthDate":"19700330"`), CodeValue, "Patient.birthDate", "date"},
	{"time without zone", observation(`"effectiveDateTime":"2024-05-31T10:00:00"`), CodeValue, "Observation.effective", "dateTime"},
	{"time without seconds", observation(`"effectiveDateTime":"2024-05-31T10:00Z"`), CodeValue, "Observation.effective", "dateTime"},
	{"time after a space", observation(`"effectiveDateTime":"2024-05-31 10:00:00Z"`), CodeValue, "Observation.effective", "dateTime"},
	{"hour twenty-four", observation(`"effectiveDateTime":"2024-05-31T24:00:00Z"`), CodeValue, "Observation.effective", "dateTime"},
	{"zone without colon", observation(`"effectiveDateTime":"2024-05-31T10:00:00+0200"`), CodeValue, "Observation.effective", "dateTime"},
	{"zone too far", observation(`"effectiveDateTime":"2024-05-31T10:00:00+14:30"`), CodeValue, "Observation.effective", "dateTime"},
	{"point without fraction", observation(`"effectiveDateTime":"2024-05-31T10:00:00.Z"`), CodeValue, "Observation.effective", "dateTime"},
	{"date as instant", observation(`"issued":"2024-05-31"`), CodeValue, "Observation.issued", "instant"},
	{"time with a zone", observation(`"valueTime":"10:00:00Z"`), CodeValue, "Observation.value", "time"},
	{"time of two parts", observation(`"valueTime":"10:00"`), CodeValue, "Observation.value", "time"},
	{"base64 of a wrong length", `{"resourceType":"Binary","contentType":"a/b","data":"QUJDR"}`, CodeValue, "Binary.data", "base64"},
	{"base64 of the URL kind", `{"resourceType":"Binary","contentType":"a/b","data":"QU-_"}`, CodeValue, "Binary.data", "base64"},
	{"base64 padded inside", `{"resourceType":"Binary","contentType":"a/b","data":"QQ==QQ=="}`, CodeValue, "Binary.data", "base64"},
	{"base64 of padding", `{"resourceType":"Binary","contentType":"a/b","data":"Q==="}`, CodeValue, "Binary.data", "base64"},
	{"empty base64", `{"resourceType":"Binary","contentType":"a/b","data":""}`, CodeValue, "Binary.data", "base64"},
	{"narrative without div", patient(`"text":{"status":"generated","div":"<p>x</p>"}`), CodeValue, "Patient.text.div", "<div>"},
	{"narrative of plain text", patient(`"text":{"status":"generated","div":"x"}`), CodeValue, "Patient.text.div", "<div>"},
	{"narrative that does not end", patient(`"text":{"status":"generated","div":"<div>x"}`), CodeValue, "Patient.text.div", "<div>"},
	{"narrative of another element", patient(`"text":{"status":"generated","div":"<divx>x</div>"}`), CodeValue, "Patient.text.div", "<div>"},

	// references
	{"reference of one part", observation(`"subject":{"reference":"1"}`), CodeValue, "Observation.subject.reference", "Type/id"},
	{"reference of three parts", observation(`"subject":{"reference":"Patient/1/2"}`), CodeValue, "Observation.subject.reference", "Type/id"},
	{"reference from the root", observation(`"subject":{"reference":"/Patient/1"}`), CodeValue, "Observation.subject.reference", "Type/id"},
	{"reference to an unknown type", observation(`"subject":{"reference":"Patent/1"}`), CodeValue, "Observation.subject.reference", "resource type"},
	{"reference in the wrong case", observation(`"subject":{"reference":"patient/1"}`), CodeValue, "Observation.subject.reference", "resource type"},
	{"reference to an illegal id", observation(`"subject":{"reference":"Patient/a_b"}`), CodeValue, "Observation.subject.reference", "legal id"},
	{"reference to no id", observation(`"subject":{"reference":"Patient/"}`), CodeValue, "Observation.subject.reference", "legal id"},
	{"reference to no version", observation(`"subject":{"reference":"Patient/1/_history/"}`), CodeValue, "Observation.subject.reference", "legal id"},
	{"reference by a wrong uuid", observation(`"subject":{"reference":"urn:uuid:1"}`), CodeValue, "Observation.subject.reference", "UUID"},
	{"reference by a wrong oid", observation(`"subject":{"reference":"urn:oid:x"}`), CodeValue, "Observation.subject.reference", "OID"},
	{"reference to a wrong fragment", observation(`"subject":{"reference":"#a b"}`), CodeValue, "Observation.subject.reference", "fragment"},
	{"URL with a space", observation(`"subject":{"reference":"http://a b/Patient/1"}`), CodeValue, "Observation.subject.reference", "URL"},
	{"URL of a scheme alone", observation(`"subject":{"reference":"http://"}`), CodeValue, "Observation.subject.reference", "URL"},
	{"conditional reference at rest", observation(`"subject":{"reference":"Patient?identifier=x"}`), CodeValue, "Observation.subject.reference", "Bundle"},
	{"reference in an extension", extension(`"valueReference":{"reference":"x"}`), CodeValue, "Patient.extension[0].value.reference", "Type/id"},
	{"reference in a contained resource", patient(`"contained":[{"resourceType":"Basic","code":{"text":"x"},"subject":{"reference":"x"}}]`), CodeValue, "Patient.contained[0].subject.reference", "Type/id"},

	// rules
	{"extension with both", extension(`"valueString":"x","extension":[{"url":"a","valueString":"b"}]`), CodeInvariant, "Patient.extension[0]", "ext-1"},
	{"extension with neither", patient(`"extension":[{"url":"http://example.org/x"}]`), CodeInvariant, "Patient.extension[0]", "ext-1"},
	{"contained in contained", patient(`"contained":[{"resourceType":"Organization","id":"o","contained":[{"resourceType":"Endpoint","id":"e","status":"active","connectionType":{"code":"x"},"payloadType":[{"text":"x"}],"address":"http://a"}]}]`), CodeStructure, "Patient.contained[0].contained[0]", "cannot contain others"},
}

func TestValidateFinds(t *testing.T) {
	for _, tt := range badResources {
		t.Run(tt.name, func(t *testing.T) {
			var found []string
			for _, i := range parse(t, tt.text).Validate() {
				if i.Severity != SeverityError {
					continue
				}
				found = append(found, fmt.Sprintf("%s at %s: %s", i.Code, i.Expression, i.Diagnostics))
				if i.Code == tt.code && i.Expression == tt.expression && strings.HasPrefix(i.Diagnostics, i.Expression+": ") && strings.Contains(i.Diagnostics, tt.want) {
					return
				}
			}
			t.Errorf("got %q\nwant %s at %s: …%s…", found, tt.code, tt.expression, tt.want)
		})
	}
}

// Each case of badResources breaks one rule, so it must give one error.
func TestValidateFindsOnce(t *testing.T) {
	more := map[string]bool{"unknown in a backbone": true, "null on both sides": true}
	for _, tt := range badResources {
		issues := parse(t, tt.text).Validate()
		if len(issues) != 1 && !more[tt.name] {
			t.Errorf("%s: %d findings: %v", tt.name, len(issues), issues)
		}
	}
}

func TestValidateWarns(t *testing.T) {
	for _, tt := range []struct{ name, text, expression, want string }{
		{"target of another type", observation(`"subject":{"reference":"Medication/1"}`), "Observation.subject.reference", "names a Medication; expected"},
		{"absolute target of another type", observation(`"subject":{"reference":"http://example.org/Medication/1/_history/2"}`), "Observation.subject.reference", "names a Medication"},
		{"fragment of nothing", observation(`"subject":{"reference":"#p"}`), "Observation.subject.reference", "no contained resource"},
		{"fragment of another resource", `{"resourceType":"Bundle","type":"batch","entry":[{"resource":` + patient(`"contained":[{"resourceType":"Organization","id":"o","name":"x"}]`) +
			`}],"signature":{"type":[{"code":"x"}],"when":"2024-01-01T00:00:00Z","who":{"reference":"#o"}}}`, "Bundle.signature.who.reference", "no contained resource"},
		{"empty reference", observation(`"subject":{"type":"Patient"}`), "Observation.subject", "should have reference"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			issues := parse(t, tt.text).Validate()
			if len(issues) != 1 || issues[0].Severity != SeverityWarning || issues[0].Expression != tt.expression || !strings.Contains(issues[0].Diagnostics, tt.want) {
				t.Errorf("got %v", issues)
			}
		})
	}
}

func TestValidateCap(t *testing.T) {
	text := patient(`"name":[` + strings.Repeat(`{"family":""},`, 500) + `{"x":1}],"telecom":[` + strings.Repeat(`7,`, 500) + `7]`)
	if n := len(parse(t, text).Validate()); n != maxIssues {
		t.Errorf("got %d findings", n)
	}
}

// Findings may be shown and logged, so they must not repeat values.
func TestValidateKeepsSecrets(t *testing.T) {
	for _, text := range []string{
		patient(`"birthDate":"1970-SECRET"`), patient(`"name":[{"family":"SECRET\u0007"}]`), patient(`"gender":" SECRET"`),
		observation(`"subject":{"reference":"SECRET"}`), observation(`"subject":{"reference":"#SECRET"}`), patient(`"text":{"status":"x","div":"SECRET"}`),
	} {
		issues := parse(t, text).Validate()
		if len(issues) == 0 || strings.Contains(string(Outcome(issues...)), "SECRET") {
			t.Errorf("%s: %v", text, issues)
		}
	}
}
