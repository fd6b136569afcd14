package web

import (
	"strings"
	"testing"

	"satchel/audit"
)

// The server does not start with a row that does not say what it is in the audit log.
func TestRouteWithoutAnAction(t *testing.T) {
	t.Parallel()
	for _, action := range []audit.Action{"", "dance", audit.NoEvent} {
		err := checkRoutes(Prepared([]Route{{Method: "GET", Pattern: "new", Action: action}}))
		if refused := err != nil; refused != (action != audit.NoEvent) {
			t.Errorf("action %q: %v", action, err)
		}
		if err != nil && !strings.Contains(err.Error(), `GET "new"`) {
			t.Errorf("the error does not name the route: %v", err)
		}
	}
}

// Nor does it start with a row whose addresses another one takes.
func TestRouteHidden(t *testing.T) {
	t.Parallel()
	one := Route{Method: "GET", Pattern: "users/{name}", Action: audit.NoEvent}
	other := Route{Method: "GET", Pattern: "users/new", Action: audit.NoEvent}
	if err := checkRoutes(Prepared([]Route{other, one})); err != nil {
		t.Error(err)
	}
	if err := checkRoutes(Prepared([]Route{one, other})); err == nil || !strings.Contains(err.Error(), `GET "users/new"`) {
		t.Error(err)
	}
}
