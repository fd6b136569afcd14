package fhirapi

import (
	"slices"

	"satchel/web"

	"satchel/fhir"
)

// resultParams are the search parameters that shape the answer. What is not offered is refused and not ignored, since
// the answer would look as if it had been done.
var resultParams = map[string]func(*searching, fhir.Param) error{
	"_count": func(s *searching, p fhir.Param) (err error) {
		s.ReadCount, err = web.ReadCount(p.Value)
		if s.ReadCount == 0 {
			s.only, s.total = true, true
		}
		return err
	},
	web.CursorParam:  func(*searching, fhir.Param) error { return nil }, // read once it is known what it continues
	"_total":         readTotal,
	"_summary":       readSummary,
	"_sort":          readSort,
	"_include":       func(s *searching, p fhir.Param) error { return s.readInclusion(p, false) },
	"_revinclude":    func(s *searching, p fhir.Param) error { return s.readInclusion(p, true) },
	"_elements":      notOffered,
	"_contained":     notOffered,
	"_containedType": notOffered,
	"_score":         notOffered,
	"_type":          notOffered,
}

// notOffered refuses a result parameter.
func notOffered(_ *searching, p fhir.Param) error {
	return fhir.Errorf(fhir.CodeNotSupported, "%s is not offered; leave it out, and the whole resources are answered", web.Printable(p.Name))
}

func readTotal(s *searching, p fhir.Param) error {
	switch p.Value {
	case "none":
	case "estimate", "accurate":
		s.total = true
	default:
		return fhir.Errorf(fhir.CodeValue, "_total is %q: write none, estimate or accurate", web.Printable(p.Value))
	}
	return nil
}

func readSummary(s *searching, p fhir.Param) error {
	switch p.Value {
	case "false":
	case "count":
		s.only, s.total = true, true
	case "true", "text", "data":
		return fhir.Errorf(fhir.CodeNotSupported, "_summary=%s is not offered; write _summary=count for the number alone, or leave it out", p.Value)
	default:
		return fhir.Errorf(fhir.CodeValue, "_summary is %q: write count or false", web.Printable(p.Value))
	}
	return nil
}

// sorts are the orders that are offered.
var sorts = []string{"_lastUpdated", "-_lastUpdated", "_id", "-_id"}

func readSort(s *searching, p fhir.Param) error {
	if !slices.Contains(sorts, p.Value) {
		return fhir.Errorf(fhir.CodeNotSupported, "_sort=%s is not offered; _lastUpdated, -_lastUpdated, _id or -_id are, and without _sort the order of arrival", web.Printable(p.Value))
	}
	s.sort = p.Value
	return nil
}
