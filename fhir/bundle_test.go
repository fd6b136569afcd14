package fhir

import (
	"errors"
	"reflect"
	"testing"
)

func TestBundleEntries(t *testing.T) {
	d, err := ParseBundle([]byte(`{"resourceType":"Bundle","type":"transaction","entry":[
 {"fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient", "active":true},"request":{"method":"PUT","url":"Patient/1","ifMatch":"W/\"2\"","ifNoneExist":"identifier=a&b"}},
 {"request":{"method":"GET","url":"Patient?name=\u00fc","ifNoneMatch":"W/\"3\"","ifModifiedSince":"2024-05-31T00:00:00Z"}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	got, err := BundleEntries(d)
	want := []BundleEntry{
		{Index: 0, FullURL: "urn:uuid:1", Resource: []byte(`{"resourceType":"Patient","active":true}`), Method: "PUT", URL: "Patient/1", IfMatch: `W/"2"`, IfNoneExist: "identifier=a&b"},
		{Index: 1, Method: "GET", URL: "Patient?name=ü", IfNoneMatch: `W/"3"`, IfModifiedSince: "2024-05-31T00:00:00Z"},
	}
	if err != nil || !reflect.DeepEqual(got, want) || BundleType(d) != "transaction" {
		t.Errorf("got %+v, %v, %q", got, err, BundleType(d))
	}
}

func TestBundleEntriesOfNone(t *testing.T) {
	got, err := BundleEntries(parse(t, `{"resourceType":"Bundle"}`))
	if len(got) != 0 || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestBundleEntriesRefuses(t *testing.T) {
	for _, tt := range []struct{ text, expression string }{
		{`{"resourceType":"Patient","entry":[]}`, ""},
		{`{"resourceType":"Bundle","entry":{}}`, "Bundle.entry"},
		{`{"resourceType":"Bundle","entry":[{},7]}`, "Bundle.entry[1]"},
		{`{"resourceType":"Bundle","entry":[{"resource":[]}]}`, "Bundle.entry[0].resource"},
		{`{"resourceType":"Bundle","entry":[{"fullUrl":1}]}`, "Bundle.entry[0].fullUrl"},
		{`{"resourceType":"Bundle","entry":[{"request":"POST"}]}`, "Bundle.entry[0].request"},
		{`{"resourceType":"Bundle","entry":[{"request":{"method":null}}]}`, "Bundle.entry[0].request.method"},
	} {
		_, err := BundleEntries(parse(t, tt.text))
		var e *Error
		if !errors.As(err, &e) || e.Expression != tt.expression {
			t.Errorf("%s: got %v", tt.text, err)
		}
	}
}

func TestParameters(t *testing.T) {
	d, err := ParseParameters([]byte(`{"resourceType":"Parameters","parameter":[{"name":"_type","valueString":"Patient"},{"name":"_since","valueInstant":"2024-05-31T00:00:00Z"},
 {"name":"patient","valueReference":{"reference":"Patient/1"}},{"name":"full","valueBoolean":true},{"name":"period","valuePeriod":{"start": "2024"}},
 {"name":"list","part":[{"name":"r","resource":{"resourceType":"Patient"}}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parameters(d)
	want := []Parameter{
		{Name: "_type", Type: "string", Value: "Patient"},
		{Name: "_since", Type: "instant", Value: "2024-05-31T00:00:00Z"},
		{Name: "patient", Type: "Reference", Value: "Patient/1"},
		{Name: "full", Type: "boolean", Value: "true"},
		{Name: "period", Type: "Period", Value: `{"start":"2024"}`},
		{Name: "list", Parts: []Parameter{{Name: "r", Resource: []byte(`{"resourceType":"Patient"}`)}}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, text := range []string{`{"resourceType":"Parameters","parameter":{}}`, `{"resourceType":"Parameters","parameter":[{"valueString":"x"}]}`, `{"resourceType":"Parameters","parameter":[7]}`} {
		d, err := ParseParameters([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Parameters(d); err == nil {
			t.Errorf("%s passed", text)
		}
	}
}
