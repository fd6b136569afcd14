// Package audittest makes events of the audit log for tests that call what takes one.
package audittest

import "satchel/audit"

// Who is somebody at the command line.
var Who = audit.Who{Name: "tester", Kind: audit.CLI}

// Event is an event of Who, who did something.
func Event(action audit.Action) audit.Event {
	return audit.Event{Who: Who, Action: action}
}
