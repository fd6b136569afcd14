package web

import (
	"net/http"
	"strings"

	"satchel/auth"
	"satchel/fhir"
	"satchel/storage"
)

// effect is what a write did: the version that stands now, and how it came to be.
type effect struct {
	resource fhir.Resource
	change   storage.Change
	existing bool // nothing was written because If-None-Exist found this resource
}

// status is the HTTP status that tells the effect.
func (e effect) status() int {
	switch {
	case e.resource.Deleted || e.resource.ID == "":
		return http.StatusNoContent
	case e.change == storage.Created:
		return http.StatusCreated
	}
	return http.StatusOK
}

// condition is what must hold for a write: If-Match and If-None-Match.
type condition struct{ match, noneMatch string }

func conditionOf(h http.Header) condition {
	return condition{strings.Join(h.Values("If-Match"), ","), strings.Join(h.Values("If-None-Match"), ",")}
}

// check compares the condition with the version that stands; a tombstone is none.
func (k condition) check(old fhir.Resource, exists bool) error {
	if k.match != "" && (!exists || !tagListed(k.match, etag(old.Version))) {
		if !exists {
			return problemf(http.StatusPreconditionFailed, fhir.CodeConflict, "If-Match names %s and the resource does not exist", printable(k.match))
		}
		return problemf(http.StatusPreconditionFailed, fhir.CodeConflict,
			"If-Match names %s and the current version is %s; read it, redo the change and send it again", printable(k.match), etag(old.Version))
	}
	if k.noneMatch != "" && exists && tagListed(k.noneMatch, etag(old.Version)) {
		return problemf(http.StatusPreconditionFailed, fhir.CodeDuplicate, "If-None-Match: the resource exists, as version %s", etag(old.Version))
	}
	return nil
}

// write runs f in the transaction that the call is part of, or in one of its own.
func (c *call) write(f func(tx *storage.Tx) error) error {
	if c.tx != nil {
		return f(c.tx)
	}
	return c.answer.trail.write(c.Context(), c.server.Store, http.StatusOK, f)
}

// put stores d under the id as the next version, if the account may change what stands there and write what comes.
func (c *call) put(tx *storage.Tx, d *fhir.Document, id string, k condition) (effect, error) {
	typ := d.Type()
	if err := notInLog(typ, id); err != nil {
		return effect{}, err
	}
	if err := c.mayChange(auth.VerbWrite, typ, id, func() ([]string, error) { return c.ownersOf(d), nil }); err != nil {
		return effect{}, err
	}
	old, err := c.standing(tx, auth.VerbWrite, typ, id, k)
	if err != nil {
		return effect{}, err
	}
	r, change, err := tx.Put(d, id)
	e := effect{resource: r, change: change}
	if err == nil {
		c.noteWrite(e, c.patientsOf(old), c.patientsIn(d, id))
	}
	return e, err
}

// erase adds a tombstone, if the account may delete what stands there.
func (c *call) erase(tx *storage.Tx, typ, id string, k condition) (effect, error) {
	if err := notInLog(typ, id); err != nil {
		return effect{}, err
	}
	old, err := c.standing(tx, auth.VerbDelete, typ, id, k)
	if err != nil {
		return effect{}, err
	}
	r, change, err := tx.Delete(typ, id)
	if err != nil || !r.Deleted { // there never was one
		return effect{}, err
	}
	e := effect{resource: r, change: change}
	c.noteWrite(e, c.patientsOf(old), nil)
	return e, nil
}

// standing checks permission and condition against the current version. For a deletion the permission is asked even
// if nothing stands there, so that nobody learns what exists. It answers what stands there.
func (c *call) standing(tx *storage.Tx, verb auth.Verb, typ, id string, k condition) (fhir.Resource, error) {
	old, err := tx.Resource(typ, id)
	if err != nil && !isCode(err, fhir.CodeNotFound) {
		return old, err
	}
	exists := err == nil && !old.Deleted
	if exists || verb == auth.VerbDelete {
		old.Deleted = !exists
		if err := c.mayChange(verb, typ, id, func() ([]string, error) { return c.owners(old) }); err != nil {
			return old, err
		}
	}
	return old, k.check(old, exists)
}

// mayChange decides about a write. Owners are looked for only if they can matter.
func (c *call) mayChange(verb auth.Verb, typ, id string, owners func() ([]string, error)) error {
	do := auth.Action{Verb: verb, Type: typ, ID: id}
	if c.decide(do) == nil {
		return nil
	}
	var err error
	if do.Owners, err = owners(); err != nil {
		return err
	}
	return c.decide(do)
}

// create stores a new resource under an id of the server: POST [type], with If-None-Exist only if nothing matches.
func create(w http.ResponseWriter, c *call) error {
	d, err := c.document()
	if err != nil {
		return err
	}
	var e effect
	err = c.write(func(tx *storage.Tx) error {
		if criteria := c.Header.Get("If-None-Exist"); criteria != "" {
			if found, err := c.onlyMatch(tx, c.Type, criteria); err != nil || found.ID != "" {
				e = effect{resource: found, existing: true}
				c.noteExisting(found)
				return err
			}
		}
		e, err = c.put(tx, d, newID(), condition{})
		return err
	})
	if err != nil {
		return err
	}
	return c.sendEffect(w, e)
}

// update stores the next version of a resource, or the first under the client's id: PUT [type]/[id].
func update(w http.ResponseWriter, c *call) error {
	d, err := c.document()
	if err != nil {
		return err
	}
	if err := sameID(d, c.ID); err != nil {
		return err
	}
	var e effect
	err = c.write(func(tx *storage.Tx) error {
		e, err = c.put(tx, d, c.ID, conditionOf(c.Header))
		return err
	})
	if err != nil {
		return err
	}
	return c.sendEffect(w, e)
}

// sameID demands that a body names the id of its address.
func sameID(d *fhir.Document, id string) error {
	if d.ID() == id {
		return nil
	}
	if d.ID() == "" {
		return &fhir.Error{Code: fhir.CodeRequired, Expression: d.Type() + ".id",
			Diagnostics: "the body has no id; an update needs \"id\":\"" + id + "\" as in its address"}
	}
	return &fhir.Error{Code: fhir.CodeInvalid, Expression: d.Type() + ".id",
		Diagnostics: "the body's id is \"" + d.ID() + "\" and the address says \"" + id + "\"; make them equal"}
}

// remove deletes a resource: DELETE [type]/[id]. What does not exist is as good as deleted.
func remove(w http.ResponseWriter, c *call) error {
	var e effect
	err := c.write(func(tx *storage.Tx) (err error) {
		e, err = c.erase(tx, c.Type, c.ID, conditionOf(c.Header))
		return err
	})
	if err != nil {
		return err
	}
	return c.sendEffect(w, e)
}

// sendEffect answers a write in the form that Prefer: return asks for.
func (c *call) sendEffect(w http.ResponseWriter, e effect) error {
	if e.resource.ID != "" {
		c.stamp(w, e.resource)
		if e.status() == http.StatusCreated || e.existing {
			w.Header().Set("Location", c.url(versionKey(e.resource)))
		} else if !e.resource.Deleted {
			w.Header().Set("Content-Location", c.url(versionKey(e.resource)))
		}
	}
	wish := c.prefer("return")
	if wish == "operationoutcome" {
		status := e.status()
		if status == http.StatusNoContent {
			status = http.StatusOK
		}
		return c.sendJSON(w, status, mediaFHIR, fhir.Outcome(told(e)))
	}
	if e.status() == http.StatusNoContent {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	if wish == "minimal" || e.existing && c.mayRead(e.resource) != nil {
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(e.status())
		return nil
	}
	return c.sendJSON(w, e.status(), mediaFHIR, e.resource.JSON)
}

// told says in words what a write did.
func told(e effect) fhir.Issue {
	text := "updated " + versionKey(e.resource)
	switch {
	case e.resource.ID == "":
		text = "there was nothing to delete"
	case e.existing:
		text = "exists already as " + versionKey(e.resource) + ", nothing was written"
	case e.resource.Deleted:
		text = "deleted " + e.resource.Key()
	case e.change == storage.Created:
		text = "created " + versionKey(e.resource)
	case e.change == storage.Unchanged:
		text = "same content as " + versionKey(e.resource) + ", nothing was written"
	}
	return fhir.Issue{Severity: fhir.SeverityInformation, Code: fhir.CodeInformational, Diagnostics: text}
}

// versionKey is the relative address of one version.
func versionKey(r fhir.Resource) string {
	return r.Key() + "/_history/" + strings.Trim(etag(r.Version), `W/"`)
}
