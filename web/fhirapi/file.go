package fhirapi

import (
	"net/http"

	"satchel/web"

	"satchel/exports"
)

// jobFile sends one file of a complete export: whole, in ranges, or compressed on the way.
func jobFile(w http.ResponseWriter, c *web.Call) error {
	f, note, err := c.Server.Exports.Open(c.Context(), c.Actor(0), c.Job, c.File, exports.Bulk)
	if c.Did(note, err); err != nil {
		return err
	}
	defer f.Close()
	return c.SendFile(w, f, web.MediaNDJSON)
}
