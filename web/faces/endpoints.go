package faces

import (
	"strings"

	"satchel/web"
	"satchel/web/api"
	"satchel/web/fhirapi"
	"satchel/web/smart"
)

// Endpoints lists every address of the server but those of pages: those under the FHIR base, those beside it, and the plain ones.
func Endpoints() []web.Endpoint {
	var all []web.Endpoint
	add := func(prefix string, table []web.Route) {
		for _, rt := range table {
			all = append(all, web.Endpoint{Method: rt.Method, Path: strings.TrimSuffix(prefix+"/"+rt.Pattern, "/"), Public: rt.Kind == web.Public || rt.Kind == web.Discovery, Text: rt.Summary})
		}
	}
	add(web.FHIRPath, append(smart.Routes(), fhirapi.Routes()...))
	add("", append(api.Routes(), smart.Routes()...))
	return append(all, []web.Endpoint{
		{Method: "POST", Path: web.TokenPath, Public: true, Text: "Get an access token (SMART Backend Services)"},
		{Method: "GET", Path: "/", Public: true, Text: "Start page"},
		{Method: "GET", Path: web.FormatPath, Public: true, Text: "The format of packages and exports, for people"},
		{Method: "GET", Path: web.FormatPath + "/{version}", Public: true, Text: "The same for one version of the format"},
		{Method: "GET", Path: web.FormatPath + "/{version}/{file}", Public: true, Text: "A JSON Schema of the format, or its BagIt profile"},
		{Method: "GET", Path: "/healthz", Public: true, Text: "Whether the process answers"},
		{Method: "GET", Path: "/readyz", Public: true, Text: "Whether database, export folder and disk are ready; 503 if not, and the log says why"},
		{Method: "GET", Path: "/metrics", Text: "Numbers in the text format of Prometheus; only if metrics.enabled, and only to this machine and metrics.allow"},
		{Method: "GET", Path: "/api/openapi.json", Public: true, Text: "This list as an OpenAPI document"},
	}...)
}
