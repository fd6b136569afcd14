package web

import (
	"slices"

	"satchel/fhir"
)

// simpleValues are the kinds of value that an operation's parameter may have here: text, or the text of a reference.
var simpleValues = []string{"string", "instant", "dateTime", "date", "Reference", "code", "uri", "url", "canonical", "id",
	"boolean", "integer", "positiveInt", "unsignedInt"}

// addParameters adds the parameters of a Parameters body, if there is one, to those of the query.
func (c *call) addParameters() error {
	if c.Method != "POST" || c.ContentLength == 0 {
		return nil
	}
	body, err := c.body(maxForm, mediaFamily)
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
	if wrong := findings(d); len(wrong) > 0 {
		return &problem{status: 400, issues: wrong}
	}
	for _, p := range list {
		if !slices.Contains(simpleValues, p.Type) {
			return fhir.Errorf(fhir.CodeNotSupported, "parameter %q has no value that is read here; give it a valueString or another simple value", printable(p.Name))
		}
		c.params = append(c.params, fhir.Param{Name: p.Name, Value: p.Value})
	}
	return nil
}
