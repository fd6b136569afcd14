package web

import (
	"slices"
	"strings"

	"satchel/fhir"
)

// complete adds the names of the parameters to the detail, those that the server knows: all others might be values in a
// wrong place. The handler has read them all by now, also from a body.
func (t *Trail) complete() {
	c := t.call
	if t.call = nil; c == nil {
		return
	}
	var names []string
	for _, p := range c.Params {
		names = append(names, c.paramName(p.Name))
	}
	slices.Sort(names)
	if names = slices.Compact(names); len(names) > 0 {
		t.Words("parameters: %s", strings.Join(names, " "))
	}
}

// paramName is the name of a parameter without modifier and chain if it is known, and "?" otherwise.
func (c *Call) paramName(name string) string {
	if i := strings.IndexAny(name, ":."); i >= 0 {
		name = name[:i]
	}
	if slices.Contains(plainParams, name) || slices.Contains(AuditParams, name) && c.Type == "" {
		return name
	}
	for _, p := range fhir.SearchParams(c.Type) {
		if p.Name == name {
			return name
		}
	}
	return "?"
}

// plainParams are known besides those that R4 has for a type and those of the audit log.
var plainParams = []string{
	"_id", "_lastUpdated", "_has", "_since", "_until", "_type", "_typeFilter", "_elements", "_outputFormat", "patient", "includeAssociatedData",
	"organizeOutputBy", "_typePostFetchFilterUrl", "_exportId", "_jobId", "jobId", "_separate", "_cursor", "_count", "_security", "_tag", "_profile",
	"_source", "_list", "_at", "start", "end", "part", "requester", "role",
	"_total", "_summary", "_sort", "_include", "_revinclude", "_contained", "_containedType", "_score",
}

// AuditParams are the parameters of /api/audit.
var AuditParams = []string{"since", "until", "who", "kind", "from", "action", "target", "patient", "outcome", "status", "detail", "request", "_sort", "_count", "_cursor"}
