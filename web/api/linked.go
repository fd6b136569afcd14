package api

import (
	"net/http"

	"satchel/exports"
	"satchel/web"
)

// listLinked tells who is linked with a patient, before a package is ordered: GET /api/patients/[id]/linked.
func listLinked(w http.ResponseWriter, c *web.Call) error {
	linked, note, err := c.Server.Exports.Linked(c.Context(), c.Actor(http.StatusOK), c.ID)
	if c.Did(note, err); err != nil {
		return err
	}
	if linked == nil {
		linked = []exports.Linked{}
	}
	return c.SendValue(w, http.StatusOK, map[string][]exports.Linked{"linked": linked})
}
