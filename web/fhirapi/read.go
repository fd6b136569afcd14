package fhirapi

import (
	"net/http"
	"strconv"

	"satchel/web"

	"satchel/fhir"
)

// read answers the current version: GET [type]/[id].
func read(w http.ResponseWriter, c *web.Call) error {
	if e, ok, err := logEvent(c); ok || err != nil {
		return sendLogEvent(c, w, e, err)
	}
	r, err := current(c, c.Type, c.ID)
	if err != nil {
		return err
	}
	if r.Deleted {
		c.Stamp(w, r)
		return deleted(r)
	}
	addPatients(c, r)
	return sendRead(c, w, r)
}

// vread answers one version: GET [type]/[id]/_history/[version].
func vread(w http.ResponseWriter, c *web.Call) error {
	if e, ok, err := logEvent(c); (ok || err != nil) && c.Version == "1" {
		return sendLogEvent(c, w, e, err)
	}
	r, err := version(c)
	if err != nil {
		return err
	}
	addPatients(c, r)
	return sendRead(c, w, r)
}

// version is the living version that the address names, if the caller may read it.
func version(c *web.Call) (fhir.Resource, error) {
	version, err := strconv.ParseInt(c.Version, 10, 64)
	if err != nil || version < 1 {
		return fhir.Resource{}, fhir.Errorf(fhir.CodeNotFound, "%q is not a version of %s/%s; versions are 1, 2, 3 …", web.Printable(c.Version), c.Type, c.ID)
	}
	if c.Tx != nil {
		return fhir.Resource{}, notInTransaction("vread")
	}
	if _, err := current(c, c.Type, c.ID); err != nil { // what is another patient's by now is not read by an earlier version
		return fhir.Resource{}, err
	}
	r, err := c.Server.Store.Version(c.Context(), c.Type, c.ID, version)
	if r, err = readable(c, r, err); err != nil {
		return fhir.Resource{}, err
	}
	if r.Deleted {
		return fhir.Resource{}, deleted(r)
	}
	return r, nil
}

// current is the newest version of a resource that the account may read; a tombstone is answered too.
func current(c *web.Call, typ, id string) (fhir.Resource, error) {
	r, err := resource(c, typ, id)
	if r, err = readable(c, r, err); err != nil {
		if fhir.IsCode(err, fhir.CodeNotFound) {
			err = fhir.Errorf(fhir.CodeNotFound, "there is no %s/%s", typ, id)
		}
		return fhir.Resource{}, err
	}
	return r, nil
}

// readable decides about what a lookup answered, and returns what may be seen of it. Who may not read all of the type hears the same about a resource that
// does not exist and about one that is not for them.
func readable(c *web.Call, r fhir.Resource, err error) (fhir.Resource, error) {
	if err != nil && !fhir.IsCode(err, fhir.CodeNotFound) {
		return r, err
	}
	if err != nil {
		r = fhir.Resource{Type: c.Type, ID: c.ID, Deleted: true}
	}
	seen, denied := view(c, r)
	if denied != nil {
		addPatients(c, r) // whose data was asked for; of what goes out, sending notes it
		return r, denied
	}
	return seen, err
}

// deleted is the answer to reading a tombstone.
func deleted(r fhir.Resource) error {
	return fhir.Errorf(fhir.CodeDeleted, "%s was deleted at %s; GET %s/_history has its earlier versions", r.Key(), fhir.FormatInstant(r.Updated), r.Key())
}

// notInTransaction refuses an interaction that a transaction cannot hold.
func notInTransaction(what string) error {
	return fhir.Errorf(fhir.CodeNotSupported, "%s is not offered inside a transaction; send it by itself or in a batch", what)
}
