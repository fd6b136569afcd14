package fhir

import (
	"fmt"
	"testing"
)

// own are the bases of the server in these tests.
var own = NewBases("https://practice.example/fhir/", "http://OLD.example:80/r4", "no url", "ftp://x/y")

func TestParseReference(t *testing.T) {
	const uuid = "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"
	for _, c := range []struct {
		text, want string // want: form, type, id, version, query, and whether it is this server's
	}{
		{"Patient/1", "relative Patient 1 own"},
		{"Patient/1/", "relative Patient 1 own"},
		{"./Patient/1", "relative Patient 1 own"},
		{"Patient/1/_history/3", "relative Patient 1 v3 own"},
		{"Patient/1?_format=json", "relative Patient 1 own"},
		{"Patient/1#x", "relative Patient 1 own"},
		{"https://practice.example/fhir/Patient/1", "absolute Patient 1 own"},
		{"http://Practice.Example:80/fhir/Patient/1/_history/3", "absolute Patient 1 v3 own"},
		{"HTTPS://practice.example:443/fhir/Patient/1/?_format=json#x", "absolute Patient 1 own"},
		{"https://old.example/r4/Patient/1", "absolute Patient 1 own"},
		{"https://old.example/R4/Patient/1", "absolute Patient 1"},
		{"https://old.example:8443/r4/Patient/1", "absolute Patient 1"},
		{"https://practice.example/fhir/x/Patient/1", "absolute Patient 1"},
		{"https://practice.example/Patient/1", "absolute Patient 1"},
		{"https://other.example/fhir/Patient/1", "absolute Patient 1"},
		{"https://practice.example.evil.example/fhir/Patient/1", "absolute Patient 1"},
		{"https://practice.example@evil.example/fhir/Patient/1", "absolute Patient 1"},
		{"Patient?identifier=urn:mrn|1", "conditional Patient ?identifier=urn:mrn|1"},
		{"https://practice.example/fhir/Patient?identifier=urn:mrn|1", "conditional Patient ?identifier=urn:mrn|1"},
		{"#x", "contained x"}, {"#", "contained"},
		{uuid, "urn"}, {"URN:UUID:C757873D-EC9A-4326-A141-556F43239520", "urn"}, {"Urn:oid:1.2.3", "urn"},
		{"urn:isbn:1", "other"}, {"mailto:a@b", "other"}, {"https://x/scan.pdf", "other"}, {"ftp://x/fhir/Patient/1", "other"},
		{"urn:x/Patient/1", "other"}, {"https://Patient/1", "other"},
		{"", "none"}, {"1", "none"}, {"patient/1", "none"}, {"/Patient/1", "none"}, {" Patient/1 ", "none"}, {"Patient/", "none"},
		{"a/Patient/1", "none"}, {"Patient/1/_history/", "none"}, {"Patient/1/_history/a b", "none"}, {"Patient/..", "none"},
		{"Parameters/1", "none"}, {"Patient?", "none"}, {"Patient/1/Observation", "none"}, {"Patient/1#a b", "none"},
	} {
		if got := tell(ParseReference(c.text)); got != c.want {
			t.Errorf("%q: %s, want %s", c.text, got, c.want)
		}
	}
	if a, b := ParseReference(uuid).URN(), ParseReference("URN:UUID:C757873D-EC9A-4326-A141-556F43239520").URN(); a != b || a == "" {
		t.Errorf("%q and %q", a, b)
	}
	if r := parseCanonical("http://x/Questionnaire/q|2"); r.Version != "2" || r.Text != "http://x/Questionnaire/q" || r.ID != "q" {
		t.Errorf("canonical %+v", r)
	}
}

// tell writes what a reference names.
func tell(r Reference) string {
	forms := map[Form]string{FormNone: "none", FormRelative: "relative", FormAbsolute: "absolute", FormContained: "contained", FormURN: "urn", FormConditional: "conditional", FormOther: "other"}
	s := forms[r.Form]
	for _, part := range []string{r.Type, r.ID} {
		if part != "" {
			s += " " + part
		}
	}
	if r.Version != "" {
		s += " v" + r.Version
	}
	if r.Query != "" {
		s += " ?" + r.Query
	}
	if own.Owns(r) {
		s += " own"
	}
	return s
}

func TestPatientID(t *testing.T) {
	for text, want := range map[string]string{
		"1": "1", "Patient/1": "1", "https://practice.example/fhir/Patient/1": "1",
		"Patient/1/_history/2": "1", "https://other.example/fhir/Patient/1": "", "Group/1": "", "": "", "Patient/": "", "Patient?x=y": "", "patient/1": "", "a b": "",
	} {
		if id, ok := own.PatientID(text); id != want || ok != (want != "") {
			t.Errorf("%q: %q %t", text, id, ok)
		}
	}
}

func TestBases(t *testing.T) {
	if got := fmt.Sprint(own.URLs(), own.Len(), Bases{}.URLs(), Bases{}.Len(), Bases{}.Has("")); got != "[https://practice.example/fhir http://OLD.example:80/r4] 2 [] 0 false" {
		t.Error(got)
	}
	if more := own.With("http://practice.example/fhir", ""); more != own {
		t.Error("a base that is known makes another set")
	}
	if more := own.With("https://new.example/fhir"); more.Len() != 3 || !more.Has("http://new.example/fhir/") {
		t.Error(more.URLs())
	}
}

// A version does not hide what an entry of a Bundle became, nor do large letters (R4 bundle.html#references).
func TestLinks(t *testing.T) {
	var links Links
	links.Add("http://old.example/fhir/Patient/77", "Patient/a")
	links.Add("Patient/77", "Patient/a")
	links.Add("urn:uuid:c757873d-ec9a-4326-a141-556f43239520", "Patient/b")
	for text, want := range map[string]string{
		"Patient/77": "Patient/a", "Patient/77/_history/3": "Patient/a", "http://old.example/fhir/Patient/77/_history/1": "Patient/a",
		"URN:UUID:C757873D-ec9a-4326-a141-556f43239520": "Patient/b", "Patient/78": "", "http://other.example/fhir/Patient/77": "",
	} {
		if got, _ := links.Find(text); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
