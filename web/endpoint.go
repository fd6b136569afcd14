package web

import "strings"

// Endpoint is one method and address of the server, for the documentation.
type Endpoint struct {
	Method, Path string
	Public       bool   // it asks for no account
	Text         string // what it does
}

// Endpoints lists every address of the server: those under the FHIR base, those beside it, and the plain ones.
func Endpoints() []Endpoint {
	var all []Endpoint
	add := func(prefix string, table []route) {
		for _, rt := range table {
			all = append(all, Endpoint{rt.method, strings.TrimSuffix(prefix+"/"+rt.pattern, "/"), rt.kind == public || rt.kind == discovery, rt.summary})
		}
	}
	add(fhirPath, routes())
	add("", besides())
	return append(all, []Endpoint{
		{"POST", tokenPath, true, "Get an access token (SMART Backend Services)"},
		{"GET", "/", true, "Start page"},
		{"GET", formatPath, true, "The format of packages and exports, for people"},
		{"GET", formatPath + "/{version}", true, "The same for one version of the format"},
		{"GET", formatPath + "/{version}/{file}", true, "A JSON Schema of the format, or its BagIt profile"},
		{"GET", "/healthz", true, "Whether the process answers"},
		{"GET", "/readyz", true, "Whether database, export folder and disk are ready; 503 if not, and the log says why"},
		{"GET", "/metrics", false, "Numbers in the text format of Prometheus; only if metrics.enabled, and only to this machine and metrics.allow"},
		{"GET", "/api/openapi.json", true, "This list as an OpenAPI document"},
	}...)
}
