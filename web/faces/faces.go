// Package faces puts a whole server together: FHIR, the JSON administration, tokens for backend clients, and the staff's pages.
package faces

import (
	"net/http"

	"satchel/pages"
	"satchel/web"
	"satchel/web/api"
	"satchel/web/fhirapi"
	"satchel/web/smart"
)

// Options are those of the server, and of its pages beyond what the server knows.
type Options struct {
	web.Options
	Pages pages.Options
}

// New makes the handler of a whole server. It fails on options that cannot be right, naming the setting.
func New(o Options) (http.Handler, error) {
	p := o.Pages
	p.Store, p.Exports, p.Auth, p.Log, p.Version, p.Requests = o.Store, o.Exports, o.Auth, o.Log, o.Version, o.Requests
	d, err := pages.New(p)
	if err != nil {
		return nil, err
	}
	return web.New(o.Options, of(o.Options, d.Pages()))
}

// of is every address.
func of(o web.Options, p web.Pages) web.Faces {
	f := web.Faces{FHIR: append(smart.Routes(), fhirapi.Routes()...), Beside: append(api.Routes(), smart.Routes()...), Pages: p,
		Plain: []web.Plain{{Path: "/api/openapi.json", Serve: api.OpenAPI}}}
	if o.Tokens != nil {
		f.Plain = append(f.Plain, web.Plain{Path: web.TokenPath, Any: true, Serve: smart.Token, Foreign: smart.RefuseForeign})
	}
	return f
}
