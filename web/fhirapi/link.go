package fhirapi

import (
	"satchel/web"

	"satchel/auth"
	"satchel/fhir"
)

// mayLink refuses to make, change or remove a link between two Patients (Patient.link) to who may not do the same to both: whoever
// makes a copy of either record is shown the other one. d is what is written, nil for a deletion, and old what stands. A link that
// stays as it is needs nothing more.
func mayLink(c *web.Call, verb auth.Verb, id string, d *fhir.Document, old fhir.Resource) error {
	if old.Type != "Patient" || c.Who.Decide(auth.Action{Verb: verb, Type: "Patient"}) == nil {
		return nil
	}
	before, err := lastLinks(c, d, old)
	if err != nil {
		return err
	}
	for _, other := range fhir.ChangedLinks(before, d, c.Server.Store.Bases()) {
		do := auth.Action{Verb: verb, Type: "Patient", ID: other}
		if c.Who.Decide(do) == nil {
			continue
		}
		if do.Owners = []string{other}; c.Who.Decide(do) != nil {
			return fhir.Errorf(fhir.CodeForbidden, "it makes, changes or removes a link between Patient/%s and Patient/%s, and you may not %s Patient/%s; leave the links as they are, or have somebody do it who may %s both",
				id, other, verb, other, verb)
		}
	}
	return nil
}

// lastLinks is the Patient whose links stand: the current one, or, where a deleted one is written anew, what was deleted. Nil if
// there is none.
func lastLinks(c *web.Call, d *fhir.Document, old fhir.Resource) (*fhir.Document, error) {
	if old.JSON == nil && d != nil && old.Version > 1 {
		last, err := c.Server.Store.Version(c.Context(), old.Type, old.ID, old.Version-1)
		if err != nil {
			return nil, err
		}
		old = last
	}
	if old.JSON == nil {
		return nil, nil
	}
	return fhir.Parse(old.JSON)
}
