package web

import (
	"satchel/audit"
	"satchel/auth"
)

// did takes over what a deed leaves: nothing more is noted if its event is stored. A deed that was done was decided on.
func (a *Answer) did(n audit.Note, err error) {
	if err == nil {
		a.Decided = true
	}
	t := &a.Trail
	if n.Stored {
		*t = Trail{}
		return
	}
	t.Action, t.Target = n.Action, n.Target
	if n.Action == audit.ExportStart {
		t.call = nil // it names the parameters itself
	}
	t.AddPatients(n.Patients...)
	if n.Detail != "" {
		t.Words("%s", n.Detail)
	}
}

// Did is [Answer.Did].
func (c *Call) Did(n audit.Note, err error) { c.Answer.did(n, err) }

// Actor is who calls. status is what a success is answered with.
func (c *Call) Actor(status int) auth.Actor {
	return auth.ActorOf(c.Who, c.Server.Client(c.Request).String(), c.Answer.ID, status)
}
