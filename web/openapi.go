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
	for _, rt := range s.routes {
		path := strings.TrimSuffix("/"+rt.pattern, "/")
		if paths[path] == nil {
			paths[path] = map[string]any{}
		}
		paths[path][strings.ToLower(rt.method)] = rt.openapi()
	}
	body, err := json.Marshal(map[string]any{
		"openapi": "3.1.0",
		"info": map[string]any{"title": "Satchel", "version": s.Version,
			"description": "FHIR R4 (4.0.1) with Bulk Data export. Types and search parameters are in the CapabilityStatement at /metadata."},
		"servers":    []any{map[string]any{"url": s.baseURL(r)}},
		"paths":      paths,
		"security":   []any{map[string]any{"basic": []any{}}},
		"components": map[string]any{"securitySchemes": map[string]any{"basic": map[string]any{"type": "http", "scheme": "basic"}}},
	}, json.Deterministic(true))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
}

// openapi describes one route.
func (rt *route) openapi() map[string]any {
	media := mediaFHIR
	switch {
	case strings.Contains(rt.pattern, "{file}"):
		media = "application/fhir+ndjson"
	case strings.HasPrefix(rt.pattern, "$export-poll"):
		media = "application/json"
	}
	status := "200"
	if rt.kind == export {
		status = "202"
	}
	op := map[string]any{
		"summary": rt.summary,
		"responses": map[string]any{
			status:    map[string]any{"description": "done", "content": map[string]any{media: map[string]any{}}},
			"default": map[string]any{"description": "OperationOutcome", "content": map[string]any{mediaFHIR: map[string]any{}}},
		},
	}
	if rt.kind == public {
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
