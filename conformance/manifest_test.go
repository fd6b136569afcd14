package conformance

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var instantForm = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$`)

// manifestRows are sections 1.4 and 1.5.
var manifestRows = []row{
	{"M-01", func(s *site) {
		id := "during"
		status := s.kickOff("/$export?_type=Basic")
		at := s.put(fmt.Sprintf(`{"resourceType":"Basic","id":%q,"code":{"text":"a"}}`, id))
		x := s.wait(status).lacks("Basic/" + id)
		if !x.TransactionTime.Before(at) {
			s.Error(x.TransactionTime, at)
		}
		s.export("/$export?_type=Basic&_since=" + instant(x.TransactionTime)).is("Basic/" + id)
		var raw struct{ TransactionTime string }
		if x.answer.decode(&raw); !instantForm.MatchString(raw.TransactionTime) {
			s.Error(raw.TransactionTime)
		}
	}},
	{"M-02", func(s *site) {
		for _, path := range []string{"/$export?_type=Patient,Condition&_since=2025-01-01T00:00:00Z", "/Group/g1/$export?_typeFilter=Patient%3Fgender%3Dfemale&_type=Patient", "/Patient/$export"} {
			if x := s.export(path); x.Request != s.base+path {
				s.Errorf("request %q, want %q", x.Request, s.base+path)
			}
		}
		if x := s.post("/Patient/$export", "patient valueReference Patient/p1"); x.Request != s.base+"/Patient/$export" {
			s.Error(x.Request)
		}
	}},
	{"M-03", func(s *site) {
		x := s.export("/$export?_type=Patient")
		if x.RequiresAccessToken == nil || !*x.RequiresAccessToken {
			s.Error(x.RequiresAccessToken)
		}
		s.as("").do("GET", x.Output[0].URL, "").want(401)
	}},
	{"M-04", func(s *site) {
		if x := s.export("/Patient/$export?organizeOutputBy=Patient"); x.OutputOrganizedBy != "Patient" {
			s.Error(x.OutputOrganizedBy)
		}
		if x := s.export("/Patient/$export"); strings.Contains(string(x.answer.body), "outputOrganizedBy") {
			s.Errorf("%s", x.answer.body)
		}
	}},
	{"M-05", func(s *site) {
		if x := s.export("/$export?_type=Slot"); x.Output == nil || len(x.Output) != 0 {
			s.Error(x.Output)
		}
	}},
	{"M-06", func(s *site) {
		for _, f := range s.export("/$export").Output {
			if !strings.HasPrefix(f.URL, s.host+"/") {
				s.Error(f.URL)
			}
		}
	}},
	{"M-07", func(s *site) {
		x := s.export("/$export")
		types := map[string]string{}
		for _, f := range x.Output {
			types[f.URL] = *f.Type
		}
		for _, l := range x.lines {
			if types[l.file] != l.typ() {
				s.Errorf("%s in a file of %s", l.key(), types[l.file])
			}
		}
		for _, f := range s.export("/Patient/$export?organizeOutputBy=Patient").Output {
			if f.Type != nil {
				s.Error(*f.Type)
			}
		}
	}},
	{"M-08", func(s *site) {
		x := s.export("/$export?_since=2020-01-01T00:00:00Z")
		for _, f := range slices.Concat(x.Output, x.Deleted, x.Error) {
			if *f.Count == 0 {
				s.Error(f.URL)
			}
		}
	}},
	{"M-09", func(s *site) {
		for _, path := range []string{"/$export", "/Patient/$export?organizeOutputBy=Patient"} {
			x := s.export(path)
			for _, f := range x.Output {
				n := 0
				for _, l := range x.lines {
					if l.file == f.URL && l.typ() != "Parameters" {
						n++
					}
				}
				if f.Count == nil || *f.Count != n {
					s.Errorf("%s: count %v, %d resources", f.URL, f.Count, n)
				}
			}
		}
	}},
	{"M-11", func(s *site) {
		before := s.put(patient("gone"))
		s.do("DELETE", "/Patient/gone", "").want(200, 204)
		x := s.export("/$export?_since=" + instant(before))
		if len(x.gone) == 0 || !strings.Contains(x.gone[len(x.gone)-1].text, `"Patient/gone"`) {
			s.Error(x.gone)
		}
		x.lacks("Patient/gone")
		if x := s.export("/$export?_type=Patient&_since=" + instant(x.TransactionTime)); len(x.Deleted) != 0 {
			s.Error(x.Deleted)
		}
		if x := s.export("/$export?_type=Patient"); len(x.Deleted) != 0 {
			s.Error(x.Deleted)
		}
	}},
	{"M-12", func(s *site) {
		before := s.put(patient("phoenix"))
		s.do("DELETE", "/Patient/phoenix", "").want(200, 204)
		s.put(`{"resourceType":"Patient","id":"phoenix","active":true}`)
		x := s.export("/$export?_since=" + instant(before)).has("Patient/phoenix")
		for _, l := range x.gone {
			if strings.Contains(l.text, "phoenix") {
				s.Error(l.text)
			}
		}
	}},
	{"M-13", func(s *site) {
		if x := s.export("/$export?_type=Patient"); x.Error == nil || len(x.Error) != 0 {
			s.Error(x.Error)
		}
		for _, f := range s.export("/$export?foo=1", "Prefer: handling=lenient").Error {
			if *f.Type != "OperationOutcome" || f.URL == "" {
				s.Error(*f.Type, f.URL)
			}
		}
	}},
	{"M-14", func(s *site) {
		for _, query := range []string{"", "?allowPartialManifests=true", "?allowPartialManifests=false"} {
			if x := s.export("/$export" + query); x.Link != nil {
				s.Error(x.Link)
			}
		}
		many := openSite(s.T, map[string]string{"bulk_export.file_max_capacity": "1"})
		for i := range 230 {
			many.put(patient(fmt.Sprint("page-", i)))
		}
		if x := many.export("/$export?_type=Patient"); x.Link != nil || len(x.Output) < 230 {
			s.Error(x.Link, len(x.Output))
		}
		x := many.export("/$export?_type=Patient&allowPartialManifests=true")
		keys, pages := x.keys(), 1
		for next := x; next.Link != nil; pages++ {
			link := next.Link[0].(map[string]any)
			if link["relation"] != "next" || len(next.Output) != 100 {
				s.Fatal(link, len(next.Output))
			}
			next = many.wait(link["url"].(string))
			if !next.TransactionTime.Equal(x.TransactionTime) || next.Request != x.Request || next.Error == nil {
				s.Error("a page does not repeat the others' members")
			}
			keys = append(keys, next.keys()...)
		}
		slices.Sort(keys)
		if all := many.export("/Patient/$export?_type=Patient").keys(); pages != 3 || !slices.Equal(keys, all) {
			s.Error(pages, len(keys), len(all))
		}
		many.do("GET", x.status+"&_page=2", "").want(400).outcome() // links are followed as they are
	}},
	{"M-15", func(s *site) {
		for _, query := range []string{"?_type=Patient", "?_type=Patient&_exportId=monthly"} {
			switch e := s.export("/$export" + query).Extension.(type) {
			case nil, map[string]any:
			default:
				s.Errorf("extension is %T", e)
			}
		}
	}},
	{"M-16", func(s *site) { s.export("/$export?_since=2020-01-01T00:00:00Z&foo=1", "Prefer: handling=lenient") }},
	{"D-01", func(s *site) {
		before := s.put(patient("d0"), observation("d0x", "d0", ""))
		s.do("DELETE", "/Observation/d0x", "").want(200, 204)
		s.do("DELETE", "/Patient/d0", "").want(200, 204)
		x := s.export("/$export?_since=" + instant(before.Add(-1e9)))
		if len(x.gone) < 2 {
			s.Error(x.gone)
		}
		for _, l := range x.gone {
			var b struct {
				ResourceType, Type string
				Entry              []struct{ Request struct{ Method, URL string } }
			}
			if err := json.Unmarshal([]byte(l.text), &b); err != nil || b.ResourceType != "Bundle" || b.Type != "transaction" || len(b.Entry) == 0 {
				s.Error(err, l.text)
			}
			for _, e := range b.Entry {
				if e.Request.Method != "DELETE" || !relative.MatchString(e.Request.URL) {
					s.Error(l.text)
				}
			}
		}
	}},
	{"D-02", func(s *site) {
		before := s.put(patient("d2"))
		s.do("DELETE", "/Patient/d2", "").want(200, 204)
		x := s.export("/$export?_since=" + instant(before))
		for i, f := range x.Deleted {
			if *f.Type != "Bundle" {
				s.Error(i, *f.Type)
			}
		}
		if len(x.Deleted) == 0 || !strings.Contains(x.gone[len(x.gone)-1].text, `"url":"Patient/d2"`) {
			s.Error(x.gone)
		}
	}},
	{"D-03", func(s *site) {
		before := s.put(observation("in", "p1", ""), observation("out", "p3", ""), provenance("dp", "2024-01-01T00:00:00Z", "Observation/x1"))
		for _, key := range []string{"Observation/in", "Observation/out", "Provenance/dp"} {
			s.do("DELETE", "/"+key, "").want(200, 204)
		}
		since := "_since=" + instant(before)
		for path, want := range map[string]string{
			"/Group/g1/$export?_type=Observation&" + since: "Observation/in", "/Group/g3/$export?_type=Observation&" + since: "Observation/out",
			"/Patient/$export?_type=Observation&" + since: "Observation/in Observation/out", "/$export?_type=Patient&" + since: "",
			"/Group/g1/$export?_type=Provenance&" + since: "Provenance/dp",
		} {
			var got []string
			for _, l := range s.export(path).gone {
				got = append(got, relative.FindString(l.member("entry")[strings.Index(l.member("entry"), `"url":"`)+7:]))
			}
			for i, g := range got {
				got[i] = strings.Trim(g, `"`)
			}
			if slices.Sort(got); strings.Join(got, " ") != want {
				s.Errorf("%s: %v, want %s", path, got, want)
			}
		}
		s.register("patients", "system/*.rs", "ROLE_FHIR_CLIENT_SUPERUSER_RO")
		if x := s.as(s.token("patients", "system/Patient.rs")).export("/$export?" + since); len(x.Deleted) != 0 {
			s.Error(x.gone)
		}
	}},
	{"E-01", func(s *site) {
		x := s.export("/$export?foo=1&_type=Patient", "Prefer: handling=lenient")
		if len(x.errors) != 1 || x.errors[0].typ() != "OperationOutcome" || *x.Error[0].Count != 1 {
			s.Error(x.errors)
		}
	}},
	{"E-02", func(s *site) {
		for _, l := range s.export("/$export?foo=1&_type=Patient", "Prefer: handling=lenient").errors {
			if !strings.Contains(l.text, `"severity":"warning"`) {
				s.Error(l.text)
			}
		}
	}},
}

// relative is a reference of a type and an id.
var relative = regexp.MustCompile(`^[A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64}`)
