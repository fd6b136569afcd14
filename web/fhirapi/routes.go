package fhirapi

import (
	"slices"
	"sync/atomic"

	"satchel/web"

	"satchel/audit"
)

// kept is what one server's handlers keep between requests.
type kept struct {
	heavy        chan struct{}            // a token per large Bundle in memory; each takes a multiple of its size
	capabilities atomic.Pointer[document] // the CapabilityStatement for the base URL asked for last
}

// Routes is everything under /fhir, most special first.
func Routes() []web.Route {
	k := &kept{heavy: make(chan struct{}, 2)}
	table := []web.Route{
		{Method: "GET", Pattern: "metadata", Action: audit.NoEvent, Kind: web.Public, Interaction: "capabilities", Summary: "What this server can do (CapabilityStatement)", Run: k.metadata},
		{Method: "POST", Pattern: "", Action: audit.Transaction, Kind: web.Bundle, Interaction: "transaction", Summary: "Run a batch or a transaction Bundle", Run: k.postBundle},
		{Method: "GET", Pattern: "_history", Action: audit.History, Interaction: "history-system", Summary: "Changes to all resources, newest first", Run: history},
		{Method: "GET", Pattern: "$export", Action: audit.ExportStart, Kind: web.Export, Summary: "Start an export of the whole system", Run: exportSystem},
		{Method: "POST", Pattern: "$export", Action: audit.ExportStart, Kind: web.Export, Summary: "Start an export of the whole system", Run: exportSystem},
		{Method: "GET", Pattern: "Patient/$export", Action: audit.ExportStart, Kind: web.Export, Summary: "Start an export of all patients", Run: exportPatients},
		{Method: "POST", Pattern: "Patient/$export", Action: audit.ExportStart, Kind: web.Export, Summary: "Start an export of all or some patients", Run: exportPatients},
		{Method: "GET", Pattern: "Patient/{id}/$export", Action: audit.ExportStart, Kind: web.Export, Summary: "Start an export of one patient", Run: exportPatient},
		{Method: "POST", Pattern: "Patient/{id}/$export", Action: audit.ExportStart, Kind: web.Export, Summary: "Start an export of one patient", Run: exportPatient},
		{Method: "GET", Pattern: "Group/{id}/$export", Action: audit.ExportStart, Kind: web.Export, Summary: "Start an export of a group's members", Run: exportGroup},
		{Method: "POST", Pattern: "Group/{id}/$export", Action: audit.ExportStart, Kind: web.Export, Summary: "Start an export of a group's members", Run: exportGroup},
		{Method: "GET", Pattern: "$export-poll-status", Action: audit.ExportStatus, Kind: web.Operation, Summary: "How far an export is; when complete, its manifest", Run: jobStatus},
		{Method: "POST", Pattern: "$export-poll-status", Action: audit.ExportStatus, Kind: web.Operation, Summary: "How far an export is; the job id in a Parameters body", Run: jobStatus},
		{Method: "DELETE", Pattern: "$export-poll-status", Action: audit.ExportDelete, Kind: web.Operation, Summary: "Cancel an export or release its files", Run: deleteJob},
		{Method: "GET", Pattern: "$export-file/{job}/{file}", Action: audit.ExportFile, Kind: web.File, Summary: "One NDJSON file of a complete export", Run: jobFile},
		{Method: "GET", Pattern: "Patient/{id}/$everything", Action: audit.Everything, Kind: web.Operation, Summary: "A patient's compartment and what it refers to", Run: everything},
		{Method: "POST", Pattern: "Patient/{id}/$everything", Action: audit.Everything, Kind: web.Operation, Summary: "A patient's compartment and what it refers to", Run: everything},
		{Method: "POST", Pattern: "{type}/_search", Action: audit.Search, Interaction: "search-type", Summary: "Search with parameters in a form body", Run: search},
		{Method: "GET", Pattern: "{type}/_history", Action: audit.History, Interaction: "history-type", Summary: "Changes to all resources of a type, newest first", Run: history},
		{Method: "GET", Pattern: "{type}/{id}/_history/{version}/$attachment", Action: audit.VRead, Kind: web.File, Summary: "The content of one attachment of a version", Run: attachment},
		{Method: "GET", Pattern: "{type}/{id}/_history/{version}", Action: audit.VRead, Interaction: "vread", Summary: "Read one version of a resource", Run: vread},
		{Method: "GET", Pattern: "{type}/{id}/_history", Action: audit.History, Interaction: "history-instance", Summary: "All versions of a resource, newest first", Run: history},
		{Method: "GET", Pattern: "{type}/{id}", Action: audit.Read, Interaction: "read", Summary: "Read a resource", Run: read},
		{Method: "PUT", Pattern: "{type}/{id}", Action: audit.Update, Interaction: "update", Summary: "Update a resource, or create it under this id", Run: update},
		{Method: "DELETE", Pattern: "{type}/{id}", Action: audit.Delete, Interaction: "delete", Summary: "Delete a resource", Run: remove},
		{Method: "GET", Pattern: "{type}", Action: audit.Search, Interaction: "search-type", Summary: "Search resources of a type", Run: search},
		{Method: "POST", Pattern: "{type}", Action: audit.Create, Interaction: "create", Summary: "Create a resource", Run: create},
		{Method: "PUT", Pattern: "{type}", Action: audit.Update, Interaction: "update", Summary: "Update the one resource that matches (conditional update)", Run: updateMatch},
		{Method: "DELETE", Pattern: "{type}", Action: audit.Delete, Interaction: "delete", Summary: "Delete the one resource that matches (conditional delete)", Run: removeMatch},
		{Method: "GET", Pattern: "", Action: audit.Search, Summary: "Search across types: not offered", Run: searchSystem},
	}
	at := slices.IndexFunc(table, func(rt web.Route) bool { return rt.Pattern == "Patient/{id}/$everything" })
	return web.Prepared(slices.Insert(table, at, ehiRoutes()...))
}
