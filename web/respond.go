package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"satchel/fhir"
)

// sendJSON writes a whole JSON body, indented if the client asked for _pretty.
func (c *call) sendJSON(w http.ResponseWriter, status int, media string, body []byte) error {
	if c.pretty {
		value := jsontext.Value(body).Clone()
		if err := value.Indent(jsontext.PreserveRawStrings(true), jsontext.WithIndent("  ")); err != nil {
			return err
		}
		body = append(value, '\n')
	}
	w.Header().Set("Content-Type", media)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that went away is no error of ours
	return nil
}

// encode writes v as JSON. Resources inside it stay byte for byte.
func encode(v any) ([]byte, error) {
	return json.Marshal(v, jsontext.PreserveRawStrings(true))
}

// stamp sets the headers that name the version of a resource.
func (c *call) stamp(w http.ResponseWriter, r fhir.Resource) {
	c.answer.updated = r.Updated
	w.Header().Set("ETag", etag(r.Version))
	w.Header().Set("Last-Modified", r.Updated.UTC().Format(http.TimeFormat))
}

// etag is the weak entity tag of a version.
func etag(version int64) string { return `W/"` + strconv.FormatInt(version, 10) + `"` }

// sendResource answers a read: 304 if the client has this version, else the resource.
func (c *call) sendResource(w http.ResponseWriter, r fhir.Resource) error {
	c.stamp(w, r)
	if unchanged(c.Header, etag(r.Version), r.Updated) {
		return errNotModified
	}
	return c.sendJSON(w, http.StatusOK, mediaFHIR, r.JSON)
}

// unchanged weighs If-None-Match, and without it If-Modified-Since (whole seconds, as HTTP dates are).
func unchanged(h http.Header, tag string, modified time.Time) bool {
	if given := h.Values("If-None-Match"); len(given) > 0 {
		return tagListed(strings.Join(given, ","), tag)
	}
	since, err := http.ParseTime(h.Get("If-Modified-Since"))
	return err == nil && !modified.Truncate(time.Second).After(since)
}

// tagListed reports whether a comma list of entity tags holds tag, weak or strong, or "*".
func tagListed(list, tag string) bool {
	tag = strings.TrimPrefix(tag, "W/")
	for given := range strings.SplitSeq(list, ",") {
		given = strings.TrimPrefix(strings.TrimSpace(given), "W/")
		if given == "*" || given == tag || `"`+given+`"` == tag {
			return true
		}
	}
	return false
}

// url is the address of a resource under the base.
func (c *call) url(key string) string { return c.base + "/" + key }

// bases are those of this server: those that the store knows, and the one that the client calls it by.
func (c *call) bases() fhir.Bases { return c.server.Store.Bases().With(c.base) }
