package fhirapi

import (
	"net/http"
	"strconv"
	"strings"

	"satchel/web"

	"satchel/fhir"
)

// step is one entry of a transaction: what it wants, and what came of it.
type step struct {
	fhir.BundleEntry
	typ, id  string
	criteria string // of a conditional update or delete
	doc      *fhir.Document
	done     bool
	effect   effect
}

// at says which entry an error is about.
func (s *step) at(err error) error {
	place := "Bundle.entry[" + strconv.Itoa(s.Index) + "]"
	p := web.ProblemOf(err)
	if p.Cause != nil {
		return err
	}
	told := &web.Problem{Status: p.Status, Header: p.Header}
	for _, issue := range p.Issues {
		issue.Diagnostics = place + " (" + web.Printable(s.Method) + "): " + issue.Diagnostics
		issue.Expression = place
		told.Issues = append(told.Issues, issue)
	}
	return told
}

// read takes an entry apart; what it checks needs no database.
func (s *step) read(base string) error {
	if rank(s.Method) < 0 {
		return fhir.Errorf(fhir.CodeRequired, "request.method is %q: write GET, POST, PUT or DELETE", web.Printable(s.Method))
	}
	if s.Method == http.MethodGet || s.Method == http.MethodHead {
		return nil
	}
	path, criteria, _ := strings.Cut(relative(s.URL, base), "?")
	segments := web.Segments(path)
	if len(segments) == 0 || len(segments) > 2 {
		return fhir.Errorf(fhir.CodeValue, "request.url must be Type, Type/id or Type?criteria")
	}
	s.typ, s.criteria = segments[0], criteria
	if err := web.CheckType(s.typ); err != nil {
		return err
	}
	if len(segments) == 2 {
		s.id = segments[1]
		if err := web.CheckID(s.id); err != nil {
			return err
		}
	}
	switch {
	case s.Method == "PATCH":
		return fhir.Errorf(fhir.CodeNotSupported, "PATCH is not offered; send the whole resource with PUT")
	case s.Method == http.MethodPost && (s.id != "" || s.criteria != ""):
		return fhir.Errorf(fhir.CodeValue, "request.url of a POST is the type alone; use PUT for a known id, and ifNoneExist for a condition")
	case s.Method != http.MethodPost && (s.id == "") == (s.criteria == ""):
		return fhir.Errorf(fhir.CodeValue, "request.url of a %s is Type/id or Type?criteria", s.Method)
	case s.Method == http.MethodDelete:
		return nil
	}
	return s.readResource()
}

// readResource parses the resource of a POST or PUT; the Bundle has been validated as a whole, because conditional
// references are sound there alone.
func (s *step) readResource() (err error) {
	if s.Resource == nil {
		return fhir.Errorf(fhir.CodeRequired, "the entry has no resource")
	}
	if s.doc, err = web.ParseAs(s.Resource, s.typ); err != nil {
		return err
	}
	if s.id != "" {
		return sameID(s.doc, s.id)
	}
	return nil
}
