package fhir

import "time"

// Resource is one version of one resource: a row of the store.
type Resource struct {
	Type    string
	ID      string
	Version int64
	Updated time.Time // meta.lastUpdated, UTC, millisecond precision
	Deleted bool      // a tombstone; JSON is nil
	JSON    []byte    // compact, one line, with id, meta.versionId and meta.lastUpdated stamped
}

// Key is the relative reference of the resource, such as "Patient/123".
func (r Resource) Key() string { return r.Type + "/" + r.ID }
