package fhir

import (
	"errors"
	"strings"
	"testing"
)

// deep nests n objects in extensions below a Patient.
func deep(n int) string {
	return `{"resourceType":"Patient","extension":` + strings.Repeat(`[{"extension":`, n) + `[]` + strings.Repeat(`}]`, n) + `}`
}

var goodTexts = []struct{ name, text, want string }{
	{"least", `{"resourceType":"Patient"}`, `{"resourceType":"Patient"}`},
	{"white space goes", " {\r\n\t\"resourceType\" : \"Patient\" ,\n \"active\" : true }\n", `{"resourceType":"Patient","active":true}`},
	{"white space in strings stays", `{"resourceType":"Patient","language":" a  b "}`, `{"resourceType":"Patient","language":" a  b "}`},
	{"digits stay", `{"resourceType":"Observation","valueQuantity":{"value":1.00}}`, `{"resourceType":"Observation","valueQuantity":{"value":1.00}}`},
	{"exponents stay", `{"resourceType":"Observation","valueQuantity":{"value":1E+02}}`, `{"resourceType":"Observation","valueQuantity":{"value":1E+02}}`},
	{"many digits stay", `{"resourceType":"Observation","valueQuantity":{"value":-0.12345678901234567890123}}`, `{"resourceType":"Observation","valueQuantity":{"value":-0.12345678901234567890123}}`},
	{"escapes stay", `{"resourceType":"Patient","language":"\u00fc\/\ud83d\ude00"}`, `{"resourceType":"Patient","language":"\u00fc\/\ud83d\ude00"}`},
	{"order stays", `{"id":"a","active":true,"resourceType":"Patient"}`, `{"id":"a","active":true,"resourceType":"Patient"}`},
	{"escaped zero-like text", `{"resourceType":"Patient","language":"\\u0000"}`, `{"resourceType":"Patient","language":"\\u0000"}`},
	{"escaped name", `{"resource\u0054ype":"Patient"}`, `{"resource\u0054ype":"Patient"}`},
	{"names differ by case", `{"resourceType":"Patient","ResourceType":"x"}`, `{"resourceType":"Patient","ResourceType":"x"}`},
	{"quotes in strings", `{"resourceType":"Patient","language":"\"}{\"\\"}`, `{"resourceType":"Patient","language":"\"}{\"\\"}`},
	{"Bundle of Parameters", `{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Parameters"}}]}`, `{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Parameters"}}]}`},
	{"deepest", deep(31), deep(31)},
}

func TestParse(t *testing.T) {
	for _, tt := range goodTexts {
		t.Run(tt.name, func(t *testing.T) {
			d, err := Parse([]byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if got := string(d.JSON()); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

var badTexts = []struct {
	name, text string
	code       Code
	want       string // in the diagnostics
}{
	{"nothing", "", CodeStructure, "empty"},
	{"white space", " \n", CodeStructure, "empty"},
	{"BOM", "\xef\xbb\xbf{\"resourceType\":\"Patient\"}", CodeStructure, "byte order mark"},
	{"UTF-16 little", "\xff\xfe{\x00", CodeStructure, "UTF-16"},
	{"UTF-16 big", "\xfe\xff\x00{", CodeStructure, "UTF-16"},
	{"XML", `<Patient xmlns="http://hl7.org/fhir"/>`, CodeStructure, "broken JSON at byte 0"},
	{"array", `[{"resourceType":"Patient"}]`, CodeStructure, "not a JSON object"},
	{"string", `"Patient"`, CodeStructure, "not a JSON object"},
	{"null", `null`, CodeStructure, "not a JSON object"},
	{"number", `12`, CodeStructure, "not a JSON object"},
	{"literal in capitals", `{"resourceType":"Patient","active":True}`, CodeStructure, "Patient.active: broken JSON at byte 35"},
	{"cut off", `{"resourceType":"Patient","name":[{"family":"x"`, CodeStructure, "ends inside"},
	{"cut off in a string", `{"resourceType":"Patient","language":"d`, CodeStructure, "ends inside"},
	{"one brace too many", `{"resourceType":"Patient"}}`, CodeStructure, "byte 26"},
	{"two resources", `{"resourceType":"Patient"}{"resourceType":"Patient"}`, CodeStructure, "byte 26"},
	{"trailing text", `{"resourceType":"Patient"} x`, CodeStructure, "byte 27"},
	{"trailing comma in object", `{"resourceType":"Patient",}`, CodeStructure, "broken JSON at byte 26"},
	{"trailing comma in array", `{"resourceType":"Patient","name":[{},]}`, CodeStructure, "broken JSON at byte 37"},
	{"missing comma", `{"resourceType":"Patient" "active":true}`, CodeStructure, "broken JSON"},
	{"missing colon", `{"resourceType" "Patient"}`, CodeStructure, "broken JSON"},
	{"single quotes", `{'resourceType':'Patient'}`, CodeStructure, "broken JSON"},
	{"name without quotes", `{resourceType:"Patient"}`, CodeStructure, "broken JSON"},
	{"comment", `{"resourceType":"Patient"/* x */}`, CodeStructure, "broken JSON"},
	{"NaN", `{"resourceType":"Observation","valueQuantity":{"value":NaN}}`, CodeStructure, "Observation.valueQuantity.value: broken JSON"},
	{"leading zero", `{"resourceType":"Observation","valueInteger":012}`, CodeStructure, "broken JSON"},
	{"leading plus", `{"resourceType":"Observation","valueInteger":+1}`, CodeStructure, "broken JSON"},
	{"no digit after the point", `{"resourceType":"Observation","valueQuantity":{"value":1.}}`, CodeStructure, "broken JSON"},
	{"no digit before the point", `{"resourceType":"Observation","valueQuantity":{"value":.5}}`, CodeStructure, "broken JSON"},
	{"hex", `{"resourceType":"Observation","valueInteger":0x1}`, CodeStructure, "broken JSON"},
	{"line end in a string", "{\"resourceType\":\"Patient\",\"language\":\"a\nb\"}", CodeStructure, "broken JSON"},
	{"unknown escape", `{"resourceType":"Patient","language":"\x"}`, CodeStructure, "broken JSON"},
	{"short escape", `{"resourceType":"Patient","language":"\u00f"}`, CodeStructure, "broken JSON"},
	{"invalid UTF-8", "{\"resourceType\":\"Patient\",\"language\":\"\xff\"}", CodeStructure, "UTF-8"},
	{"Latin-1", "{\"resourceType\":\"Patient\",\"language\":\"M\xfcller\"}", CodeStructure, "UTF-8"},
	{"overlong UTF-8", "{\"resourceType\":\"Patient\",\"language\":\"\xc0\xaf\"}", CodeStructure, "UTF-8"},
	{"surrogate in UTF-8", "{\"resourceType\":\"Patient\",\"language\":\"\xed\xa0\x80\"}", CodeStructure, "UTF-8"},
	{"lone high surrogate", `{"resourceType":"Patient","language":"\ud800"}`, CodeStructure, "surrogate"},
	{"lone low surrogate", `{"resourceType":"Patient","language":"\udc00"}`, CodeStructure, "surrogate"},
	{"surrogates swapped", `{"resourceType":"Patient","language":"\ude00\ud83d"}`, CodeStructure, "surrogate"},
	{"zero character", `{"resourceType":"Patient","language":"a\u0000"}`, CodeStructure, "zero character"},
	{"zero character in a name", `{"resourceType":"Patient","a\u0000":1}`, CodeStructure, "zero character"},
	{"raw zero byte", "{\"resourceType\":\"Patient\",\"language\":\"\x00\"}", CodeStructure, "broken JSON"},
	{"duplicate", `{"resourceType":"Patient","name":[{"family":"a","family":"b"}]}`, CodeStructure, `Patient.name[0]: duplicate property "family"`},
	{"duplicate at the root", `{"resourceType":"Patient","id":"a","id":"b"}`, CodeStructure, `Patient: duplicate property "id"`},
	{"duplicate by escape", `{"resourceType":"Patient","id":"a","\u0069d":"b"}`, CodeStructure, `Patient: duplicate property "id"`},
	{"duplicate before the type", `{"meta":{"source":"a","source":"b"},"resourceType":"Patient"}`, CodeStructure, `Patient.meta: duplicate property "source"`},
	{"too deep", deep(32), CodeStructure, "deeper than 64"},
	{"much too deep", strings.Repeat("[", 5000) + strings.Repeat("]", 5000), CodeStructure, "deeper than 64"},
	{"bottomless", strings.Repeat("[", 200000), CodeStructure, "broken JSON"},
	{"no type", `{}`, CodeRequired, "resourceType is missing"},
	{"type in the wrong case", `{"ResourceType":"Patient"}`, CodeRequired, "resourceType is missing"},
	{"unknown type", `{"resourceType":"Patent"}`, CodeInvalid, `"Patent"`},
	{"type value in the wrong case", `{"resourceType":"patient"}`, CodeInvalid, `"patient"`},
	{"abstract type", `{"resourceType":"DomainResource"}`, CodeInvalid, `"DomainResource"`},
	{"data type", `{"resourceType":"HumanName"}`, CodeInvalid, `"HumanName"`},
	{"type of a later release", `{"resourceType":"SubscriptionStatus"}`, CodeInvalid, `"SubscriptionStatus"`},
	{"backbone", `{"resourceType":"Patient.contact"}`, CodeInvalid, `"Patient.contact"`},
	{"Parameters cannot be stored", `{"resourceType":"Parameters"}`, CodeInvalid, "not allowed here"},
	{"type is no string", `{"resourceType":{"a":"Patient"}}`, CodeStructure, "must be a string"},
	{"type is null", `{"resourceType":null}`, CodeStructure, "must be a string"},
	{"empty id", `{"resourceType":"Patient","id":""}`, CodeValue, "Patient.id: not a legal id"},
	{"id with a slash", `{"resourceType":"Patient","id":"a/b"}`, CodeValue, "Patient.id"},
	{"id with an underscore", `{"resourceType":"Patient","id":"a_b"}`, CodeValue, "Patient.id"},
	{"id of dots", `{"resourceType":"Patient","id":".."}`, CodeValue, "Patient.id"},
	{"id too long", `{"resourceType":"Patient","id":"` + strings.Repeat("a", 65) + `"}`, CodeValue, "Patient.id"},
	{"id is a number", `{"resourceType":"Patient","id":1}`, CodeValue, "Patient.id"},
	{"id is null", `{"resourceType":"Patient","id":null}`, CodeValue, "Patient.id"},
	{"meta is an array", `{"resourceType":"Patient","meta":[]}`, CodeStructure, "Patient.meta"},
	{"meta is null", `{"resourceType":"Patient","meta":null}`, CodeStructure, "Patient.meta"},
	{"contained without type", `{"resourceType":"Patient","contained":[{"resourceType":"Organization"},{"id":"a"}]}`, CodeRequired, "Patient.contained[1].resourceType is missing"},
	{"contained unknown", `{"resourceType":"Patient","contained":[{"resourceType":"Nobody"}]}`, CodeInvalid, `Patient.contained[0].resourceType "Nobody"`},
	{"entry unknown", `{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Nobody"}}]}`, CodeInvalid, "Bundle.entry[0].resource.resourceType"},
	{"contained in an entry unknown", `{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient","contained":[{"resourceType":"Nobody"}]}}]}`, CodeInvalid, "Bundle.entry[0].resource.contained[0].resourceType"},
	{"outcome unknown", `{"resourceType":"Bundle","entry":[{"response":{"outcome":{"resourceType":"Nobody"}}}]}`, CodeInvalid, "Bundle.entry[0].response.outcome.resourceType"},
	{"parameter unknown", `{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Parameters","parameter":[{"part":[{"resource":{"resourceType":"Nobody"}}]}]}}]}`, CodeInvalid, "parameter[0].part[0].resource.resourceType"},
}

func TestParseRefuses(t *testing.T) {
	for _, tt := range badTexts {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse([]byte(tt.text))
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want an *Error", err)
			}
			if e.Code != tt.code || !strings.Contains(e.Diagnostics, tt.want) {
				t.Errorf("got %s %q\nwant %s and %q", e.Code, e.Diagnostics, tt.code, tt.want)
			}
			if strings.Contains(e.Diagnostics, "\n") || len(e.Diagnostics) > 500 {
				t.Errorf("not one short line: %q", e.Diagnostics)
			}
		})
	}
}

func TestParseSize(t *testing.T) {
	head, tail := `{"resourceType":"Binary","contentType":"text/plain","data":"`, `"}`
	fit := head + strings.Repeat("A", MaxResourceSize-len(head)-len(tail)) + tail
	if _, err := Parse([]byte(fit)); err != nil {
		t.Errorf("a resource of exactly the limit: %v", err)
	}
	var e *Error
	if _, err := Parse([]byte(" " + fit)); !errors.As(err, &e) || e.Code != CodeTooLong {
		t.Errorf("one byte over the limit: got %v", err)
	}
}

// A refused text must not leave anything of the last one behind.
func TestResetAfterError(t *testing.T) {
	var d Document
	if err := d.Reset([]byte(`{"resourceType":"Patient","id":"a"}`)); err != nil {
		t.Fatal(err)
	}
	if d.Reset([]byte(`{"resourceType":"Patient","id":"_"}`)) == nil {
		t.Fatal("an illegal id passed")
	}
	if d.Type() != "" || d.ID() != "" || len(d.JSON()) != 0 || d.root().ok() || len(d.Validate()) != 1 {
		t.Errorf("left over: %q %q %q", d.Type(), d.ID(), d.JSON())
	}
}

// Parse must not keep the caller's bytes, and ids must outlive a Reset.
func TestParseCopies(t *testing.T) {
	data := []byte(`{"resourceType":"Patient","id":"abc"}`)
	d, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	id := d.ID()
	clear(data)
	if string(d.JSON()) != `{"resourceType":"Patient","id":"abc"}` {
		t.Errorf("got %s", d.JSON())
	}
	if err := d.Reset([]byte(`{"resourceType":"Device","id":"xyz"}`)); err != nil || id != "abc" || d.ID() != "xyz" || d.Type() != "Device" {
		t.Errorf("got %q, %q, %v", id, d.ID(), err)
	}
}

// Without the race detector, under which the pools inside the decoder forget at random.
func TestResetAllocations(t *testing.T) {
	if raceDetector {
		t.Skip("allocations are not counted under the race detector")
	}
	data := []byte(benchObservation)
	var d Document
	if n := testing.AllocsPerRun(100, func() { _ = d.Reset(data) }); n > 2 {
		t.Errorf("Reset allocates %v times", n)
	}
}

func TestParseBundle(t *testing.T) {
	wrap := func(resource string) []byte {
		return []byte(`{"resourceType":"Bundle","type":"batch","entry":[{"resource":` + resource + `}]}`)
	}
	if _, err := ParseBundle(wrap(deep(31))); err != nil {
		t.Errorf("a Bundle of a legal resource: %v", err)
	}
	if _, err := Parse(wrap(deep(31))); err == nil {
		t.Error("as a single resource it is too deep")
	}
	if _, err := ParseBundle([]byte(`{"resourceType":"Patient"}`)); err == nil {
		t.Error("a Patient passed as a Bundle")
	}
}
