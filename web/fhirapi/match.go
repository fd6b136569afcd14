package fhirapi

import (
	"crypto/rand"
	"net/http"
	"strings"

	"satchel/web"

	"satchel/auth"
	"satchel/fhir"
	"satchel/storage"
)

// newID is a random id: 128 bits in lower case, so that no two ids differ by case alone.
func newID() string { return strings.ToLower(rand.Text()) }

// onlyMatch finds the one resource that criteria ("identifier=a|b") match, as the transaction sees it; the zero
// Resource if there is none. Several are an error, and so are criteria that say nothing or that are not understood:
// a condition that was half read would do harm.
func onlyMatch(c *web.Call, tx *storage.Tx, typ, criteria string) (fhir.Resource, error) {
	if err := c.Decide(auth.Action{Verb: auth.VerbSearch, Type: typ}); err != nil {
		return fhir.Resource{}, err
	}
	q, err := conditional(typ, criteria, c.Asked())
	if err != nil {
		return fhir.Resource{}, err
	}
	found, err := tx.Search(q, storage.Page{Count: 2})
	if err != nil {
		return fhir.Resource{}, err
	}
	switch len(found.Resources) {
	case 0:
		return fhir.Resource{}, nil
	case 1:
		return found.Resources[0], nil
	}
	return fhir.Resource{}, fhir.Errorf(fhir.CodeMultiple, "the condition on %s matches more than one resource; make it more exact", typ)
}

// conditional reads the criteria of a conditional interaction.
func conditional(typ, criteria string, own fhir.Bases) (fhir.Query, error) {
	criteria = strings.TrimPrefix(strings.TrimPrefix(criteria, typ), "?")
	params, err := web.ParseQuery(criteria)
	if err != nil {
		return fhir.Query{}, err
	}
	c := &web.Call{}
	if _, err := c.Take(params); err != nil {
		return fhir.Query{}, err
	}
	if len(c.Params) == 0 {
		return fhir.Query{}, fhir.Errorf(fhir.CodeRequired, "the condition on %s is empty; write it as \"identifier=system|value\"", typ)
	}
	q, unknown, err := fhir.ParseQuery(typ, c.Params, own)
	if err == nil && len(unknown) > 0 {
		err = unknownParams(typ, unknown)
	}
	return q, err
}

// unknownParams refuses search parameters by name.
func unknownParams(typ string, names []string) error {
	return fhir.Errorf(fhir.CodeNotSupported, "%s has no search parameter %s; GET %s/metadata lists those it has",
		typ, web.Printable(strings.Join(names, ", ")), web.FHIRPath)
}

// updateMatch updates the one resource that matches, or creates one: PUT [type]?criteria.
func updateMatch(w http.ResponseWriter, c *web.Call) error {
	d, err := c.Document()
	if err != nil {
		return err
	}
	var e effect
	err = write(c, func(tx *storage.Tx) error {
		id, err := updateTarget(c, tx, d, c.URL.RawQuery)
		if err == nil {
			e, err = put(c, tx, d, id, conditionOf(c.Header))
		}
		return err
	})
	if err != nil {
		return err
	}
	return sendEffect(c, w, e)
}

// updateTarget is the id that a conditional update of d writes to: that of the match, else the body's, else a new one.
func updateTarget(c *web.Call, tx *storage.Tx, d *fhir.Document, criteria string) (string, error) {
	found, err := onlyMatch(c, tx, d.Type(), criteria)
	switch {
	case err != nil:
		return "", err
	case found.ID != "" && d.ID() != "" && d.ID() != found.ID:
		return "", &fhir.Error{Code: fhir.CodeInvalid, Expression: d.Type() + ".id",
			Diagnostics: "the condition matches another resource than the body's id names; leave the id out or make them equal"}
	case found.ID != "":
		return found.ID, nil
	case d.ID() == "":
		return newID(), nil
	}
	if old, err := tx.Resource(d.Type(), d.ID()); err == nil && !old.Deleted {
		return "", fhir.Errorf(fhir.CodeConflict, "nothing matches the condition, and the body's id is taken by a resource that does not match; leave the id out")
	}
	return d.ID(), nil
}

// removeMatch deletes the one resource that matches: DELETE [type]?criteria.
func removeMatch(w http.ResponseWriter, c *web.Call) error {
	var e effect
	err := write(c, func(tx *storage.Tx) error {
		found, err := onlyMatch(c, tx, c.Type, c.URL.RawQuery)
		if err == nil && found.ID != "" {
			e, err = erase(c, tx, c.Type, found.ID, conditionOf(c.Header))
		}
		return err
	})
	if err != nil {
		return err
	}
	return sendEffect(c, w, e)
}
