package web

import (
	"errors"
	"net/http"
	"strconv"

	"satchel/fhir"
)

// read answers the current version: GET [type]/[id].
func read(w http.ResponseWriter, c *call) error {
	if e, ok, err := c.logEvent(); ok || err != nil {
		return c.sendLogEvent(w, e, err)
	}
	r, err := c.current(c.Type, c.ID)
	if err != nil {
		return err
	}
	if r.Deleted {
		c.stamp(w, r)
		return deleted(r)
	}
	return c.sendRead(w, r)
}

// vread answers one version: GET [type]/[id]/_history/[version].
func vread(w http.ResponseWriter, c *call) error {
	if e, ok, err := c.logEvent(); (ok || err != nil) && c.Version == "1" {
		return c.sendLogEvent(w, e, err)
	}
	r, err := c.version()
	if err != nil {
		return err
	}
	return c.sendRead(w, r)
}

// version is the living version that the address names, if the caller may read it.
func (c *call) version() (fhir.Resource, error) {
	version, err := strconv.ParseInt(c.Version, 10, 64)
	if err != nil || version < 1 {
		return fhir.Resource{}, fhir.Errorf(fhir.CodeNotFound, "%q is not a version of %s/%s; versions are 1, 2, 3 …", printable(c.Version), c.Type, c.ID)
	}
	if c.tx != nil {
		return fhir.Resource{}, notInTransaction("vread")
	}
	r, err := c.server.Store.Version(c.Context(), c.Type, c.ID, version)
	if err = c.readable(r, err); err != nil {
		return fhir.Resource{}, err
	}
	if r.Deleted {
		return fhir.Resource{}, deleted(r)
	}
	return r, nil
}

// current is the newest version of a resource that the account may read; a tombstone is answered too.
func (c *call) current(typ, id string) (fhir.Resource, error) {
	r, err := c.resource(typ, id)
	if err = c.readable(r, err); err != nil {
		if isCode(err, fhir.CodeNotFound) {
			err = fhir.Errorf(fhir.CodeNotFound, "there is no %s/%s", typ, id)
		}
		return fhir.Resource{}, err
	}
	return r, nil
}

// readable decides about what a lookup answered. Who may not read all of the type hears the same about a resource that
// does not exist and about one that is not for them.
func (c *call) readable(r fhir.Resource, err error) error {
	if err != nil && !isCode(err, fhir.CodeNotFound) {
		return err
	}
	if err != nil {
		r = fhir.Resource{Type: c.Type, ID: c.ID, Deleted: true}
	}
	c.addPatients(r)
	if denied := c.mayRead(r); denied != nil {
		return denied
	}
	return err
}

// isCode reports whether err is a fhir.Error with the code.
func isCode(err error, code fhir.Code) bool {
	e, ok := errors.AsType[*fhir.Error](err)
	return ok && e.Code == code
}

// deleted is the answer to reading a tombstone.
func deleted(r fhir.Resource) error {
	return fhir.Errorf(fhir.CodeDeleted, "%s was deleted at %s; GET %s/_history has its earlier versions", r.Key(), fhir.FormatInstant(r.Updated), r.Key())
}

// notInTransaction refuses an interaction that a transaction cannot hold.
func notInTransaction(what string) error {
	return fhir.Errorf(fhir.CodeNotSupported, "%s is not offered inside a transaction; send it by itself or in a batch", what)
}
