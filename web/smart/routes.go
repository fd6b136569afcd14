package smart

import (
	"satchel/audit"
	"satchel/web"
)

// Routes are what backend clients look for, under the FHIR base and beside it (SMART App Launch 2.2, section 3).
func Routes() []web.Route {
	return web.Prepared([]web.Route{
		{Method: "GET", Pattern: ".well-known/smart-configuration", Action: audit.NoEvent, Kind: web.Discovery, Summary: "Where and how backend clients get tokens", Run: configuration},
	})
}
