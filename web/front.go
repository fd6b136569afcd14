package web

import (
	"html/template"
	"net/http"
)

// frontPage is what a program or an old browser gets at "/": what this is, and where the FHIR base is. It runs no script
// and loads nothing.
var frontPage = template.Must(template.New("front").Parse(`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Satchel</title></head>
<body>
<h1>Satchel</h1>
<p>This server keeps a practice's health records as FHIR R4 resources and exports them.</p>
<ul>
<li>FHIR base: <code>{{.Base}}</code></li>
<li>What it can do: <a href="fhir/metadata">CapabilityStatement</a>, <a href="api/openapi.json">OpenAPI</a></li>
<li>Version: {{.Version}}</li>
</ul>
</body>
</html>
`))

// front answers the front page.
func (s *Server) front(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	err := frontPage.Execute(w, map[string]string{"Base": s.BaseURL(r), "Version": s.Version})
	if err != nil {
		s.Log.Error("front page", "err", err)
	}
}
