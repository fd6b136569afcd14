package conformance

import (
	"net/http"
	"regexp"
	"strings"
	"time"

	"satchel/audit"
	"satchel/internal/audittest"
)

// statusRows are sections 1.3 and 1.7.
var statusRows = []row{
	{"S-01", func(s *site) {
		id := s.stuck("all")
		if a := s.do("GET", s.statusOf(id), "").want(202); len(a.body) != 0 {
			s.Errorf("%s", a.body)
		}
		s.drop(s.statusOf(id))
	}},
	{"S-02", func(s *site) {
		id := s.stuck("all")
		a := s.do("GET", s.statusOf(id), "").want(202).wantHeader("X-Progress", "")
		if p := a.header.Get("X-Progress"); !regexp.MustCompile(`^\d+% .{0,90}$`).MatchString(p) {
			s.Errorf("X-Progress %q", p)
		}
		s.drop(s.statusOf(id))
	}},
	{"S-03", func(s *site) {
		id := s.stuck("all")
		a := s.do("GET", s.statusOf(id), "").want(202).wantHeader("Retry-After", "")
		if r := a.header.Get("Retry-After"); !regexp.MustCompile(`^([1-9]|10)$`).MatchString(r) {
			s.Errorf("Retry-After %q", r)
		}
		s.drop(s.statusOf(id))
	}},
	{"S-04", func(s *site) {
		id := s.stuck("all")
		for range 100 {
			if a := s.do("GET", s.statusOf(id), "").want(202, 429); a.status == 429 {
				a.outcome().wantHeader("Retry-After", "1")
				s.drop(s.statusOf(id)) // the export is not ended by it
				return
			}
		}
		s.Error("nobody is slowed down")
	}},
	{"S-05", func(s *site) {
		id := s.stuck("all")
		if failed, err := s.store.FailJob(s.Context(), audittest.Event(audit.ExportFailed), id, "the disk is full", time.Now().Add(time.Hour)); err != nil || !failed {
			s.Fatal(failed, err)
		}
		if a := s.do("GET", s.statusOf(id), "", "Accept: application/json").want(500).outcome(); !strings.Contains(string(a.body), "the disk is full") {
			s.Errorf("%s", a.body)
		}
		s.drop(s.statusOf(id))
	}},
	{"S-07", func(s *site) {
		x := s.export("/$export?foo=1&_type=Patient", "Prefer: respond-async, handling=lenient")
		if len(x.Error) != 1 || len(x.Output) == 0 {
			s.Error(x.Error)
		}
	}},
	{"S-08", func(s *site) {
		s.register("second", "system/*.rs", "ROLE_FHIR_CLIENT_SUPERUSER_RO")
		x := s.export("/$export?_type=Patient,Observation")
		for _, at := range []string{x.status, x.Output[0].URL, x.Output[len(x.Output)-1].URL} {
			s.as("").do("GET", at, "").want(401)
			s.as(s.token("second", "system/*.rs")).do("GET", at, "").want(403, 404)
			s.as(s.token("all", "system/Patient.rs")).do("GET", at, "").want(403)
			s.as(s.token("all", "system/Patient.rs system/Observation.rs")).do("GET", at, "").want(200)
		}
		s.as("").do("DELETE", x.status, "").want(401)
		s.as(s.token("second", "system/*.rs")).do("DELETE", x.status, "").want(403, 404)
	}},
	{"S-09", func(s *site) {
		for _, accept := range []string{"Accept: application/json", "Accept:", "Accept: application/fhir+json", "Accept: */*"} {
			x := s.export("/$export?_type=Patient")
			s.do("GET", x.status, "", accept).want(200).wantHeader("Content-Type", "application/json")
		}
	}},
	{"S-10", func(s *site) {
		x := s.export("/$export?_type=Patient")
		if at, err := http.ParseTime(x.answer.header.Get("Expires")); err != nil || at.Before(time.Now().Add(time.Hour)) {
			s.Error(at, err)
		}
	}},
	{"S-11", func(s *site) {
		prefer := "Prefer: respond-async, separate-export-status"
		at := s.kickOff("/$export?_type=Patient", prefer)
		for {
			a := s.do("GET", at, "").want(200)
			switch a.header.Get("X-Export-Status") {
			case "202 Accepted":
				continue
			case "200 OK":
				a.wantHeader("Content-Type", "application/json")
			default:
				s.Errorf("%v", a.header)
			}
			break
		}
		id := s.stuck("all")
		s.do("GET", s.statusOf(id), "", "Prefer: separate-export-status").want(200).wantHeader("X-Export-Status", "202 Accepted")
		if _, err := s.store.FailJob(s.Context(), audittest.Event(audit.ExportFailed), id, "no", time.Now().Add(time.Hour)); err != nil {
			s.Fatal(err)
		}
		s.do("GET", s.statusOf(id), "", "Prefer: separate-export-status").want(200).outcome().wantHeader("X-Export-Status", "500 ")
	}},
	{"S-12", func(s *site) {
		id := s.stuck("all") // there is no early manifest: a 202 is empty
		if a := s.do("GET", s.statusOf(id), "").want(202); len(a.body) != 0 {
			s.Errorf("%s", a.body)
		}
		s.drop(s.statusOf(id))
		x := s.export("/$export?_type=Patient&allowPartialManifests=true")
		s.do("GET", "/Patient/p1", "").want(200) // writes to the audit log
		if again := s.do("GET", x.status, "").want(200); string(again.body) != string(x.answer.body) {
			s.Errorf("the manifest changed: %s", again.body)
		}
	}},
	{"S-13", func(s *site) {
		s.do("GET", s.statusOf("AAAAAAAAAAAAAAAAAAAAAAAAAA"), "", "Accept: application/json").want(404).outcome()
		s.do("GET", "/$export-poll-status", "").want(400).outcome()
	}},
	{"X-01", func(s *site) {
		id := s.stuck("all")
		s.do("DELETE", s.statusOf(id), "").want(202)
		s.do("DELETE", s.export("/$export").status, "", "Accept: application/json").want(202)
	}},
	{"X-02", func(s *site) {
		for range 5 {
			for _, at := range []string{s.statusOf(s.stuck("all")), s.kickOff("/$export"), s.export("/$export?_type=Patient").status} {
				s.drop(at)
				s.do("GET", at, "", "Accept: application/json").want(404).outcome()
				s.do("DELETE", at, "").want(404).outcome()
			}
		}
	}},
	{"X-03", func(s *site) { s.do("DELETE", s.statusOf("AAAAAAAAAAAAAAAAAAAAAAAAAA"), "").want(404).outcome() }},
	{"X-04", func(s *site) {
		x := s.export("/$export?_type=Patient")
		s.drop(x.status)
		s.do("GET", x.Output[0].URL, "").want(404)
		for range 8 { // more than may run at once
			s.drop(s.kickOff("/$export"))
		}
	}},
}
