package conformance

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

// smileRows are behaviours that Smile CDR's exports have and that no row of the specification covers, by their number in
// docs/conformance.md.
var smileRows = []row{
	{"02", func(s *site) {
		behind := openSite(s.T, map[string]string{"http.public_url": "https://records.example.org/practice"})
		behind.put(patient("p1"))
		const base = "https://records.example.org/practice/fhir"
		x := behind
		at := x.do("GET", "/$export?_type=Patient", "", asyncHeaders...).want(202).wantHeader("Content-Location", base).header.Get("Content-Location")
		here := func(at string) string { return strings.Replace(at, base, behind.base, 1) }
		a := x.do("GET", here(at), "")
		for a.status == 202 {
			a = x.do("GET", here(at), "")
		}
		var m manifestOf
		if a.want(200).decode(&m); !strings.HasPrefix(m.Output[0].URL, base) || !strings.HasPrefix(m.Request, base) {
			s.Errorf("%s", a.body)
		}
		x.do("GET", here(m.Output[0].URL), "").want(200)
	}},
	{"04", func(s *site) {
		if types := s.export("/$export?_type=Patient,%20Condition&_outputFormat=ndjson&_since=2020-01-01T00:00:00Z").types(); !slices.Equal(types, []string{"Condition", "Patient"}) {
			s.Error(types)
		}
	}},
	{"15", func(s *site) {
		id := s.stuck("all")
		s.do("POST", "/$export-poll-status", parameters("_jobId valueString "+id)).want(202)
		s.drop(s.statusOf(id))
		s.do("POST", "/$export-poll-status", parameters("_jobId valueString "+id)).want(404).outcome()
	}},
	{"16", func(s *site) { s.do("POST", "/$export-poll-status", parameters()).want(400).outcome() }},
	{"20", func(s *site) {
		s.refuse("/Patient/$export?_type=Group").want(400)
		s.refuse("/Patient/$export?_type=Patient,List").want(400)
	}},
	{"22", func(s *site) {
		s.post("/Patient/$export", "patient valueReference Patient/p1", "patient valueString Patient/p3", "_type valueString Patient").is("Patient/p1", "Patient/p3")
	}},
	{"23", func(s *site) {
		a, b := s.kickOff("/$export", "Cache-Control: no-cache"), s.kickOff("/$export")
		if a == b {
			s.Error("the same job")
		}
		s.drop(a)
		s.wait(b)
	}},
	{"31", func(s *site) {
		if x := s.export("/$export?_exportId=monthly&_type=Patient"); !strings.Contains(string(x.answer.body), `"exportId":"monthly"`) {
			s.Errorf("%s", x.answer.body)
		}
	}},
	{"39", func(s *site) {
		one := openSite(s.T, map[string]string{"bulk_export.file_max_capacity": "1"})
		one.put(seed...)
		if x := one.export("/$export"); len(x.Output) != len(seed) || len(x.lines) != len(seed) {
			s.Error(len(x.Output), len(x.lines), len(seed))
		}
	}},
	{"45", func(s *site) {
		a, b := s.export("/Group/g1/$export"), s.export("/Group/g1/$export")
		if !slices.Equal(a.keys(), b.keys()) {
			s.Error(a.keys(), b.keys())
		}
	}},
	{"49", func(s *site) {
		s.put(`{"resourceType":"Coverage","id":"cov","status":"active","beneficiary":{"reference":"Patient/p2"},"payor":[{"reference":"Organization/o1"}]}`)
		s.export("/Group/g1/$export").has("Group/g1", "Patient/p1", "Observation/x1", "Coverage/cov").lacks("Group/g4", "Group/g3")
	}},
	{"52", func(s *site) {
		s.put(patient("hist"), `{"resourceType":"Patient","id":"hist","active":true}`, `{"resourceType":"Patient","id":"hist","active":false}`)
		if n := strings.Count(strings.Join(s.export("/$export?_type=Patient&_includeHistory=true").keys(), " ")+" ", "Patient/hist "); n != 3 {
			s.Error(n, "versions")
		}
	}},
	{"54", func(s *site) {
		s.put(`{"resourceType":"Observation","id":"tagged","meta":{"security":[{"system":"urn:s","code":"R"}]},"status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p1"}}`)
		s.export("/Group/g1/$export?_type=Observation&_typeFilter=" + url.QueryEscape("Observation?_security=urn:s|R")).is("Observation/tagged")
	}},
	{"55", func(s *site) {
		s.put(`{"resourceType":"Basic","id":"authored","code":{"text":"b"},"author":{"reference":"Patient/p1"}}`,
			`{"resourceType":"QuestionnaireResponse","id":"answered","status":"completed","author":{"reference":"Patient/p1"}}`,
			`{"resourceType":"ServiceRequest","id":"for2","status":"active","intent":"order","subject":{"reference":"Patient/p2"},"performer":[{"reference":"Patient/p1"}]}`)
		s.post("/Patient/$export", "patient valueReference Patient/p1").has("Basic/authored", "QuestionnaireResponse/answered").lacks("ServiceRequest/for2")
		s.post("/Patient/$export", "patient valueReference Patient/p2").has("ServiceRequest/for2").lacks("Basic/authored")
	}},
}

func TestConformanceSmile(t *testing.T) {
	t.Parallel()
	s := openSite(t, nil)
	s.put(seed...)
	for _, row := range smileRows {
		t.Run(row.id, func(t *testing.T) { row.test(s.in(t)) })
	}
}
