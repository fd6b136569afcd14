package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"satchel/audit"
	"satchel/fhir"
)

// Handler answers a call or returns an error for [Server.Fail].
type Handler func(w http.ResponseWriter, c *Call) error

// Kind says what a route is, beyond its address.
type Kind int

const (
	REST      Kind = iota // a REST interaction; may be an entry of a batch
	Bundle                // POST [base]; takes as long as it has entries
	Operation             // answers like REST, but is no entry of a batch
	Export                // a bulk data kick-off; no HEAD, since that would start a job
	File                  // a download; takes as long as the client reads
	Public                // needs no account
	Discovery             // public, and JSON whatever the client accepts
	Admin                 // administration, beside the FHIR base
	Slow                  // likewise; takes as long as the disk needs
)

// Route is one row of the table: a method and an address under the FHIR base, and who answers it.
type Route struct {
	Method      string
	Pattern     string       // segments under the base: "{type}/{id}/_history/{version}"
	Action      audit.Action // what it is in the audit log; audit.NoEvent: nothing is noted. A row without one is refused
	Kind        Kind
	Interaction string // R4 code (TypeRestfulInteraction or SystemRestfulInteraction), for the CapabilityStatement
	Summary     string // for the OpenAPI document
	Run         Handler
	Segments    []string
	page        *Page // of the staff pages; nil: none
}

// checkRoutes refuses a table with a row whose action is missing or unknown: a request must not go by unnoted because
// somebody forgot to say what it is. So it does one with a row that nobody can reach, because one before it takes its addresses.
func checkRoutes(tables ...[]Route) error {
	for _, table := range tables {
		for i, rt := range table {
			if rt.Action != audit.NoEvent && !rt.Action.Valid() {
				return fmt.Errorf("web: the route %s %q has no action for the audit log, but %q", rt.Method, rt.Pattern, rt.Action)
			}
			if found, _, err := FindRoute(table, rt.Method, rt.Pattern); err != nil || found != &table[i] {
				return fmt.Errorf("web: the route %s %q is hidden by one before it; put it there", rt.Method, rt.Pattern)
			}
		}
	}
	return nil
}

// Prepared cuts the patterns of a table into segments.
func Prepared(table []Route) []Route {
	for i := range table {
		table[i].Segments = Segments(table[i].Pattern)
	}
	return table
}

// serves reports whether the route answers the method. HEAD is served like GET, except where GET starts something.
func (rt *Route) serves(method string) bool {
	return rt.Method == method || method == "HEAD" && rt.Method == "GET" && rt.Kind != Export
}

// match compares decoded segments with the route's and returns the values of its placeholders.
func (rt *Route) match(segments []string) (map[string]string, bool) {
	if len(segments) != len(rt.Segments) {
		return nil, false
	}
	values := map[string]string{}
	for i, want := range rt.Segments {
		switch name := Placeholder(want); {
		case name == "":
			if segments[i] != want {
				return nil, false
			}
		case strings.HasPrefix(segments[i], "$") || strings.HasPrefix(segments[i], "_"):
			return nil, false // an operation that is not in the table is no id
		default:
			values[name] = segments[i]
		}
	}
	return values, true
}

// Placeholder is the name in "{name}", or "".
func Placeholder(segment string) string {
	if strings.HasPrefix(segment, "{") {
		return strings.Trim(segment, "{}")
	}
	return ""
}

// Segments cuts a path into segments; empty ones go, because some clients write [base]//Patient.
func Segments(path string) []string {
	return slices.DeleteFunc(strings.Split(path, "/"), func(s string) bool { return s == "" })
}

// FindRoute looks up a table's route for a method and an escaped path. The error says what is wrong with the
// address: nothing there (404), or not with this method (405, with Allow).
func FindRoute(table []Route, method, escaped string) (*Route, map[string]string, error) {
	segments := Segments(escaped)
	for i := range segments {
		text, err := url.PathUnescape(segments[i])
		if err != nil {
			return nil, nil, fhir.Errorf(fhir.CodeInvalid, "the address has a broken %%-escape")
		}
		segments[i] = text
	}
	var allow []string
	for i := range table {
		values, ok := table[i].match(segments)
		if !ok {
			continue
		}
		if table[i].serves(method) {
			return &table[i], values, nil
		}
		allow = append(allow, table[i].Method)
		if table[i].serves("HEAD") {
			allow = append(allow, "HEAD")
		}
	}
	if allow == nil {
		return nil, nil, fhir.Errorf(fhir.CodeNotFound, "there is nothing at this address; GET %s/metadata lists what this server offers", FHIRPath)
	}
	allowed := strings.Join(slices.Compact(allow), ", ")
	return nil, nil, Problemf(http.StatusMethodNotAllowed, fhir.CodeNotSupported,
		"%s is not offered at this address; it takes %s", Printable(method), allowed).With("Allow", allowed)
}

// Printable keeps what a client sent short and harmless in an error text.
func Printable(s string) string {
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '�' {
			return '?'
		}
		return r
	}, s)
	if runes := []rune(clean); len(runes) > 80 {
		return string(runes[:80]) + "…"
	}
	return clean
}
