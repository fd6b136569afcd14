package faces

import (
	"testing"

	"satchel/audit"
	"satchel/auth"
	"satchel/pages"
	"satchel/web"
)

// Every row of every table says what it is in the audit log.
func TestEveryRouteHasAnAction(t *testing.T) {
	t.Parallel()
	check := func(method, pattern string, action audit.Action) {
		if action != audit.NoEvent && !action.Valid() {
			t.Errorf("%s %q has no action", method, pattern)
		}
	}
	f := of(web.Options{Tokens: &auth.TokenService{}}, web.Pages{})
	for _, table := range [][]web.Route{f.FHIR, f.Beside} {
		for _, rt := range table {
			check(rt.Method, rt.Pattern, rt.Action)
		}
	}
	for _, rt := range pages.Routes() {
		check(rt.Method, rt.Pattern, rt.Action)
	}
}
