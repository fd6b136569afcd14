// Package web is the server's HTTP face: FHIR REST, batches and transactions, Bulk Data and EHI exports under /fhir; beside
// it sessions, accounts, clients, packages and the audit log as JSON under /api, tokens, health and metrics. But for the pages
// of desk it is the only place that knows URLs, status codes, headers and media types.
//
// Nouns:
//
//   - A [route] is one row of the table of everything under /fhir. The CapabilityStatement, the Allow headers, the OpenAPI
//     document and the tests are made from the same table.
//   - A [call] is one request that matched a route: who asks, for what, under which base URL. The entries of a batch or
//     transaction are calls too.
//   - A [handler] answers a call or returns an error; one function turns any error into a log line, a status and an
//     OperationOutcome.
//
// What a resource means is fhir's, what is remembered is storage's, who may do what is auth's, what can be done with an export
// or a package is exports', how a request for records goes on is requests', and what a staff page shows is desk's.
package web

import (
	"log/slog"

	"satchel/auth"
	"satchel/desk"
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

	Desk    desk.Options // of the staff pages: what the other options do not say
	Ready   []Check      // what readiness depends on besides the store
	Metrics *Metrics     // nil: there is no /metrics
}
