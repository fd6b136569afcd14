package web

import (
	"satchel/audit"
	"satchel/exports"
)

// did takes over what a deed on an export or package leaves: nothing more is noted if its event is stored. A deed that was
// done was decided on.
func (a *answer) did(n exports.Note, err error) {
	if err == nil {
		a.decided = true
	}
	switch t := a.trail; {
	case t == nil:
	case n.Stored:
		a.trail = nil
	default:
		t.Target = n.Target
		if n.Action == audit.ExportStart {
			t.call = nil // it names the parameters itself
		}
		t.addPatients(n.Patients...)
		if n.Detail != "" {
			t.addDetail("%s", n.Detail)
		}
	}
}

// did is [answer.did].
func (c *call) did(n exports.Note, err error) { c.answer.did(n, err) }

// actor is who calls. status is what a success is answered with.
func (c *call) actor(status int) exports.Actor {
	return exports.Account(c.who, c.server.client(c.Request).String(), c.answer.id, status)
}
