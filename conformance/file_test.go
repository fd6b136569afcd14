package conformance

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

// fileRows are sections 1.6 and 1.9.
var fileRows = []row{
	{"F-01", func(s *site) {
		for _, f := range s.export("/$export").Output {
			s.do("GET", f.URL, "").want(200).wantHeader("Content-Type", "application/fhir+ndjson")
		}
	}},
	{"F-02", func(s *site) {
		f := s.export("/$export?_type=Patient").Output[0]
		for _, accept := range []string{"Accept:", "Accept: */*", "Accept: application/json", "Accept: application/fhir+ndjson", "Accept: application/ndjson", "Accept: application/octet-stream"} {
			s.do("GET", f.URL, "", accept).want(200).wantHeader("Content-Type", "application/fhir+ndjson")
		}
	}},
	{"F-03", func(s *site) {
		s.put(`{"resourceType":"Patient","id":"lines","name":[{"family":"line\nend \u2028 ä"}]}`)
		for _, l := range s.export("/$export").lines {
			if l.text == "" || strings.ContainsAny(l.text, "\r\n") || strings.HasPrefix(l.text, "\ufeff") || l.typ() == "" {
				s.Errorf("%q", l.text)
			}
		}
	}},
	{"F-04", func(s *site) {
		f := s.export("/$export?_type=Patient").Output[0]
		s.as("").do("GET", f.URL, "").want(401)
		s.as("nonsense").do("GET", f.URL, "").want(401)
		s.as(s.token("all", "system/Observation.rs")).do("GET", f.URL, "").want(403)
	}},
	{"F-06", func(s *site) {
		f := s.export("/$export?_type=Patient").Output[0]
		plain := s.do("GET", f.URL, "", "Accept-Encoding: identity").want(200)
		if plain.header.Get("Content-Encoding") != "" {
			s.Error(plain.header)
		}
		packed := s.do("GET", f.URL, "", "Accept-Encoding: gzip, deflate, br").want(200).wantHeader("Content-Encoding", "gzip").wantHeader("Vary", "Accept-Encoding")
		z, err := gzip.NewReader(bytes.NewReader(packed.body))
		if err != nil {
			s.Fatal(err)
		}
		if text, err := io.ReadAll(z); err != nil || !bytes.Equal(text, plain.body) {
			s.Error(err)
		}
		if a := s.do("GET", f.URL, "", "Accept-Encoding: br").want(200); a.header.Get("Content-Encoding") != "" {
			s.Error(a.header)
		}
	}},
	{"F-07", func(s *site) {
		f := s.export("/$export?_type=Patient").Output[0]
		whole := s.do("GET", f.URL, "").want(200)
		part := s.do("GET", f.URL, "", "Range: bytes=5-9").want(206).wantHeader("Content-Range", fmt.Sprintf("bytes 5-9/%d", len(whole.body)))
		if !bytes.Equal(part.body, whole.body[5:10]) {
			s.Errorf("%q", part.body)
		}
	}},
	{"F-08", func(s *site) {
		s.put(patient("twice"), `{"resourceType":"Patient","id":"twice","active":false}`, `{"resourceType":"Patient","id":"twice","active":true}`)
		x := s.export("/$export?_type=Patient")
		if n := strings.Count(strings.Join(x.keys(), " ")+" ", "Patient/twice "); n != 1 {
			s.Error(n, "versions")
		}
		for _, l := range x.lines {
			if l.key() == "Patient/twice" && l.json["active"] != true {
				s.Error(l.text)
			}
		}
	}},
	{"F-09", func(s *site) {
		for _, l := range s.export("/$export").lines {
			if !strings.Contains(l.member("meta"), `"lastUpdated":"`) {
				s.Errorf("%s has no lastUpdated", l.key())
			}
		}
	}},
	{"F-11", func(s *site) {
		x := s.export("/$export?_type=Patient")
		s.do("GET", x.Output[0].URL+"x", "").want(404).outcome()
		s.do("GET", "/$export-file/AAAAAAAAAAAAAAAAAAAAAAAAAA/Patient.0001.ndjson", "").want(404).outcome()
		s.do("GET", strings.Replace(x.Output[0].URL, "/Patient.", "/..%2F..%2FPatient.", 1), "").want(400, 404).outcome()
	}},
	{"F-12", func(s *site) {
		s.put(`{"resourceType":"Observation","id":"holds","status":"final","contained":[{"resourceType":"Practitioner","id":"k"}],"code":{"text":"x"},"performer":[{"reference":"#k"}],"subject":{"reference":"Patient/p1"}}`)
		s.export("/Group/g1/$export?_type=Observation").has("Observation/holds")
	}},
	{"O-01", func(s *site) {
		x := s.export("/Group/g1/$export?organizeOutputBy=Patient")
		var patients []string
		lead := ""
		for i, l := range x.lines {
			if l.typ() == "Parameters" {
				lead = strings.TrimSuffix(strings.TrimPrefix(l.member("parameter"), `[{"name":"header","valueReference":{"reference":"`), `"}}]`)
				patients = append(patients, lead)
				if x.lines[i+1].key() != lead {
					s.Errorf("after the header of %s comes %s", lead, x.lines[i+1].key())
				}
			} else if l.key() != lead && !strings.Contains(l.text, lead) && l.typ() != "Provenance" {
				s.Errorf("%s is in the block of %s", l.key(), lead)
			}
		}
		if want := []string{"Patient/p1", "Patient/p2"}; !slices.Equal(patients, want) || x.lines[0].typ() != "Parameters" {
			s.Error(patients)
		}
		s.export("/Patient/$export?organizeOutputBy=Patient").has("Patient/p3", "Observation/x3", "Provenance/pv5")
	}},
	{"O-02", func(s *site) {
		small := openSite(s.T, map[string]string{"bulk_export.file_max_capacity": "3"})
		small.put(seed...)
		x := small.export("/Group/g1/$export?organizeOutputBy=Patient").has("Patient/p1", "Patient/p2", "MedicationRequest/m3")
		heads := map[string]int{}
		for i, f := range x.Output {
			n := slices.IndexFunc(x.lines, func(l line) bool { return l.file == f.URL })
			if heads[x.lines[n].member("parameter")]++; x.lines[n].typ() != "Parameters" {
				s.Errorf("%s begins without a header", f.URL)
			}
			if next := f.ContinuesInFile; next != "" && next != x.Output[i+1].URL {
				s.Errorf("%s goes on in %s", f.URL, next)
			}
		}
		for head, files := range heads { // each block that is split says so in all of its files but the last
			said := 0
			for i, f := range x.Output {
				n := slices.IndexFunc(x.lines, func(l line) bool { return l.file == f.URL })
				if x.lines[n].member("parameter") == head && x.Output[i].ContinuesInFile != "" {
					said++
				}
			}
			if said != files-1 {
				s.Errorf("%s is in %d files, %d go on", head, files, said)
			}
		}
		if len(x.Output) < 3 {
			s.Error(len(x.Output), "files")
		}
	}},
	{"O-03", func(s *site) {
		s.export("/Group/g1/$export?organizeOutputBy=Patient").has("Provenance/pv1", "Provenance/pv3").lacks("Group/g1", "Organization/o1")
	}},
	{"A-01", func(s *site) {
		for _, l := range s.export("/Patient/$export?_type=DocumentReference").lines {
			text := l.member("content")
			if !strings.Contains(text, `"contentType"`) || !strings.Contains(text, `"url"`) && !strings.Contains(text, `"data"`) {
				s.Errorf("%s: %s", l.key(), text)
			}
		}
	}},
	{"A-02", func(s *site) {
		for _, path := range levels {
			if at := s.attachment(path + "?_type=DocumentReference"); at != s.base+"/Binary/b1" {
				s.Error(path, at)
			}
		}
	}},
	{"A-03", func(s *site) {
		at := s.attachment("/Patient/$export?_type=DocumentReference")
		s.do("GET", at, "", "Accept: application/pdf").want(200)
		s.as("").do("GET", at, "").want(401)
		s.as(s.token("all", "system/DocumentReference.rs system/Binary.r")).do("GET", at, "", "Accept: application/pdf").want(200)
		s.as(s.token("all", "system/DocumentReference.rs")).do("GET", at, "", "Accept: application/pdf").want(200)
		s.as(s.token("all", "system/Observation.rs")).do("GET", at, "", "Accept: application/pdf").want(403)
	}},
	{"A-04", func(s *site) {
		at := s.attachment("/Patient/$export?_type=DocumentReference")
		if a := s.do("GET", at, "", "Accept: application/pdf").want(200).wantHeader("Content-Type", "application/pdf"); string(a.body) != "Hello" {
			s.Errorf("%q", a.body)
		}
		if a := s.do("GET", at, "", "Accept: application/fhir+json").want(200).wantHeader("Content-Type", "application/fhir+json"); !strings.Contains(string(a.body), `"resourceType":"Binary"`) {
			s.Errorf("%s", a.body)
		}
	}},
}

// attachment exports and returns the address of the attachment of DocumentReference/dr1.
func (s *site) attachment(path string) string {
	s.Helper()
	for _, l := range s.export(path).lines {
		if l.key() == "DocumentReference/dr1" {
			_, rest, _ := strings.Cut(l.member("content"), `"url":"`)
			at, _, _ := strings.Cut(rest, `"`)
			return at
		}
	}
	s.Fatal("no DocumentReference/dr1")
	return ""
}

// TestConformanceLargeAttachments: with bulk_export.inline_attachment_max, larger inline data goes out by address, which
// opens with the same credential and no other.
func TestConformanceLargeAttachments(t *testing.T) {
	t.Parallel()
	s := openSite(t, map[string]string{"bulk_export.inline_attachment_max": "10"})
	s.put(patient("p1"), `{"resourceType":"DocumentReference","id":"large","status":"current","subject":{"reference":"Patient/p1"},"content":[`+
		`{"attachment":{"contentType":"text/plain","data":"SGk="}},{"attachment":{"contentType":"text/plain","data":"SGVsbG8sIHdvcmxk"}}]}`)
	var text string
	for _, l := range s.export("/Patient/p1/$export?_type=DocumentReference").lines {
		if l.key() == "DocumentReference/large" {
			text = l.text
		}
	}
	_, rest, _ := strings.Cut(text, `"url":"`)
	at, _, _ := strings.Cut(rest, `"`)
	if !strings.Contains(text, `"data":"SGk="`) || strings.Contains(text, "SGVsbG8") || at != s.base+"/DocumentReference/large/_history/1/$attachment?n=1" {
		t.Fatal(text)
	}
	if a := s.do("GET", at, "", "Accept: text/plain").want(200).wantHeader("Content-Type", "text/plain"); string(a.body) != "Hello, world" {
		t.Errorf("%q", a.body)
	}
	s.as("").do("GET", at, "").want(401)
	s.as(s.token("all", "system/Observation.rs")).do("GET", at, "").want(403)
	s.do("GET", strings.Replace(at, "n=1", "n=7", 1), "").want(404).outcome()
	s.do("GET", strings.Replace(at, "?n=1", "", 1), "").want(404).outcome()
}
