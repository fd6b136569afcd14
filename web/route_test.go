package web

import (
	"strings"
	"testing"

	"satchel/audit"
	"satchel/desk"
)

// Every row of every table says what it is in the audit log, and the server does not start with one that does not.
func TestEveryRouteHasAnAction(t *testing.T) {
	t.Parallel()
	var pages []route
	for _, rt := range desk.Routes() {
		pages = append(pages, route{method: rt.Method, pattern: rt.Pattern, action: rt.Action})
	}
	if err := checkActions(routes(), besides(), pages); err != nil {
		t.Error(err)
	}
	for _, action := range []audit.Action{"", "dance", audit.NoEvent} {
		err := checkActions([]route{{method: "GET", pattern: "new", action: action}})
		if refused := err != nil; refused != (action != audit.NoEvent) {
			t.Errorf("action %q: %v", action, err)
		}
		if err != nil && !strings.Contains(err.Error(), `GET "new"`) {
			t.Errorf("the error does not name the route: %v", err)
		}
	}
}
