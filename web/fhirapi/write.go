package fhirapi

import (
	"net/http"
	"strings"

	"satchel/web"

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
	if k.match != "" && (!exists || !web.TagListed(k.match, web.ETag(old.Version))) {
		if !exists {
			return web.Problemf(http.StatusPreconditionFailed, fhir.CodeConflict, "If-Match names %s and the resource does not exist", web.Printable(k.match))
		}
		return web.Problemf(http.StatusPreconditionFailed, fhir.CodeConflict,
			"If-Match names %s and the current version is %s; read it, redo the change and send it again", web.Printable(k.match), web.ETag(old.Version))
	}
	if k.noneMatch != "" && exists && web.TagListed(k.noneMatch, web.ETag(old.Version)) {
		return web.Problemf(http.StatusPreconditionFailed, fhir.CodeDuplicate, "If-None-Match: the resource exists, as version %s", web.ETag(old.Version))
	}
	return nil
}

// write runs f in the transaction that the call is part of, or in one of its own.
func write(c *web.Call, f func(tx *storage.Tx) error) error {
	if c.Tx != nil {
		return f(c.Tx)
	}
	return c.Answer.Trail.Write(c.Context(), c.Server.Store, http.StatusOK, f)
}

// put stores d under the id as the next version, if the account may change what stands there and write what comes.
func put(c *web.Call, tx *storage.Tx, d *fhir.Document, id string, k condition) (effect, error) {
	typ := d.Type()
	if err := notInLog(typ, id); err != nil {
		return effect{}, err
	}
	d, err := ownRelative(c, d)
	if err != nil {
		return effect{}, err
	}
	if err := mayChange(c, auth.VerbWrite, typ, id, func() ([]string, error) { return ownersOf(c, d) }); err != nil {
		return effect{}, err
	}
	old, err := standing(c, tx, auth.VerbWrite, typ, id, k)
	if err == nil {
		err = mayShow(c, d, old)
	}
	if err == nil {
		err = mayLink(c, auth.VerbWrite, id, d, old)
	}
	if err != nil {
		return effect{}, err
	}
	r, change, err := tx.Put(d, id)
	e := effect{resource: r, change: change}
	if err == nil {
		noteWrite(c, e, patientsIn(c, tx, old), patientsIn(c, tx, r))
	}
	return e, err
}

// ownRelative makes references relative that name resources by the address which the client calls this server by, unless the
// store knows that address for its own: whose a stored resource is does not depend on how a later request gets here.
func ownRelative(c *web.Call, d *fhir.Document) (*fhir.Document, error) {
	if c.Server.Store.Bases().Has(c.Base) {
		return d, nil
	}
	text := d.Relative(fhir.NewBases(c.Base))
	if text == nil {
		return d, nil
	}
	return fhir.Parse(text)
}

// erase adds a tombstone, if the account may delete what stands there.
func erase(c *web.Call, tx *storage.Tx, typ, id string, k condition) (effect, error) {
	if err := notInLog(typ, id); err != nil {
		return effect{}, err
	}
	old, err := standing(c, tx, auth.VerbDelete, typ, id, k)
	if err == nil {
		err = mayLink(c, auth.VerbDelete, id, nil, old)
	}
	if err != nil {
		return effect{}, err
	}
	r, change, err := tx.Delete(typ, id)
	if err != nil || !r.Deleted { // there never was one
		return effect{}, err
	}
	e := effect{resource: r, change: change}
	noteWrite(c, e, patientsIn(c, tx, old), nil)
	return e, nil
}

// standing checks permission and condition against the current version. For a deletion the permission is asked even
// if nothing stands there, so that nobody learns what exists. It returns what stands there.
func standing(c *web.Call, tx *storage.Tx, verb auth.Verb, typ, id string, k condition) (fhir.Resource, error) {
	old, err := tx.Resource(typ, id)
	if err != nil && !fhir.IsCode(err, fhir.CodeNotFound) {
		return old, err
	}
	exists := err == nil && !old.Deleted
	if exists || verb == auth.VerbDelete {
		old.Deleted = !exists
		if err := mayChange(c, verb, typ, id, func() ([]string, error) { return owners(c, old) }); err != nil {
			return old, err
		}
	}
	if err := mayTake(c, tx, verb, typ, id, old); err != nil {
		return old, err
	}
	return old, k.check(old, exists)
}

// mayTake refuses to who may not write every resource of the type an id that was another patient's before it was deleted,
// or on which something hangs already: that would become whose the new resource is.
func mayTake(c *web.Call, tx *storage.Tx, verb auth.Verb, typ, id string, old fhir.Resource) error {
	if exists := old.JSON != nil; exists || verb != auth.VerbWrite || c.Who.Decide(auth.Action{Verb: verb, Type: typ, ID: id}) == nil {
		return nil
	}
	if old.Deleted && old.Version > 1 {
		last, err := c.Server.Store.Version(c.Context(), typ, id, old.Version-1)
		if err != nil {
			return err
		}
		if err := mayChange(c, verb, typ, id, func() ([]string, error) { return owners(c, last) }); err != nil {
			return err
		}
	}
	hung, err := tx.Hung(typ, id)
	if err == nil && hung {
		err = fhir.Errorf(fhir.CodeForbidden, "something stored refers to %s/%s already and would become whose this is; choose another id, or have somebody write it who may write every %s", typ, id, typ)
	}
	return err
}

// mayChange decides about a write. Owners are looked for only if they can matter.
func mayChange(c *web.Call, verb auth.Verb, typ, id string, owners func() ([]string, error)) error {
	do := auth.Action{Verb: verb, Type: typ, ID: id}
	if c.Decide(do) == nil {
		return nil
	}
	var err error
	if do.Owners, err = owners(); err != nil {
		return err
	}
	return c.Decide(do)
}

// create stores a new resource under an id of the server: POST [type], with If-None-Exist only if nothing matches.
func create(w http.ResponseWriter, c *web.Call) error {
	d, err := c.Document()
	if err != nil {
		return err
	}
	var e effect
	err = write(c, func(tx *storage.Tx) error {
		if criteria := c.Header.Get("If-None-Exist"); criteria != "" {
			if found, err := onlyMatch(c, tx, c.Type, criteria); err != nil || found.ID != "" {
				e = effect{resource: found, existing: true}
				noteExisting(c, found)
				return err
			}
		}
		e, err = put(c, tx, d, newID(), condition{})
		return err
	})
	if err != nil {
		return err
	}
	return sendEffect(c, w, e)
}

// update stores the next version of a resource, or the first under the client's id: PUT [type]/[id].
func update(w http.ResponseWriter, c *web.Call) error {
	d, err := c.Document()
	if err != nil {
		return err
	}
	if err := sameID(d, c.ID); err != nil {
		return err
	}
	var e effect
	err = write(c, func(tx *storage.Tx) error {
		e, err = put(c, tx, d, c.ID, conditionOf(c.Header))
		return err
	})
	if err != nil {
		return err
	}
	return sendEffect(c, w, e)
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
func remove(w http.ResponseWriter, c *web.Call) error {
	var e effect
	err := write(c, func(tx *storage.Tx) (err error) {
		e, err = erase(c, tx, c.Type, c.ID, conditionOf(c.Header))
		return err
	})
	if err != nil {
		return err
	}
	return sendEffect(c, w, e)
}

// sendEffect answers a write in the form that Prefer: return asks for.
func sendEffect(c *web.Call, w http.ResponseWriter, e effect) error {
	if e.resource.ID != "" {
		c.Stamp(w, e.resource)
		if e.status() == http.StatusCreated || e.existing {
			w.Header().Set("Location", c.Address(versionKey(e.resource)))
		} else if !e.resource.Deleted {
			w.Header().Set("Content-Location", c.Address(versionKey(e.resource)))
		}
	}
	wish := c.Prefer("return")
	if wish == "operationoutcome" {
		status := e.status()
		if status == http.StatusNoContent {
			status = http.StatusOK
		}
		return c.SendJSON(w, status, web.MediaFHIR, fhir.Outcome(told(e)))
	}
	if e.status() == http.StatusNoContent {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	if wish == "minimal" || e.existing && mayRead(c, e.resource) != nil {
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(e.status())
		return nil
	}
	return c.SendJSON(w, e.status(), web.MediaFHIR, e.resource.JSON)
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
	return r.Key() + "/_history/" + strings.Trim(web.ETag(r.Version), `W/"`)
}
