package api

import (
	"net/http"
	"strings"

	"satchel/web"

	"github.com/go-json-experiment/json"

	"satchel/fhir"
)

// OpenAPI answers an OpenAPI 3.1 document of the route table.
func OpenAPI(s *web.Server, w http.ResponseWriter, r *http.Request) {
	paths := map[string]map[string]any{}
	describe(s, paths, web.FHIRPath, s.FHIR)
	describe(s, paths, "", s.Beside)
	if s.Tokens != nil {
		paths[web.TokenPath] = map[string]any{"post": tokenOpenAPI()}
	}
	body, err := json.Marshal(map[string]any{
		"openapi": "3.1.0",
		"info": map[string]any{"title": "Satchel", "version": s.Version,
			"description": "FHIR R4 (4.0.1) with Bulk Data export. Types and search parameters are in the CapabilityStatement at /fhir/metadata."},
		"servers":  []any{map[string]any{"url": strings.TrimSuffix(s.BaseURL(r), web.FHIRPath)}},
		"paths":    paths,
		"security": []any{map[string]any{"basic": []any{}}, map[string]any{"bearer": []any{}}},
		"components": map[string]any{"securitySchemes": map[string]any{
			"basic":  map[string]any{"type": "http", "scheme": "basic"},
			"bearer": map[string]any{"type": "http", "scheme": "bearer"},
		}},
	}, json.Deterministic(true))
	if err != nil {
		s.Fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
}

// describe adds the routes of a table.
func describe(s *web.Server, paths map[string]map[string]any, prefix string, table []web.Route) {
	for _, rt := range table {
		path := strings.TrimSuffix(prefix+"/"+rt.Pattern, "/")
		if paths[path] == nil {
			paths[path] = map[string]any{}
		}
		paths[path][strings.ToLower(rt.Method)] = openapi(&rt)
	}
}

// tokenOpenAPI describes the token endpoint.
func tokenOpenAPI() map[string]any {
	answer := map[string]any{web.MediaJSON: map[string]any{}}
	return map[string]any{
		"summary": "Get an access token (SMART Backend Services)", "security": []any{},
		"requestBody": map[string]any{"required": true, "content": map[string]any{web.MediaForm: map[string]any{}}},
		"responses": map[string]any{
			"200":     map[string]any{"description": "the token", "content": answer},
			"default": map[string]any{"description": "error and error_description (RFC 6749 section 5.2)", "content": answer},
		},
	}
}

// openapi describes one route.
func openapi(rt *web.Route) map[string]any {
	media := web.MediaFHIR
	switch {
	case strings.HasPrefix(rt.Pattern, "api/packages/") && rt.Kind == web.File:
		media = "application/octet-stream"
	case strings.Contains(rt.Pattern, "{file}"):
		media = web.MediaNDJSON
	case strings.HasPrefix(rt.Pattern, "$export-poll"), strings.HasPrefix(rt.Pattern, "$ehi-export-status"), rt.Kind == web.Discovery, rt.Kind == web.Admin, rt.Kind == web.Slow, strings.HasPrefix(rt.Pattern, "api/"):
		media = web.MediaJSON
	}
	status := "200"
	switch {
	case rt.Kind == web.Export:
		status = "202"
	case (rt.Kind == web.Admin || rt.Kind == web.Slow) && rt.Method == "POST":
		status = "201"
	case rt.Kind == web.Admin && rt.Method == "DELETE":
		status = "204"
	}
	op := map[string]any{
		"summary": rt.Summary,
		"responses": map[string]any{
			status:    map[string]any{"description": "done", "content": map[string]any{media: map[string]any{}}},
			"default": map[string]any{"description": "OperationOutcome", "content": map[string]any{web.MediaFHIR: map[string]any{}}},
		},
	}
	if rt.Kind == web.Public || rt.Kind == web.Discovery {
		op["security"] = []any{}
	}
	var params []any
	for _, segment := range rt.Segments {
		if name := web.Placeholder(segment); name != "" {
			schema := map[string]any{"type": "string"}
			if name == "type" {
				schema["enum"] = fhir.Types()
			}
			params = append(params, map[string]any{"name": name, "in": "path", "required": true, "schema": schema})
		}
	}
	if params != nil {
		op["parameters"] = params
	}
	return op
}
