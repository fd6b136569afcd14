package conformance

import (
	"slices"
)

// groupRows are section 1.8.
var groupRows = []row{
	{"G-01", func(s *site) {
		s.put(patient("n1"), patient("n2"), observation("n1x", "n1", ""), observation("n2x", "n2", ""), group("gn", "Patient/n1"))
		first := s.export("/Group/gn/$export").has("Patient/n1", "Observation/n1x")
		s.put(group("gn", "Patient/n1", "Patient/n2"), observation("n1y", "n1", ""))
		s.export("/Group/gn/$export?_type=Patient&_elements=id").is("Patient/n1", "Patient/n2")
		s.post("/Group/gn/$export", "patient valueReference Patient/n2").has("Patient/n2", "Observation/n2x").lacks("Observation/n1x")
		s.export("/Group/gn/$export?_since="+instant(first.TransactionTime)).has("Observation/n1y").lacks("Observation/n1x", "Patient/n1")
	}},
	{"G-03", func(s *site) {
		s.put(patient("q1"), patient("q2"), group("gq", "Patient/q1", "Patient/q2"))
		first := s.export("/Group/gq/$export").has("Patient/q2")
		s.put(group("gq", "Patient/q1"))
		if x := s.export("/Group/gq/$export?_since=" + instant(first.TransactionTime)).lacks("Patient/q2"); len(x.Deleted) > 0 {
			s.Error(x.gone)
		}
	}},
	{"G-04", func(s *site) {
		s.put(patient("old"), group("go", "Patient/old"))
		first := s.export("/Group/go/$export").has("Patient/old")
		s.put(observation("fresh", "old", ""))
		if keys := s.export("/Group/go/$export?_since=" + instant(first.TransactionTime)).keys(); !slices.Equal(keys, []string{"Observation/fresh"}) {
			s.Error(keys)
		}
	}},
}
