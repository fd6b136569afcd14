package fhirapi

import (
	"net/http"
	"strconv"

	"satchel/web"

	"github.com/go-json-experiment/json/jsontext"

	"satchel/fhir"
)

// answerBundle is a Bundle that the server makes: a searchset, a history or the response to a batch.
type answerBundle struct {
	ResourceType string        `json:"resourceType"`
	Type         string        `json:"type"`
	Total        *int          `json:"total,omitzero"`
	Link         []bundleLink  `json:"link,omitempty"`
	Entry        []bundleEntry `json:"entry,omitempty"`
}

type bundleLink struct {
	Relation string `json:"relation"`
	URL      string `json:"url"`
}

// bundleEntry is one entry of an answerBundle.
type bundleEntry struct {
	FullURL  string          `json:"fullUrl,omitzero"`
	Resource jsontext.Value  `json:"resource,omitzero"`
	Search   *entrySearch    `json:"search,omitzero"`
	Request  *entryRequest   `json:"request,omitzero"`
	Response *bundleResponse `json:"response,omitzero"`
}

type entrySearch struct {
	Mode string `json:"mode"`
}

type entryRequest struct {
	Method string `json:"method"`
	URL    string `json:"url"`
}

type bundleResponse struct {
	Status       string         `json:"status"`
	Location     string         `json:"location,omitzero"`
	Etag         string         `json:"etag,omitzero"`
	LastModified string         `json:"lastModified,omitzero"`
	Outcome      jsontext.Value `json:"outcome,omitzero"`
}

// newBundle makes an empty Bundle.
func newBundle(typ string) *answerBundle { return &answerBundle{ResourceType: "Bundle", Type: typ} }

// link adds a link.
func (b *answerBundle) link(relation, url string) {
	b.Link = append(b.Link, bundleLink{relation, url})
}

// add appends resources of a searchset in a mode: match or include.
func (b *answerBundle) add(c *web.Call, mode string, resources ...fhir.Resource) {
	addPatients(c, resources...)
	for _, r := range resources {
		b.Entry = append(b.Entry, bundleEntry{FullURL: c.Address(r.Key()), Resource: r.JSON, Search: &entrySearch{mode}})
	}
}

// send answers with the Bundle.
func (b *answerBundle) send(w http.ResponseWriter, c *web.Call) error {
	body, err := web.EncodeJSON(b)
	if err != nil {
		return err
	}
	return c.SendJSON(w, http.StatusOK, web.MediaFHIR, body)
}

// statusText is a status as Bundle.entry.response has it, such as "201 Created".
func statusText(status int) string { return strconv.Itoa(status) + " " + http.StatusText(status) }
