package web

import (
	"net/http"
	"strconv"
	"time"

	"satchel/auth"
	"satchel/fhir"
	"satchel/storage"
)

// Sizes of a page.
const (
	defaultCount = 50
	maxCount     = 1000
)

// history answers versions, newest first: of one resource, a type, or everything.
func history(w http.ResponseWriter, c *call) error {
	if c.tx != nil {
		return notInTransaction("history")
	}
	if err := c.mayReadHistory(); err != nil {
		return err
	}
	q, unknown, err := c.historyQuery()
	if err != nil {
		return err
	}
	versions, next, err := c.server.Store.History(c.Context(), q)
	if err != nil {
		return err
	}
	b := newBundle("history")
	self := without(c.params, append(unknown, "_cursor")...)
	b.link("self", c.link(c.path(), self))
	if next != "" {
		b.link("next", c.link(c.path(), append(self, fhir.Param{Name: "_cursor", Value: next})))
	}
	for _, r := range versions {
		if c.mayRead(r) == nil {
			c.addPatients(r)
			b.Entry = append(b.Entry, versionEntry(c, r))
		}
	}
	return b.send(w, c)
}

// mayReadHistory decides: for one resource by its newest version (older ones that belonged to somebody else are left
// out one by one), otherwise only for those who may read everything of the type.
func (c *call) mayReadHistory() error {
	if c.ID != "" {
		_, err := c.current(c.Type, c.ID)
		return err
	}
	return c.decide(auth.Action{Verb: auth.VerbSearch, Type: c.Type})
}

// historyQuery reads _count, _since and _cursor.
func (c *call) historyQuery() (q storage.HistoryQuery, unknown []string, err error) {
	q = storage.HistoryQuery{Type: c.Type, ID: c.ID, Count: defaultCount}
	for _, p := range c.params {
		switch p.Name {
		case "_count":
			q.Count, err = count(p.Value)
		case "_since":
			q.Since, err = since(p.Value)
		case "_cursor":
			q.Cursor = p.Value
		case "_at", "_list":
			err = fhir.Errorf(fhir.CodeNotSupported, "%s is not offered for history; use _since and _count", p.Name)
		default:
			unknown = append(unknown, p.Name)
		}
		if err != nil {
			return q, nil, err
		}
	}
	if len(unknown) > 0 && c.prefer("handling") == "strict" {
		return q, nil, unknownParams("history", unknown)
	}
	q.Count = max(q.Count, 1)
	return q, unknown, nil
}

// count reads _count: 0 and up, cut at what a page may hold.
func count(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0, fhir.Errorf(fhir.CodeValue, "_count is %q: write a number from 0 to %d", printable(text), maxCount)
	}
	return int(min(n, maxCount)), nil
}

// since reads an instant.
func since(text string) (time.Time, error) {
	t, err := fhir.ParseInstant(text)
	if err != nil {
		return t, fhir.Errorf(fhir.CodeValue, "_since is %q: write an instant such as 2026-01-31T08:30:00Z, with \"+\" written as %%2B", printable(text))
	}
	return t, nil
}

// versionEntry is one version with what led to it. The server does not remember whether a first version came by POST
// or PUT; PUT is told, which keeps the id if a client replays the history.
func versionEntry(c *call, r fhir.Resource) bundleEntry {
	e := bundleEntry{FullURL: c.url(r.Key()), Resource: r.JSON, Request: &entryRequest{"PUT", r.Key()},
		Response: &bundleResponse{Status: statusText(http.StatusOK), Etag: etag(r.Version), LastModified: fhir.FormatInstant(r.Updated)}}
	switch {
	case r.Deleted:
		e.Request.Method, e.Response.Status = "DELETE", statusText(http.StatusNoContent)
	case r.Version == 1:
		e.Response.Status = statusText(http.StatusCreated)
	}
	return e
}

// path is the call's address under the base, written from its parts.
func (c *call) path() string {
	path := ""
	for _, segment := range c.route.segments {
		switch segment {
		case "{type}":
			segment = c.Type
		case "{id}":
			segment = c.ID
		}
		path += "/" + segment
	}
	return path
}

// link is an address under the base with parameters.
func (c *call) link(path string, params []fhir.Param) string {
	if len(params) == 0 {
		return c.base + path
	}
	return c.base + path + "?" + queryText(params)
}
