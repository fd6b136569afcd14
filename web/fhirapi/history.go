package fhirapi

import (
	"net/http"
	"slices"
	"time"

	"satchel/web"

	"satchel/auth"
	"satchel/fhir"
	"satchel/storage"
)

// defaultCount is the size of a page.
const defaultCount = 50

// history answers versions, newest first: of one resource, a type, or everything.
func history(w http.ResponseWriter, c *web.Call) error {
	if c.Tx != nil {
		return notInTransaction("history")
	}
	if err := mayReadHistory(c); err != nil {
		return err
	}
	q, unknown, err := historyQuery(c)
	if err != nil {
		return err
	}
	self := web.Without(c.Params, append(unknown, web.CursorParam)...)
	if q.Cursor, err = c.Position(web.CursorParam, addressOf(c), self); err != nil {
		return err
	}
	versions, next, err := c.Server.Store.History(c.Context(), q)
	if err != nil {
		return err
	}
	b := newBundle("history")
	b.link("self", link(c, addressOf(c), self))
	if next != "" {
		b.link("next", nextLink(c, addressOf(c), self, next))
	}
	for _, r := range versions {
		if r, err := view(c, r); err == nil {
			addPatients(c, r)
			b.Entry = append(b.Entry, versionEntry(c, r))
		}
	}
	return b.send(w, c)
}

// mayReadHistory decides: for one resource by its newest version (older ones that belonged to somebody else are left
// out one by one), otherwise only for those who may read everything of the type.
func mayReadHistory(c *web.Call) error {
	if c.ID != "" {
		_, err := current(c, c.Type, c.ID)
		return err
	}
	return c.Decide(auth.Action{Verb: auth.VerbSearch, Type: c.Type})
}

// historyQuery reads _count and _since.
func historyQuery(c *web.Call) (q storage.HistoryQuery, unknown []string, err error) {
	q = storage.HistoryQuery{Type: c.Type, ID: c.ID, Count: defaultCount}
	for _, p := range c.Params {
		switch p.Name {
		case "_count":
			q.Count, err = web.ReadCount(p.Value)
		case "_since":
			q.Since, err = since(p.Value)
		case web.CursorParam: // read once it is known what it continues
		case "_at", "_list":
			err = fhir.Errorf(fhir.CodeNotSupported, "%s is not offered for history; use _since and _count", p.Name)
		default:
			unknown = append(unknown, p.Name)
		}
		if err != nil {
			return q, nil, err
		}
	}
	if len(unknown) > 0 && c.Prefer("handling") == "strict" {
		return q, nil, unknownParams("history", unknown)
	}
	q.Count = max(q.Count, 1)
	return q, unknown, nil
}

// since reads an instant.
func since(text string) (time.Time, error) {
	t, err := fhir.ParseInstant(text)
	if err != nil {
		return t, fhir.Errorf(fhir.CodeValue, "_since is %q: write an instant such as 2026-01-31T08:30:00Z, with \"+\" written as %%2B", web.Printable(text))
	}
	return t, nil
}

// versionEntry is one version with what led to it. The server does not remember whether a first version came by POST
// or PUT; PUT is told, which keeps the id if a client replays the history.
func versionEntry(c *web.Call, r fhir.Resource) bundleEntry {
	e := bundleEntry{FullURL: c.Address(r.Key()), Resource: r.JSON, Request: &entryRequest{"PUT", r.Key()},
		Response: &bundleResponse{Status: statusText(http.StatusOK), Etag: web.ETag(r.Version), LastModified: fhir.FormatInstant(r.Updated)}}
	switch {
	case r.Deleted:
		e.Request.Method, e.Response.Status = "DELETE", statusText(http.StatusNoContent)
	case r.Version == 1:
		e.Response.Status = statusText(http.StatusCreated)
	}
	return e
}

// addressOf is the call's address under the base, written from its parts.
func addressOf(c *web.Call) string {
	path := ""
	for _, segment := range c.Route.Segments {
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
func link(c *web.Call, path string, params []fhir.Param) string {
	if len(params) == 0 {
		return c.Base + path
	}
	return c.Base + path + "?" + web.QueryText(params)
}

// nextLink is the address of the page that begins at a position of an answer whose own address is that of path and params.
func nextLink(c *web.Call, path string, params []fhir.Param, position string) string {
	return link(c, path, append(slices.Clone(params), fhir.Param{Name: web.CursorParam, Value: c.Cursor(path, params, position)}))
}
