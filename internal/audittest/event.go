// Package audittest makes events of the audit log for tests that call what takes one.
package audittest

import "satchel/audit"

// Event is an event of somebody at the command line who did something.
func Event(action audit.Action) audit.Event {
	return audit.Event{Who: audit.Who{Name: "tester", Kind: audit.CLI}, Action: action}
}
