package web

import (
	"satchel/audit"
)

// Page is one row of the table of pages.
type Page struct {
	Method, Pattern string // segments, as in a [Route]: "patients/{id}"
	Action          audit.Action
	Summary         string
	Guarded         bool  // a success needs a decision
	Quiet           bool  // asked by a script and not by the person: does not keep the session alive
	Long            bool  // takes as long as it takes: an upload or a download
	Most            int64 // bytes of the body; 0: 1 MB
	Run             func(*PageRequest) error
}

// Pages are the pages for people.
type Pages struct {
	Rows    []Page
	Trouble func(p *PageRequest, status int, text string) error // shows an error as a page; text may be ""
}

// pageMost bounds the body of a form, unless the page says otherwise.
const pageMost = 1 << 20

// pageTable is the table of routes of the pages.
func pageTable(rows []Page) []Route {
	var table []Route
	for i := range rows {
		table = append(table, Route{Method: rows[i].Method, Pattern: rows[i].Pattern, Action: rows[i].Action, Summary: rows[i].Summary, page: &rows[i]})
	}
	return Prepared(table)
}
