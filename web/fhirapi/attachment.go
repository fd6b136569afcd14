package fhirapi

import (
	"fmt"
	"net/http"
	"strconv"

	"satchel/web"

	"satchel/fhir"
)

// attachment answers the content of an attachment that an export gave by address instead of inline:
// GET [type]/[id]/_history/[version]/$attachment?n=[number].
func attachment(w http.ResponseWriter, c *web.Call) error {
	r, err := version(c)
	if err != nil {
		return err
	}
	d, err := fhir.Parse(r.JSON)
	if err != nil {
		return fmt.Errorf("read %s: %w", r.Key(), err)
	}
	content, data, ok := d.Attachment(number(c))
	if !ok {
		return fhir.Errorf(fhir.CodeNotFound, "this version of %s has no such attachment with data; take the address from an export", r.Key())
	}
	reader, err := fhir.NewContent(data)
	if err != nil {
		return fmt.Errorf("read %s: %w", r.Key(), err)
	}
	addPatients(c, r)
	sendContent(c, w, r, content, reader)
	return nil
}

// number is the attachment that the address names, -1 if it names none.
func number(c *web.Call) int {
	for _, p := range c.Params {
		if p.Name == "n" {
			if n, err := strconv.Atoi(p.Value); err == nil {
				return n
			}
		}
	}
	return -1
}
