package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"satchel/audit"
	"satchel/desk"
	"satchel/fhir"
)

// handler answers a call or returns an error for [server.fail].
type handler func(w http.ResponseWriter, c *call) error

// kind says what a route is, beyond its address.
type kind int

const (
	rest      kind = iota // a REST interaction; may be an entry of a batch
	bundle                // POST [base]; takes as long as it has entries
	operation             // answers like REST, but is no entry of a batch
	export                // a bulk data kick-off; no HEAD, since that would start a job
	file                  // a download; takes as long as the client reads
	public                // needs no account
	discovery             // public, and JSON whatever the client accepts
	admin                 // administration, beside the FHIR base
	slow                  // likewise; takes as long as the disk needs
)

// route is one row of the table: a method and an address under the FHIR base, and who answers it.
type route struct {
	method      string
	pattern     string       // segments under the base: "{type}/{id}/_history/{version}"
	action      audit.Action // what it is in the audit log; audit.NoEvent: nothing is noted. A row without one is refused
	kind        kind
	interaction string // R4 code (TypeRestfulInteraction or SystemRestfulInteraction), for the CapabilityStatement
	summary     string // for the OpenAPI document
	run         handler
	segments    []string
	page        *desk.Route // of the staff pages; nil: none
}

// routes is everything under /fhir, most special first.
func routes() []route {
	table := []route{
		{method: "GET", pattern: "metadata", action: audit.NoEvent, kind: public, interaction: "capabilities", summary: "What this server can do (CapabilityStatement)", run: metadata},
		{method: "GET", pattern: ".well-known/smart-configuration", action: audit.NoEvent, kind: discovery, summary: "Where and how backend clients get tokens", run: smartConfiguration},
		{method: "POST", pattern: "", action: audit.Transaction, kind: bundle, interaction: "transaction", summary: "Run a batch or a transaction Bundle", run: postBundle},
		{method: "GET", pattern: "_history", action: audit.History, interaction: "history-system", summary: "Changes to all resources, newest first", run: history},
		{method: "GET", pattern: "$export", action: audit.ExportStart, kind: export, summary: "Start an export of the whole system", run: exportSystem},
		{method: "POST", pattern: "$export", action: audit.ExportStart, kind: export, summary: "Start an export of the whole system", run: exportSystem},
		{method: "GET", pattern: "Patient/$export", action: audit.ExportStart, kind: export, summary: "Start an export of all patients", run: exportPatients},
		{method: "POST", pattern: "Patient/$export", action: audit.ExportStart, kind: export, summary: "Start an export of all or some patients", run: exportPatients},
		{method: "GET", pattern: "Patient/{id}/$export", action: audit.ExportStart, kind: export, summary: "Start an export of one patient", run: exportPatient},
		{method: "POST", pattern: "Patient/{id}/$export", action: audit.ExportStart, kind: export, summary: "Start an export of one patient", run: exportPatient},
		{method: "GET", pattern: "Group/{id}/$export", action: audit.ExportStart, kind: export, summary: "Start an export of a group's members", run: exportGroup},
		{method: "POST", pattern: "Group/{id}/$export", action: audit.ExportStart, kind: export, summary: "Start an export of a group's members", run: exportGroup},
		{method: "GET", pattern: "$export-poll-status", action: audit.ExportStatus, kind: operation, summary: "How far an export is; when complete, its manifest", run: jobStatus},
		{method: "POST", pattern: "$export-poll-status", action: audit.ExportStatus, kind: operation, summary: "How far an export is; the job id in a Parameters body", run: jobStatus},
		{method: "DELETE", pattern: "$export-poll-status", action: audit.ExportDelete, kind: operation, summary: "Cancel an export or release its files", run: deleteJob},
		{method: "GET", pattern: "$export-file/{job}/{file}", action: audit.ExportFile, kind: file, summary: "One NDJSON file of a complete export", run: jobFile},
		{method: "GET", pattern: "Patient/{id}/$everything", action: audit.Everything, kind: operation, summary: "A patient's compartment and what it refers to", run: everything},
		{method: "POST", pattern: "Patient/{id}/$everything", action: audit.Everything, kind: operation, summary: "A patient's compartment and what it refers to", run: everything},
		{method: "POST", pattern: "{type}/_search", action: audit.Search, interaction: "search-type", summary: "Search with parameters in a form body", run: search},
		{method: "GET", pattern: "{type}/_history", action: audit.History, interaction: "history-type", summary: "Changes to all resources of a type, newest first", run: history},
		{method: "GET", pattern: "{type}/{id}/_history/{version}/$attachment", action: audit.VRead, kind: file, summary: "The content of one attachment of a version", run: attachment},
		{method: "GET", pattern: "{type}/{id}/_history/{version}", action: audit.VRead, interaction: "vread", summary: "Read one version of a resource", run: vread},
		{method: "GET", pattern: "{type}/{id}/_history", action: audit.History, interaction: "history-instance", summary: "All versions of a resource, newest first", run: history},
		{method: "GET", pattern: "{type}/{id}", action: audit.Read, interaction: "read", summary: "Read a resource", run: read},
		{method: "PUT", pattern: "{type}/{id}", action: audit.Update, interaction: "update", summary: "Update a resource, or create it under this id", run: update},
		{method: "DELETE", pattern: "{type}/{id}", action: audit.Delete, interaction: "delete", summary: "Delete a resource", run: remove},
		{method: "GET", pattern: "{type}", action: audit.Search, interaction: "search-type", summary: "Search resources of a type", run: search},
		{method: "POST", pattern: "{type}", action: audit.Create, interaction: "create", summary: "Create a resource", run: create},
		{method: "PUT", pattern: "{type}", action: audit.Update, interaction: "update", summary: "Update the one resource that matches (conditional update)", run: updateMatch},
		{method: "DELETE", pattern: "{type}", action: audit.Delete, interaction: "delete", summary: "Delete the one resource that matches (conditional delete)", run: removeMatch},
		{method: "GET", pattern: "", action: audit.Search, summary: "Search across types: not offered", run: searchSystem},
	}
	at := slices.IndexFunc(table, func(rt route) bool { return rt.pattern == "Patient/{id}/$everything" })
	return prepared(slices.Insert(table, at, ehiRoutes()...))
}

// besides is what lies beside the FHIR base and works like a FHIR route.
func besides() []route {
	return prepared(append(append(accountRoutes(), packageRoutes()...), []route{
		{method: "GET", pattern: ".well-known/smart-configuration", action: audit.NoEvent, kind: discovery, summary: "Where and how backend clients get tokens", run: smartConfiguration},
		{method: "GET", pattern: "api/clients", action: audit.ClientList, kind: admin, summary: "All backend clients", run: listClients},
		{method: "POST", pattern: "api/clients", action: audit.ClientCreate, kind: admin, summary: "Register a backend client", run: addClient},
		{method: "GET", pattern: "api/clients/{name}", action: audit.ClientList, kind: admin, summary: "One backend client", run: getClient},
		{method: "PUT", pattern: "api/clients/{name}", action: audit.ClientChange, kind: admin, summary: "Change a backend client; what is left out stays; its tokens end", run: updateClient},
		{method: "DELETE", pattern: "api/clients/{name}", action: audit.ClientRemove, kind: admin, summary: "Remove a backend client; its tokens end", run: removeClient},
		{method: "GET", pattern: "api/audit", action: audit.AuditView, kind: admin, summary: "Events of the audit log, newest first; as CSV, NDJSON or AuditEvents if Accept asks for them", run: auditLog},
	}...))
}

// checkActions refuses a table with a row whose action is missing or unknown: a request must not go by unnoted because
// somebody forgot to say what it is.
func checkActions(tables ...[]route) error {
	for _, table := range tables {
		for _, rt := range table {
			if rt.action != audit.NoEvent && !rt.action.Valid() {
				return fmt.Errorf("web: the route %s %q has no action for the audit log, but %q", rt.method, rt.pattern, rt.action)
			}
		}
	}
	return nil
}

// prepared cuts the patterns of a table into segments.
func prepared(table []route) []route {
	for i := range table {
		table[i].segments = split(table[i].pattern)
	}
	return table
}

// serves reports whether the route answers the method. HEAD is served like GET, except where GET starts something.
func (rt *route) serves(method string) bool {
	return rt.method == method || method == "HEAD" && rt.method == "GET" && rt.kind != export
}

// match compares decoded segments with the route's and answers the values of its placeholders.
func (rt *route) match(segments []string) (map[string]string, bool) {
	if len(segments) != len(rt.segments) {
		return nil, false
	}
	values := map[string]string{}
	for i, want := range rt.segments {
		switch name := placeholder(want); {
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

// placeholder is the name in "{name}", or "".
func placeholder(segment string) string {
	if strings.HasPrefix(segment, "{") {
		return strings.Trim(segment, "{}")
	}
	return ""
}

// split cuts a path into segments; empty ones go, because some clients write [base]//Patient.
func split(path string) []string {
	return slices.DeleteFunc(strings.Split(path, "/"), func(s string) bool { return s == "" })
}

// find looks up a table's route for a method and an escaped path. The error says what is wrong with the
// address: nothing there (404), or not with this method (405, with Allow).
func find(table []route, method, escaped string) (*route, map[string]string, error) {
	segments := split(escaped)
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
		allow = append(allow, table[i].method)
		if table[i].serves("HEAD") {
			allow = append(allow, "HEAD")
		}
	}
	if allow == nil {
		return nil, nil, fhir.Errorf(fhir.CodeNotFound, "there is nothing at this address; GET %s/metadata lists what this server offers", fhirPath)
	}
	allowed := strings.Join(slices.Compact(allow), ", ")
	return nil, nil, problemf(http.StatusMethodNotAllowed, fhir.CodeNotSupported,
		"%s is not offered at this address; it takes %s", printable(method), allowed).with("Allow", allowed)
}

// printable keeps what a client sent short and harmless in an error text.
func printable(s string) string {
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
