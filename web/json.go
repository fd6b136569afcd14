package web

import (
	"net/http"

	"github.com/go-json-experiment/json"

	"satchel/fhir"
)

// ReadJSON reads the body into v: JSON alone, every name known and exactly as it is written, none twice.
func (c *Call) ReadJSON(limit int64, v any, shape string) error {
	body, err := c.ReadBody(limit, MediaJSON)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, v, json.RejectUnknownMembers(true)); err != nil {
		return fhir.Errorf(fhir.CodeStructure, "the body is not %s; every name must be written exactly so, once", shape)
	}
	return nil
}

// SendValue sends a value.
func (c *Call) SendValue(w http.ResponseWriter, status int, v any) error {
	body, err := EncodeJSON(v)
	if err != nil {
		return err
	}
	return c.SendJSON(w, status, MediaJSON, body)
}
