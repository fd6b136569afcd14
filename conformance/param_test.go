package conformance

import (
	"net/url"
	"slices"
	"strings"
	"time"
)

// parameterRows are section 1.2.
var parameterRows = []row{
	{"P-01", func(s *site) {
		for _, format := range []string{"application%2Ffhir%2Bndjson", "application/fhir+ndjson", "application%2Fndjson", "ndjson"} {
			s.drop(s.kickOff("/$export?_outputFormat=" + format))
		}
	}},
	{"P-02", func(s *site) {
		for _, format := range []string{"application/fhir%2Bxml", "text/csv", "application/fhir+json"} {
			s.refuse("/$export?_outputFormat=" + format).want(400)
		}
	}},
	{"P-03", func(s *site) {
		at := s.put(`{"resourceType":"Basic","id":"since","code":{"text":"a"}}`)
		east := time.FixedZone("", 13*3600)
		for _, write := range []func(t time.Time) string{
			instant,
			func(t time.Time) string {
				return t.In(time.FixedZone("", -5*3600)).Format("2006-01-02T15:04:05.000-07:00")
			},
			func(t time.Time) string {
				return url.QueryEscape(t.In(east).Format("2006-01-02T15:04:05.000000-07:00"))
			},
		} {
			s.export("/$export?_type=Basic&_since=" + write(at)).lacks("Basic/since")
			s.export("/$export?_type=Basic&_since=" + write(at.Add(-time.Millisecond))).has("Basic/since")
		}
		s.refuse("/$export?_since=2024-01-01T00:00").want(400)
		s.refuse("/$export?_since=" + url.QueryEscape("2024-13-01T00:00:00Z")).want(400)
	}},
	{"P-04", func(s *site) {
		s.put(patient("late"), observation("latex", "late", ""), group("gl", "Patient/p1"))
		before := s.export("/Group/gl/$export?_type=Patient").TransactionTime
		s.put(group("gl", "Patient/p1", "Patient/late"))
		// Not offered: what lay in the compartment before is not sent because somebody joined.
		s.export("/Group/gl/$export?_since="+instant(before)).lacks("Patient/late", "Observation/latex").has("Group/gl")
	}},
	{"P-07", func(s *site) {
		at := s.put(`{"resourceType":"Basic","id":"until","code":{"text":"a"}}`)
		s.export("/$export?_type=Basic&_until=" + instant(at)).lacks("Basic/until")
		s.export("/$export?_type=Basic&_until=" + instant(at.Add(time.Millisecond))).has("Basic/until")
		s.export("/$export?_type=Basic&_since=" + instant(at.Add(-time.Millisecond)) + "&_until=" + instant(at.Add(time.Millisecond))).is("Basic/until")
	}},
	{"P-08", func(s *site) {
		since := "&_since=2020-01-01T00:00:00Z"
		for _, path := range levels {
			x := s.export(path + "?_type=Patient,Condition" + since)
			if types := x.types(); !slices.Equal(types, []string{"Condition", "Patient"}) {
				s.Error(path, types)
			}
			for _, l := range x.gone {
				if !strings.Contains(l.text, `"Patient/`) && !strings.Contains(l.text, `"Condition/`) {
					s.Error(l.text)
				}
			}
		}
	}},
	{"P-09", func(s *site) {
		types := s.export("/$export").types()
		for _, typ := range []string{"Organization", "Practitioner", "Patient", "Observation", "Group", "ValueSet", "Device", "Binary"} {
			if !slices.Contains(types, typ) {
				s.Error(typ, "is missing in", types)
			}
		}
		stated := s.statedTypes()
		for _, typ := range types {
			if !slices.Contains(stated, typ) {
				s.Error(typ, "is not in the CapabilityStatement")
			}
		}
	}},
	{"P-10", func(s *site) {
		s.refuse("/$export?_type=Foo").want(400)
		s.refuse("/Patient/$export?_type=ValueSet").want(400)
		s.refuse("/Group/g1/$export?_type=ValueSet").want(400)
		x := s.export("/Patient/$export?_type=Patient,ValueSet", "Prefer: respond-async, handling=lenient")
		if types := x.types(); !slices.Equal(types, []string{"Patient"}) || len(x.errors) != 1 {
			s.Error(types, x.errors)
		}
	}},
	{"P-11", func(s *site) {
		for _, l := range s.export("/$export?_type=Patient&_elements=Patient.id").lines {
			for name := range l.json {
				if name != "resourceType" && name != "id" && name != "meta" {
					s.Errorf("%s has %s", l.key(), name)
				}
			}
			if !strings.Contains(l.member("meta"), `"code":"SUBSETTED"`) || !strings.Contains(l.member("meta"), "http://terminology.hl7.org/CodeSystem/v3-ObservationValue") {
				s.Errorf("%s: no tag: %s", l.key(), l.member("meta"))
			}
		}
		x := s.export("/$export?_type=Observation,Patient&_elements=subject,Patient.gender")
		for _, l := range x.lines {
			_, status := l.json["status"]
			_, subject := l.json["subject"]
			_, gender := l.json["gender"]
			if is := l.typ() == "Observation"; status != is || subject != is || gender && is || l.key() == "Patient/p1" && !gender {
				s.Errorf("%s: %s", l.key(), l.text)
			}
		}
	}},
	{"P-12", func(s *site) { s.refuse("/$export?_elements=Patient.name.family").want(400) }},
	{"P-13", func(s *site) {
		for _, path := range []string{"/Patient/$export", "/Group/g1/$export"} {
			x := s.post(path, "patient valueReference Patient/p1").has("Patient/p1", "Observation/x1", "Observation/x4", "Condition/c1", "Provenance/pv1")
			x.lacks("Patient/p2", "Observation/x2", "MedicationRequest/m3", "Provenance/pv3")
			for _, l := range x.lines {
				if l.typ() != "Group" && (strings.Contains(l.text, "Patient/p2") || strings.Contains(l.text, "Patient/p3")) {
					s.Errorf("%s names another patient", l.key())
				}
			}
		}
		// What the mother measured is the child's.
		s.post("/Patient/$export", "patient valueReference Patient/p4").has("Patient/p4").lacks("Observation/x4")
		s.post("/Patient/$export", "patient valueReference Patient/p1", "patient valueReference Patient/p3", "_type valueString Patient").is("Patient/p1", "Patient/p3")
	}},
	{"P-14", func(s *site) {
		s.do("POST", "/Patient/$export", parameters("patient valueReference Patient/nope"), asyncHeaders...).want(404).outcome()
		s.do("POST", "/Group/g1/$export", parameters("patient valueReference Patient/p3"), asyncHeaders...).want(404).outcome()
	}},
	{"P-15", func(s *site) {
		s.refuse("/Patient/$export?patient=Patient/p1").want(400)
		s.do("POST", "/$export", parameters("patient valueReference Patient/p1"), asyncHeaders...).want(400).outcome()
		s.export("/Patient/p3/$export?_type=Patient").is("Patient/p3")
	}},
	{"P-16", func(s *site) {
		s.export("/Patient/$export?_type=Observation&includeAssociatedData=LatestProvenanceResources").has("Provenance/pv2", "Provenance/pv5").lacks("Provenance/pv1", "Provenance/pv3")
		s.export("/Patient/$export?_type=Observation&includeAssociatedData=RelevantProvenanceResources").has("Provenance/pv1", "Provenance/pv2", "Provenance/pv5").lacks("Provenance/pv3")
		s.export("/Patient/$export?_type=Observation&includeAssociatedData=LatestProvenanceResources,RelevantProvenanceResources").has("Provenance/pv1", "Provenance/pv2")
		s.export("/Patient/$export?includeAssociatedData=LatestProvenanceResources").has("Provenance/pv2", "Provenance/pv3").lacks("Provenance/pv1")
	}},
	{"P-17", func(s *site) {
		s.refuse("/$export?includeAssociatedData=_x").want(400)
		s.refuse("/$export?includeAssociatedData=LatestProvenanceResources,Other").want(400)
	}},
	{"P-18", func(s *site) {
		x := s.export("/$export?_typeFilter="+url.QueryEscape("MedicationRequest?status=active")).has("MedicationRequest/m1", "MedicationRequest/m4", "Patient/p1", "Patient/p2", "Observation/x1")
		x.lacks("MedicationRequest/m2", "MedicationRequest/m3")
		s.export("/$export?_type=MedicationRequest&_typeFilter="+url.QueryEscape("MedicationRequest?status=active&subject=Patient/p1")+"&_typeFilter="+url.QueryEscape("MedicationRequest?status=completed")).
			is("MedicationRequest/m1", "MedicationRequest/m3")
		s.export("/Patient/$export?_type=Patient,Observation&_typeFilter="+url.QueryEscape("Patient?gender=female")).has("Patient/p1", "Observation/x2").lacks("Patient/p2")
	}},
	{"P-19", func(s *site) {
		x := s.export("/$export?_type=Observation&_typeFilter="+url.QueryEscape("Observation?category=vital-signs,laboratory")).has("Observation/x1", "Observation/x2")
		x.lacks("Observation/x3")
		s.export("/$export?_type=Observation,MedicationRequest&_typeFilter="+url.QueryEscape("Observation?category=laboratory,MedicationRequest?status=completed")).is("Observation/x2", "MedicationRequest/m3")
		s.export("/$export?_type=Observation,MedicationRequest&_typeFilter="+url.QueryEscape(url.QueryEscape("Observation?category=vital-signs,laboratory")+","+url.QueryEscape("MedicationRequest?status=completed"))).
			is("Observation/x1", "Observation/x2", "MedicationRequest/m3")
	}},
	{"P-20", func(s *site) {
		for _, q := range []string{"Patient?_sort=birthdate", "Patient?_include=Patient:organization", "Patient?_count=3", "Patient?_elements=id", "Patient,Observation?status=final"} {
			s.refuse("/$export?_typeFilter=" + url.QueryEscape(q)).want(400)
		}
	}},
	{"P-21", func(s *site) {
		s.refuse("/$export?_typeFilter=" + url.QueryEscape("Patient?nope=1")).want(400)
		s.refuse("/$export?_typeFilter=" + url.QueryEscape("Foo?status=1")).want(400)
	}},
	{"P-22", func(s *site) {
		if x := s.export("/Group/g1/$export?organizeOutputBy=Patient"); x.OutputOrganizedBy != "Patient" {
			s.Error(x.OutputOrganizedBy)
		}
		s.refuse("/Patient/$export?organizeOutputBy=Observation").want(400)
		s.refuse("/$export?organizeOutputBy=Patient").want(400)
	}},
	{"P-23", func(s *site) {
		if x := s.export("/$export?allowPartialManifests=true&_type=Patient").has("Patient/p1"); x.Link != nil {
			s.Error(x.Link)
		}
	}},
	{"P-24", func(s *site) {
		x := s.export("/$export?foo=1&bar=2&_type=Patient", "Prefer: respond-async, handling=lenient").has("Patient/p1")
		if len(x.errors) != 2 || !strings.Contains(x.errors[0].text, "foo") || !strings.Contains(x.errors[1].text, "bar") || x.errors[0].typ() != "OperationOutcome" {
			s.Error(x.errors)
		}
	}},
	{"P-25", func(s *site) {
		if a := s.refuse("/$export?foo=1").want(400); !strings.Contains(string(a.body), "foo") {
			s.Errorf("%s", a.body)
		}
	}},
	{"P-26", func(s *site) {
		x := s.post("/Patient/$export", "_outputFormat valueString ndjson", "_type valueString Patient,Observation", "_type valueString Condition",
			"_elements valueString id", "_typeFilter valueString Patient?gender=female", "_since valueInstant 2020-01-01T00:00:00Z", "_until valueDateTime 2999-01-01T00:00:00Z",
			"patient valueReference Patient/p1", "patient valueReference Patient/p2", "includeAssociatedData valueCode LatestProvenanceResources", "allowPartialManifests valueBoolean true")
		x.has("Patient/p1", "Observation/x1", "Condition/c1", "Provenance/pv2").lacks("Patient/p2", "MedicationRequest/m1")
		s.post("/$export", "_type valueString Patient", "_since valueString 2020-01-01T00:00:00Z", "includeAssociatedData valueString RelevantProvenanceResources").has("Patient/p1")
		s.post("/Patient/$export", "organizeOutputBy valueString Patient")
	}},
	{"P-27", func(s *site) {
		s.export("/Patient/$export?_type=Observation&_typeFilter="+url.QueryEscape("Observation?category=vital-signs")+"&includeAssociatedData=RelevantProvenanceResources").
			is("Observation/x1", "Provenance/pv1", "Provenance/pv2")
	}},
}

// statedTypes are the resource types of the CapabilityStatement.
func (s *site) statedTypes() []string {
	var types []string
	for _, r := range s.statement().Rest[0].Resource {
		types = append(types, r.Type)
	}
	return types
}
