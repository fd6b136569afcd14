package web

import (
	"net/http"
	"slices"
	"strings"

	"satchel/auth"
	"satchel/fhir"
	"satchel/storage"
)

// mostGathered bounds what a search may gather in memory for sorting or counting under a narrow permission.
const mostGathered = 10_000

// searching is one search, parsed.
type searching struct {
	query    fhir.Query
	count    int
	total    bool   // count all matches
	only     bool   // answer the number alone
	sort     string // "" is the order of arrival; "_lastUpdated", "-_lastUpdated", "_id", "-_id"
	cursor   string
	includes []inclusion
	unknown  []string     // parameters that are not search parameters of the type
	criteria []fhir.Param // without result parameters
	kept     []fhir.Param // what the self link says
	confined bool         // the account may not read all of the type: matches are decided one by one
	patients []string     // patients that the criteria name
	own      fhir.Bases   // of this server, as the client calls it
}

// search answers one page of matches: GET [type]?… and POST [type]/_search.
func search(w http.ResponseWriter, c *call) error {
	if c.Method == http.MethodPost {
		if err := c.addForm(); err != nil {
			return err
		}
	}
	if c.readsLog() {
		return c.searchLog(w)
	}
	s, err := c.searching()
	if err != nil {
		return err
	}
	if err := c.maySearch(s); err != nil {
		return err
	}
	b := newBundle("searchset")
	if err := c.fill(b, s); err != nil {
		return err
	}
	return b.send(w, c)
}

// searchSystem says that there is no search across types.
func searchSystem(_ http.ResponseWriter, c *call) error {
	if err := c.decide(auth.Action{Verb: auth.VerbSearch}); err != nil {
		return err
	}
	return fhir.Errorf(fhir.CodeNotSupported, "search across types is not offered; search one type, such as %s/Patient, or use $export", fhirPath)
}

// addForm adds the parameters of a form body to those of the query.
func (c *call) addForm() error {
	body, err := c.body(maxForm, mediaForm)
	if err != nil {
		return err
	}
	params, err := parseQuery(string(body))
	if err != nil {
		return err
	}
	format, err := c.take(params)
	if err != nil || format == "" {
		return err
	}
	return acceptable(format, nil)
}

// fill puts a page into the Bundle.
func (c *call) fill(b *answerBundle, s *searching) error {
	path := "/" + c.Type
	b.link("self", c.link(path, s.kept))
	found, err := c.page(s)
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
		b.link("next", c.link(path, append(slices.Clone(s.kept), fhir.Param{Name: "_cursor", Value: found.Next})))
	} else if s.cursor == "" && b.Total == nil {
		n := len(found.Resources)
		b.Total = &n
	}
	b.add(c, "match", found.Resources...)
	if err := c.include(b, s, found.Resources); err != nil {
		return err
	}
	if len(s.unknown) > 0 {
		b.Entry = append(b.Entry, bundleEntry{Search: &entrySearch{"outcome"}, Resource: fhir.Outcome(fhir.Issue{
			Severity: fhir.SeverityWarning, Code: fhir.CodeNotSupported,
			Diagnostics: "ignored, because " + c.Type + " has no such search parameter: " + printable(strings.Join(s.unknown, ", ")),
		})})
	}
	return nil
}

// page finds the resources of the page, and their number if it was asked for.
func (c *call) page(s *searching) (storage.Found, error) {
	if s.sort != "" || s.confined {
		return c.gatheredPage(s)
	}
	want := storage.Page{Count: s.count, Cursor: s.cursor, Total: s.total}
	if s.only {
		want = storage.Page{Count: 1, Total: true}
	}
	return c.find(s.query, want)
}

// searching reads the call's parameters.
func (c *call) searching() (*searching, error) {
	s := &searching{count: defaultCount}
	for _, p := range c.params {
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
	s.own = c.bases()
	if s.query, s.unknown, err = fhir.ParseQuery(c.Type, s.criteria, s.own); err != nil {
		return nil, err
	}
	if len(s.unknown) > 0 && c.prefer("handling") == "strict" {
		return nil, unknownParams(c.Type, s.unknown)
	}
	s.kept = without(c.params, append(s.unknown, "_cursor")...)
	s.patients = patientsNamed(c.Type, s.criteria, s.own)
	return s, nil
}

// without leaves out parameters by name.
func without(params []fhir.Param, names ...string) []fhir.Param {
	var kept []fhir.Param
	for _, p := range params {
		if !slices.Contains(names, p.Name) {
			kept = append(kept, p)
		}
	}
	return kept
}

// maySearch decides: about all of the type, or, if the criteria confine the search to patients, about what belongs to
// these, and then about each match.
func (c *call) maySearch(s *searching) error {
	err := c.decide(auth.Action{Verb: auth.VerbSearch, Type: c.Type})
	if err == nil || len(s.patients) == 0 {
		return err
	}
	s.confined = true
	return c.decide(auth.Action{Verb: auth.VerbSearch, Type: c.Type, Owners: s.patients})
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
