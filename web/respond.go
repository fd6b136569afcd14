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

// SendJSON writes a whole JSON body, indented if the client asked for _pretty.
func (c *Call) SendJSON(w http.ResponseWriter, status int, media string, body []byte) error {
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

// EncodeJSON writes v as JSON. Resources inside it stay byte for byte.
func EncodeJSON(v any) ([]byte, error) {
	return json.Marshal(v, jsontext.PreserveRawStrings(true))
}

// Stamp sets the headers that name the version of a resource.
func (c *Call) Stamp(w http.ResponseWriter, r fhir.Resource) {
	c.Answer.Updated = r.Updated
	w.Header().Set("ETag", ETag(r.Version))
	w.Header().Set("Last-Modified", r.Updated.UTC().Format(http.TimeFormat))
}

// ETag is the weak entity tag of a version.
func ETag(version int64) string { return `W/"` + strconv.FormatInt(version, 10) + `"` }

// SendResource answers a read: 304 if the client has this version, else the resource.
func (c *Call) SendResource(w http.ResponseWriter, r fhir.Resource) error {
	c.Stamp(w, r)
	if Unchanged(c.Header, ETag(r.Version), r.Updated) {
		return ErrNotModified
	}
	return c.SendJSON(w, http.StatusOK, MediaFHIR, r.JSON)
}

// Unchanged weighs If-None-Match, and without it If-Modified-Since (whole seconds, as HTTP dates are).
func Unchanged(h http.Header, tag string, modified time.Time) bool {
	if given := h.Values("If-None-Match"); len(given) > 0 {
		return TagListed(strings.Join(given, ","), tag)
	}
	since, err := http.ParseTime(h.Get("If-Modified-Since"))
	return err == nil && !modified.Truncate(time.Second).After(since)
}

// TagListed reports whether a comma list of entity tags holds tag, weak or strong, or "*".
func TagListed(list, tag string) bool {
	tag = strings.TrimPrefix(tag, "W/")
	for given := range strings.SplitSeq(list, ",") {
		given = strings.TrimPrefix(strings.TrimSpace(given), "W/")
		if given == "*" || given == tag || `"`+given+`"` == tag {
			return true
		}
	}
	return false
}

// Address is the address of a resource under the base.
func (c *Call) Address(key string) string { return c.Base + "/" + key }

// Asked are the bases by which is read what the request itself names, such as a parameter: those that the store knows, and the one
// that the client calls this server by. The client chooses that, so nothing that is stored is read by it.
func (c *Call) Asked() fhir.Bases { return c.Server.Store.Bases().With(c.Base) }
