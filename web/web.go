// Package web is the machinery under every request: addresses and routes, sign-in and sessions, bodies and media types, errors
// and their status, the trail in the audit log, health and metrics. What is served there are its faces: the packages fhirapi
// (FHIR REST, Bulk Data and EHI exports under /fhir), api (JSON under /api), smart (tokens for backend clients) and
// satchel/pages, which know it, and which it does not know. Package faces puts them together. Only these know URLs, status
// codes, headers and media types.
//
// Nouns:
//
//   - A [Route] is one row of a table of addresses. The CapabilityStatement, the Allow headers, the OpenAPI document and the
//     tests are made from the same tables.
//   - A [Call] is one request that matched a route: who asks, for what, under which base URL. The entries of a batch or
//     transaction are calls too.
//   - A [Handler] answers a call or returns an error; [Server.Fail] turns any error into a log line, a status and an
//     OperationOutcome.
//   - A [PageRequest] is one request for a [Page].
//   - A [Trail] is what one request leaves in the audit log.
//
// What a resource means is fhir's, what is remembered is storage's, who may do what is auth's, what can be done with an export
// or a package is exports', how a request for records goes on is requests', and what a staff page shows is pages'.
package web

import (
	"log/slog"

	"satchel/auth"
	"satchel/exports"
	"satchel/requests"
	"satchel/storage"
)

// Options wire the parts that the handler serves.
type Options struct {
	Store    *storage.Store
	Exports  *exports.Service
	Auth     *auth.Service
	Tokens   *auth.TokenService // nil: no backend clients
	Log      *slog.Logger       // nil: discarded
	Requests *requests.Ledger   // nil: no requests for records, and no $ehi-export

	PublicURL      string   // what clients see, such as "https://records.example.org"; "": taken from each request
	Basic          string   // HTTP Basic: "loopback", "on" or "off"; "" is "loopback"
	TrustedProxies []string // addresses or CIDR ranges whose X-Forwarded-* headers are believed
	CORSOrigins    []string // pages of these origins may call; nil: those of no other origin
	Version        string   // of the program, for the CapabilityStatement
	FormatURL      string   // page that documents the format of packages; "": that of this server

	Ready   []Check  // what readiness depends on besides the store
	Metrics *Metrics // nil: there is no /metrics
}
