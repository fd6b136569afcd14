package web

import (
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"

	"satchel/fhir"
)

// openapi answers an OpenAPI 3.1 document of the route table.
func (s *server) openapi(w http.ResponseWriter, r *http.Request) {
	paths := map[string]map[string]any{}
	s.describe(paths, fhirPath, s.routes)
	s.describe(paths, "", s.besides)
	if s.Tokens != nil {
		paths[tokenPath] = map[string]any{"post": tokenOpenAPI()}
	}
	body, err := json.Marshal(map[string]any{
		"openapi": "3.1.0",
		"info": map[string]any{"title": "Satchel", "version": s.Version,
			"description": "FHIR R4 (4.0.1) with Bulk Data export. Types and search parameters are in the CapabilityStatement at /fhir/metadata."},
		"servers":  []any{map[string]any{"url": strings.TrimSuffix(s.baseURL(r), fhirPath)}},
		"paths":    paths,
		"security": []any{map[string]any{"basic": []any{}}, map[string]any{"bearer": []any{}}},
		"components": map[string]any{"securitySchemes": map[string]any{
			"basic":  map[string]any{"type": "http", "scheme": "basic"},
			"bearer": map[string]any{"type": "http", "scheme": "bearer"},
		}},
	}, json.Deterministic(true))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
}

// describe adds the routes of a table.
func (s *server) describe(paths map[string]map[string]any, prefix string, table []route) {
	for _, rt := range table {
		path := strings.TrimSuffix(prefix+"/"+rt.pattern, "/")
		if paths[path] == nil {
			paths[path] = map[string]any{}
		}
		paths[path][strings.ToLower(rt.method)] = rt.openapi()
	}
}

// tokenOpenAPI describes the token endpoint.
func tokenOpenAPI() map[string]any {
	answer := map[string]any{mediaJSON: map[string]any{}}
	return map[string]any{
		"summary": "Get an access token (SMART Backend Services)", "security": []any{},
		"requestBody": map[string]any{"required": true, "content": map[string]any{mediaForm: map[string]any{}}},
		"responses": map[string]any{
			"200":     map[string]any{"description": "the token", "content": answer},
			"default": map[string]any{"description": "error and error_description (RFC 6749 section 5.2)", "content": answer},
		},
	}
}

// openapi describes one route.
func (rt *route) openapi() map[string]any {
	media := mediaFHIR
	switch {
	case strings.HasPrefix(rt.pattern, "api/packages/") && rt.kind == file:
		media = "application/octet-stream"
	case strings.Contains(rt.pattern, "{file}"):
		media = mediaNDJSON
	case strings.HasPrefix(rt.pattern, "$export-poll"), strings.HasPrefix(rt.pattern, "$ehi-export-status"), rt.kind == discovery, rt.kind == admin, rt.kind == slow, strings.HasPrefix(rt.pattern, "api/"):
		media = mediaJSON
	}
	status := "200"
	switch {
	case rt.kind == export:
		status = "202"
	case (rt.kind == admin || rt.kind == slow) && rt.method == "POST":
		status = "201"
	case rt.kind == admin && rt.method == "DELETE":
		status = "204"
	}
	op := map[string]any{
		"summary": rt.summary,
		"responses": map[string]any{
			status:    map[string]any{"description": "done", "content": map[string]any{media: map[string]any{}}},
			"default": map[string]any{"description": "OperationOutcome", "content": map[string]any{mediaFHIR: map[string]any{}}},
		},
	}
	if rt.kind == public || rt.kind == discovery {
		op["security"] = []any{}
	}
	var params []any
	for _, segment := range rt.segments {
		if name := placeholder(segment); name != "" {
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
