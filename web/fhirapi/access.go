package fhirapi

import (
	"strings"

	"satchel/web"

	"satchel/auth"
	"satchel/fhir"
	"satchel/storage"
)

// mayReadAll reports whether the caller may read every resource of the type. What a search or the history of a type
// shows needs a client's scope to search, or to read; everything else needs the scope to read.
func mayReadAll(c *web.Call, typ string) bool {
	may, known := c.Whole[typ]
	if !known {
		may = c.Who.Decide(auth.Action{Verb: auth.VerbRead, Type: typ}) == nil ||
			listing(c) && c.Who.Decide(auth.Action{Verb: auth.VerbSearch, Type: typ}) == nil
		if c.Whole == nil {
			c.Whole = map[string]bool{}
		}
		c.Whole[typ] = may
	}
	return may
}

// listing reports whether the call lists resources by type or system.
func listing(c *web.Call) bool {
	return strings.HasPrefix(c.Route.Interaction, "search-") || c.Route.Interaction == "history-type" || c.Route.Interaction == "history-system"
}

// mayRead returns nil if the account may read this version of a resource: all of its type, or by the patients it
// belongs to.
func mayRead(c *web.Call, r fhir.Resource) error {
	if mayReadAll(c, r.Type) {
		c.Answer.Decided = true
		return nil
	}
	if r.Type == "Binary" {
		return mayReadBinary(c, r)
	}
	owners, err := owners(c, r)
	if err != nil {
		return err
	}
	return c.Decide(auth.Action{Verb: auth.VerbRead, Type: r.Type, ID: r.ID, Owners: owners})
}

// view is what the account may see of this version of a resource: all of it, or the excerpt of what is others' as well. A read of
// one patient's data shows a group, a list, an appointment as far as it is that patient's.
func view(c *web.Call, r fhir.Resource) (fhir.Resource, error) {
	if r.Deleted || r.Type == "Binary" || mayReadAll(c, r.Type) {
		return r, mayRead(c, r)
	}
	var d fhir.Document
	if err := d.Reset(r.JSON); err != nil {
		return r, err
	}
	part, err := partOf(c, &d, func(patient string) bool {
		return c.Who.Decide(auth.Action{Verb: auth.VerbRead, Type: r.Type, ID: r.ID, Owners: []string{patient}}) == nil
	})
	switch {
	case err != nil:
		return r, err
	case !part.Given:
		return r, c.Decide(auth.Action{Verb: auth.VerbRead, Type: r.Type, ID: r.ID})
	case part.Text != nil:
		r.JSON = part.Text
	}
	c.Answer.Decided = true
	return r, nil
}

// partOf is [storage.Store.Part], as the transaction sees things if the call is in one.
func partOf(c *web.Call, d *fhir.Document, mine func(patient string) bool) (storage.Part, error) {
	if c.Tx != nil {
		return c.Tx.Part(d, mine)
	}
	return c.Server.Store.Part(c.Context(), d, mine)
}

// owners are the patients to whom a stored resource belongs; none for a tombstone.
func owners(c *web.Call, r fhir.Resource) ([]string, error) {
	if r.Deleted {
		return nil, nil
	}
	d, err := fhir.Parse(r.JSON)
	if err != nil {
		return nil, err
	}
	return ownersOf(c, d)
}

// ownersOf are the patients that a document belongs to; one that is only mentioned, or is one of several, does not
// count.
func ownersOf(c *web.Call, d *fhir.Document) (ids []string, err error) {
	owners, err := belonging(c, d)
	for _, o := range owners {
		if o.Why.Whole() {
			ids = append(ids, o.Patient)
		}
	}
	return ids, err
}

// belonging is whose a document is, as the transaction sees things if the call is in one.
func belonging(c *web.Call, d *fhir.Document) ([]fhir.Owner, error) {
	if c.Tx != nil {
		return c.Tx.Belonging(d)
	}
	return c.Server.Store.Belonging(c.Context(), d)
}

// resource is the current version, as the transaction sees it if the call is in one.
func resource(c *web.Call, typ, id string) (fhir.Resource, error) {
	if c.Tx != nil {
		return c.Tx.Resource(typ, id)
	}
	return c.Server.Store.Resource(c.Context(), typ, id)
}

// find answers one page of matches, as the transaction sees them if the call is in one.
func find(c *web.Call, q fhir.Query, p storage.Page) (storage.Found, error) {
	if c.Tx != nil {
		return c.Tx.Search(q, p)
	}
	return c.Server.Store.Search(c.Context(), q, p)
}
