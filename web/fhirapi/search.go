package fhirapi

import (
	"net/http"
	"strings"

	"satchel/web"

	"satchel/auth"
	"satchel/fhir"
	"satchel/storage"
)

// mostGathered bounds what a search may gather in memory for sorting or counting under a narrow permission.
const mostGathered = 10_000

// searching is one search, parsed.
type searching struct {
	query     fhir.Query
	ReadCount int
	total     bool   // count all matches
	only      bool   // answer the number alone
	sort      string // "" is the order of arrival; "_lastUpdated", "-_lastUpdated", "_id", "-_id"
	position  string // where the page begins; "" is the first
	includes  []inclusion
	unknown   []string     // parameters that are not search parameters of the type
	criteria  []fhir.Param // without result parameters
	kept      []fhir.Param // what the self link says
	confined  bool         // the account may not read all of the type: matches are decided one by one
	patients  []string     // patients that the criteria name
	own       fhir.Bases   // of this server, as the client calls it
}

// search answers one page of matches: GET [type]?… and POST [type]/_search.
func search(w http.ResponseWriter, c *web.Call) error {
	if c.Method == http.MethodPost {
		if err := addForm(c); err != nil {
			return err
		}
	}
	if readsLog(c) {
		return searchLog(c, w)
	}
	s, err := readSearch(c)
	if err != nil {
		return err
	}
	c.Answer.Trail.AddPatients(s.patients...) // also if none of their data is found
	if err := maySearch(c, s); err != nil {
		return err
	}
	if s.position, err = c.Position(web.CursorParam, "/"+c.Type, s.kept); err != nil {
		return err
	}
	b := newBundle("searchset")
	if err := fill(c, b, s); err != nil {
		return err
	}
	return b.send(w, c)
}

// searchSystem says that there is no search across types.
func searchSystem(_ http.ResponseWriter, c *web.Call) error {
	if err := c.Decide(auth.Action{Verb: auth.VerbSearch}); err != nil {
		return err
	}
	return fhir.Errorf(fhir.CodeNotSupported, "search across types is not offered; search one type, such as %s/Patient, or use $export", web.FHIRPath)
}

// addForm adds the parameters of a form body to those of the query.
func addForm(c *web.Call) error {
	body, err := c.ReadBody(web.MaxForm, web.MediaForm)
	if err != nil {
		return err
	}
	params, err := web.ParseQuery(string(body))
	if err != nil {
		return err
	}
	format, err := c.Take(params)
	if err != nil || format == "" {
		return err
	}
	return web.Acceptable(format, nil)
}

// fill puts a page into the Bundle.
func fill(c *web.Call, b *answerBundle, s *searching) error {
	path := "/" + c.Type
	b.link("self", link(c, path, s.kept))
	found, err := page(c, s)
	if err != nil {
		return err
	}
	if found.Total >= 0 {
		b.Total = &found.Total
	}
	if s.only {
		return nil
	}
	if found.Next != "" {
		b.link("next", nextLink(c, path, s.kept, found.Next))
	} else if s.position == "" && b.Total == nil {
		n := len(found.Resources)
		b.Total = &n
	}
	b.add(c, "match", found.Resources...)
	if err := include(c, b, s, found.Resources); err != nil {
		return err
	}
	if len(s.unknown) > 0 {
		b.Entry = append(b.Entry, bundleEntry{Search: &entrySearch{"outcome"}, Resource: fhir.Outcome(fhir.Issue{
			Severity: fhir.SeverityWarning, Code: fhir.CodeNotSupported,
			Diagnostics: "ignored, because " + c.Type + " has no such search parameter: " + web.Printable(strings.Join(s.unknown, ", ")),
		})})
	}
	return nil
}

// page finds the resources of the page, and their number if it was asked for.
func page(c *web.Call, s *searching) (storage.Found, error) {
	if s.sort != "" || s.confined {
		return gatheredPage(c, s)
	}
	want := storage.Page{Count: s.ReadCount, Cursor: s.position, Total: s.total}
	if s.only {
		want = storage.Page{Count: 1, Total: true}
	}
	return find(c, s.query, want)
}

// readSearch reads the call's parameters.
func readSearch(c *web.Call) (*searching, error) {
	s := &searching{ReadCount: defaultCount}
	for _, p := range c.Params {
		read, ok := resultParams[p.Name]
		if !ok {
			name, _, _ := strings.Cut(p.Name, ":")
			read, ok = resultParams[name]
		}
		if !ok {
			s.criteria = append(s.criteria, p)
			continue
		}
		if err := read(s, p); err != nil {
			return nil, err
		}
	}
	var err error
	s.own = c.Asked()
	if s.query, s.unknown, err = fhir.ParseQuery(c.Type, s.criteria, s.own); err != nil {
		return nil, err
	}
	if len(s.unknown) > 0 && c.Prefer("handling") == "strict" {
		return nil, unknownParams(c.Type, s.unknown)
	}
	s.kept = web.Without(c.Params, append(s.unknown, web.CursorParam)...)
	s.patients = patientsNamed(c.Type, s.criteria, s.own)
	return s, nil
}

// maySearch decides: about all of the type, or, if the criteria confine the search to patients, about what belongs to
// these, and then about each match.
func maySearch(c *web.Call, s *searching) error {
	err := c.Decide(auth.Action{Verb: auth.VerbSearch, Type: c.Type})
	if err == nil || len(s.patients) == 0 {
		return err
	}
	s.confined = true
	return c.Decide(auth.Action{Verb: auth.VerbSearch, Type: c.Type, Owners: s.patients})
}

// patientsNamed are the ids of patients to which criteria confine a search. They only open the door: each match is
// decided about by itself.
func patientsNamed(typ string, criteria []fhir.Param, own fhir.Bases) []string {
	for _, p := range criteria {
		itself := typ == "Patient" && p.Name == "_id"
		if !itself && p.Name != "patient" && p.Name != "subject" && p.Name != "patient:Patient" && p.Name != "subject:Patient" {
			continue
		}
		var ids []string
		for value := range strings.SplitSeq(p.Value, ",") {
			id, ok := own.PatientID(value)
			if !ok {
				return nil
			}
			ids = append(ids, id)
		}
		return ids
	}
	return nil
}
