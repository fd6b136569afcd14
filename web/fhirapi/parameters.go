package fhirapi

import (
	"slices"

	"satchel/web"

	"satchel/fhir"
)

// simpleValues are the kinds of value that an operation's parameter may have here: text, or the text of a reference.
var simpleValues = []string{"string", "instant", "dateTime", "date", "Reference", "code", "uri", "url", "canonical", "id",
	"boolean", "integer", "positiveInt", "unsignedInt"}

// addParameters adds the parameters of a Parameters body, if there is one, to those of the query.
func addParameters(c *web.Call) error {
	if c.Method != "POST" || c.ContentLength == 0 {
		return nil
	}
	body, err := c.ReadBody(web.MaxForm, web.MediaFamily)
	if err != nil {
		return err
	}
	d, err := fhir.ParseParameters(body)
	if err != nil {
		return err
	}
	list, err := fhir.Parameters(d)
	if err != nil {
		return err
	}
	if wrong := web.Findings(d); len(wrong) > 0 {
		return &web.Problem{Status: 400, Issues: wrong}
	}
	for _, p := range list {
		if !slices.Contains(simpleValues, p.Type) {
			return fhir.Errorf(fhir.CodeNotSupported, "parameter %q has no value that is read here; give it a valueString or another simple value", web.Printable(p.Name))
		}
		c.Params = append(c.Params, fhir.Param{Name: p.Name, Value: p.Value})
	}
	return nil
}
