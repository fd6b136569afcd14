package api

import (
	"satchel/auth"
	"satchel/web"
)

// mayAdministrate decides about the JSON administration and one more verb.
func mayAdministrate(c *web.Call, verb auth.Verb) error {
	if err := c.Decide(auth.Action{Verb: auth.VerbAdminJSON}); err != nil {
		return err
	}
	return c.Decide(auth.Action{Verb: verb})
}
