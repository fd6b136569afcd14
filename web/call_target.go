package web

import (
	"strings"
)

// setTarget names the target from the address of a call that is sound, and the parameters.
func (c *Call) setTarget() {
	t := &c.Answer.Trail
	target := c.Type
	if c.ID != "" {
		target += "/" + c.ID
	}
	if strings.Contains(c.Route.Pattern, "/_history/{version}") && len(c.Version) < 20 && strings.Trim(c.Version, "0123456789") == "" {
		target += "/_history/" + c.Version
	}
	if c.Name != "" {
		t.setAccount(c.Context(), c.Name)
	}
	if target != "" && t.Target == "" {
		t.Target = target
	}
	if c.Type == "Patient" && c.ID != "" {
		t.AddPatients(c.ID)
	}
	t.call = c
}
