package conformance

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"satchel/audit"
	"satchel/internal/audittest"
	"satchel/storage"
)

// levels are the three kick-off addresses.
var levels = map[string]string{"Group": "/Group/g1/$export", "Patient": "/Patient/$export", "System": "/$export"}

// kickOffRows are section 1.1.
var kickOffRows = []row{
	{"K-01", func(s *site) {
		for _, path := range levels {
			s.drop(s.kickOff(path))
		}
	}},
	{"K-02", func(s *site) {
		for _, path := range levels {
			for _, media := range []string{"application/fhir+json", "application/json"} {
				s.drop(s.accepted(s.do("POST", path, `{"resourceType":"Parameters"}`, "Content-Type: "+media, "Accept: application/fhir+json", "Prefer: respond-async")))
			}
		}
	}},
	{"K-03", func(s *site) {
		a := s.do("GET", "/$export", "", asyncHeaders...)
		s.accepted(a)
		if len(a.body) != 0 {
			s.Errorf("body %q", a.body)
		}
		s.drop(a.header.Get("Content-Location"))
	}},
	{"K-04", func(s *site) {
		for _, path := range levels {
			s.refuse(path + "?_outputFormat=text/csv").want(400)
		}
		s.refuse("/Group/none/$export").want(404)
		s.do("GET", "/$export", "", "Accept: text/html").want(406).outcome()
		s.do("POST", "/$export", "{", "Accept: application/fhir+json").want(400).outcome()
		s.as("").do("GET", "/$export", "", asyncHeaders...).want(401).outcome()
	}},
	{"K-05", func(s *site) {
		for _, accept := range []string{"Accept:", "Accept: application/fhir+json;charset=utf-8", "Accept: */*", "Accept: application/json", "Accept: application/fhir+json; fhirVersion=4.0"} {
			s.drop(s.accepted(s.do("GET", "/$export", "", accept, "Prefer: respond-async")))
		}
	}},
	{"K-06", func(s *site) { s.drop(s.accepted(s.do("GET", "/$export", "", "Accept: application/fhir+json"))) }},
	{"K-07", func(s *site) {
		for _, prefer := range [][]string{{"Prefer: handling=lenient, RESPOND-ASYNC"}, {"Prefer: respond-async", "Prefer: handling=lenient"}, {`Prefer: Respond-Async; wait=5 ,Handling="lenient"`}} {
			s.drop(s.accepted(s.do("GET", "/$export?nope=1", "", prefer...)))
		}
	}},
	{"K-08", func(s *site) {
		a := s.do("GET", "/$export", "", "Prefer: respond-async, separate-export-status")
		applied := strings.Join(a.header.Values("Preference-Applied"), ",")
		if !strings.Contains(applied, "respond-async") || !strings.Contains(applied, "separate-export-status") {
			s.Errorf("Preference-Applied %q", applied)
		}
		s.drop(s.accepted(a))
		if a := s.do("GET", "/$export", "", "Prefer: respond-async"); a.header.Get("Preference-Applied") != "" {
			s.Error("a preference was applied that nobody had")
		} else {
			s.drop(s.accepted(a))
		}
	}},
	{"K-09", func(s *site) {
		a, b := s.export("/$export?_type=Patient&_type=Condition").types(), s.export("/$export?_type=Patient,Condition").types()
		if want := []string{"Condition", "Patient"}; !slices.Equal(a, want) || !slices.Equal(b, want) {
			s.Error(a, b)
		}
		s.export("/Patient/$export?_elements=Patient.gender&_elements=Patient.birthDate&_type=Patient").has("Patient/p1")
	}},
	{"K-10", func(s *site) {
		s.register("narrow", "system/*.rs", "ROLE_FHIR_CLIENT_SUPERUSER_RO")
		narrow := s.as(s.token("narrow", "system/Patient.rs"))
		if types := narrow.export("/$export").types(); !slices.Equal(types, []string{"Patient"}) {
			s.Error(types)
		}
		s.register("half", "system/*.rs", "FHIR_OP_INITIATE_BULK_DATA_EXPORT", "FHIR_READ_ALL_OF_TYPE:Condition")
		if types := s.as(s.token("half", "system/*.rs")).export("/Patient/$export").types(); !slices.Equal(types, []string{"Condition"}) {
			s.Error(types)
		}
	}},
	{"K-11", func(s *site) {
		narrow := s.as(s.token("narrow", "system/Patient.rs"))
		narrow.refuse("/$export?_type=Observation").want(403)
		narrow.refuse("/$export?_type=Patient,Observation").want(403)
		narrow.refuse("/$export?_type=Patient&includeAssociatedData=RelevantProvenanceResources").want(403)
	}},
	{"K-12", func(s *site) {
		s.export("/Patient/$export").has("Patient/p1", "Patient/p2", "Patient/p3", "Observation/x1", "Condition/c3").lacks("ValueSet/vs1")
		s.export("/Group/g1/$export").has("Patient/p1", "Patient/p2", "Observation/x1", "MedicationRequest/m3").lacks("Patient/p3", "Observation/x3", "Condition/c3")
	}},
	{"K-13", func(s *site) {
		for _, level := range []string{"Group", "Patient"} {
			x := s.export(levels[level]).has("DocumentReference/dr1")
			if slices.Contains(x.types(), "Binary") {
				s.Error("a Binary in", level)
			}
		}
	}},
	{"K-14", func(s *site) {
		good := regexp.MustCompile(`^(` + regexp.QuoteMeta(s.base) + `/)?[A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64}$`)
		found := regexp.MustCompile(`"reference":"([^"]*)"`)
		for _, l := range s.export("/$export").lines {
			for _, m := range found.FindAllStringSubmatch(l.text, -1) {
				if !good.MatchString(m[1]) {
					s.Errorf("%s: reference %q", l.key(), m[1])
				}
			}
		}
	}},
	{"K-15", func(s *site) {
		var ids []string
		for range 4 {
			ids = append(ids, s.stuck("all"))
		}
		s.do("GET", "/$export", "", asyncHeaders...).want(429).outcome().wantHeader("Retry-After", "")
		s.drop(s.statusOf(ids[0]))
		s.drop(s.kickOff("/$export"))
		for _, id := range ids[1:] {
			s.drop(s.statusOf(id))
		}
	}},
	{"K-16", func(s *site) {
		s.export("/Patient/$export").has("Provenance/pv1", "Provenance/pv2", "Provenance/pv3", "Provenance/pv5").lacks("Provenance/pv4")
		s.export("/Patient/$export?_type=Observation,Provenance").has("Provenance/pv1", "Provenance/pv5")
		s.export("/$export").has("Provenance/pv1", "Provenance/pv2", "Provenance/pv3", "Provenance/pv4", "Provenance/pv5")
		s.export("/Group/g1/$export").has("Provenance/pv1", "Provenance/pv2", "Provenance/pv3").lacks("Provenance/pv4", "Provenance/pv5")
		if types := s.export("/Patient/$export?_type=Observation").types(); !slices.Equal(types, []string{"Observation"}) {
			s.Error(types)
		}
	}},
	{"K-18", func(s *site) {
		s.do("GET", "/Group/g1", "").want(200)
		for _, query := range []string{"identifier=urn:g%7Cg1", "name=Cohort%20g1"} {
			var b struct{ Total int }
			if s.do("GET", "/Group?"+query, "").want(200).decode(&b); b.Total != 1 {
				s.Errorf("%s: %d groups", query, b.Total)
			}
		}
	}},
	{"K-19", func(s *site) {
		s.register("one", "system/*.rs", "FHIR_ALL_READ", "FHIR_OP_INITIATE_BULK_DATA_EXPORT_GROUP:Group/g1")
		one := s.as(s.token("one", "system/*.rs"))
		one.drop(one.kickOff("/Group/g1/$export"))
		one.refuse("/Group/g3/$export").want(403, 404)
		one.refuse("/Patient/$export").want(403)
	}},
	{"K-20", func(s *site) {
		s.put(group("staff", "Practitioner/d1"))
		s.export("/Group/staff/$export").is("Group/staff") // its members have no compartment of a patient
	}},
	{"K-21", func(s *site) {
		s.refuse("/Group/none/$export").want(404)
		if x := s.export("/Group/g2/$export?_type=Patient,Observation"); x.Output == nil || len(x.Output) > 0 {
			s.Error(x.Output)
		}
		s.export("/Group/g4/$export?_type=Patient").is("Patient/p1", "Patient/p2") // a group in a group
	}},
}

// stuck adds an export that is running for ever, and returns its id: nothing works on it, as if its worker were slow.
func (s *site) stuck(account string) string {
	s.Helper()
	request := []byte(`{"level":"system"}`)
	for range 20 {
		job, err := s.store.AddJob(s.Context(), audittest.Event(audit.ExportStart), storage.Job{Kind: "bulk", Account: account, URL: s.base + "/$export", Request: request}, 0)
		if err != nil {
			s.Fatal(err)
		}
		if claimed, found, err := s.store.ClaimJob(s.Context()); err != nil {
			s.Fatal(err)
		} else if found && claimed.ID == job.ID {
			return job.ID
		}
	}
	s.Fatal("no job could be claimed")
	return ""
}

// statusOf is the status address of a job.
func (s *site) statusOf(id string) string { return s.base + "/$export-poll-status?_jobId=" + id }

// member reads one member of an object line as text.
func (l line) member(name string) string {
	b, _ := json.Marshal(l.json[name])
	return string(b)
}
