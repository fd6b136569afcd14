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
		err := checkActions([]Route{{Method: "GET", Pattern: "new", Action: action}})
		if refused := err != nil; refused != (action != audit.NoEvent) {
			t.Errorf("action %q: %v", action, err)
		}
		if err != nil && !strings.Contains(err.Error(), `GET "new"`) {
			t.Errorf("the error does not name the route: %v", err)
		}
	}
}
