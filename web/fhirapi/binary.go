package fhirapi

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"satchel/web"

	"github.com/go-json-experiment/json/jsontext"

	"satchel/auth"
	"satchel/fhir"
	"satchel/storage"
)

// sendRead answers a read: a Binary as the client wants it, all else as the resource.
func sendRead(c *web.Call, w http.ResponseWriter, r fhir.Resource) error {
	if !c.Native() {
		return c.SendResource(w, r)
	}
	content, data, err := binaryParts(r.JSON)
	if err != nil {
		return fmt.Errorf("read %s: %w", r.Key(), err)
	}
	w.Header().Add("Vary", "Accept")
	raw, err := wantsRaw(content, c.Format, c.Header.Values("Accept"))
	if err != nil {
		return err
	}
	if !raw {
		return c.SendResource(w, r)
	}
	reader, err := fhir.NewContent(data)
	if err != nil {
		return fmt.Errorf("read %s: %w", r.Key(), err)
	}
	sendContent(c, w, r, content, reader)
	return nil
}

// sendContent answers the bytes of a Binary: whole, in ranges, or not at all if the client has them. Whatever they are,
// a browser shall save and not run them; the sandboxing headers are on every answer.
func sendContent(c *web.Call, w http.ResponseWriter, r fhir.Resource, content string, data io.ReadSeeker) {
	h := w.Header()
	if _, _, err := mime.ParseMediaType(content); err != nil {
		content = "application/octet-stream"
	}
	h.Set("Content-Type", content)
	h.Set("Content-Disposition", "attachment")
	// Strong, for ranges, and not the resource's own tag, which belongs to the other form of the answer.
	h.Set("ETag", `"`+strconv.FormatInt(r.Version, 10)+`-content"`)
	http.ServeContent(w, c.Request, "", r.Updated, data)
}

// binaryParts finds a Binary's contentType and data without copying the data, which is still a JSON string in base64.
func binaryParts(text []byte) (content string, data jsontext.Value, err error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(text))
	if _, err := d.ReadToken(); err != nil {
		return "", nil, err
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return "", nil, err
		}
		key := name.String()
		value, err := d.ReadValue()
		if err != nil {
			return "", nil, err
		}
		switch key {
		case "contentType":
			b, err := jsontext.AppendUnquote(nil, value)
			if err != nil {
				return "", nil, err
			}
			content = string(b)
		case "data":
			data = value
		}
	}
	return content, data, nil
}

// wantsRaw reports whether a client wants a Binary's content rather than the resource. What it names first counts, named
// types before wildcards of the same weight. The Binary's own type, wildcards and silence are its content, FHIR's JSON is
// the resource, FHIR's XML is not offered; anything else is the content too, which is what there is.
func wantsRaw(content, format string, accept []string) (bool, error) {
	if format != "" {
		accept = []string{strings.ReplaceAll(format, " ", "+")}
	}
	own, _, err := mime.ParseMediaType(content)
	if err != nil {
		own = content
	}
	xml := false
	list := web.AcceptList(accept)
	for _, w := range list {
		switch {
		case w.Media == own && own != web.MediaFHIR, w.Any:
			return true, nil
		case w.JSON:
			return false, nil
		case w.Media == "application/fhir+xml" || w.Media == "application/xml+fhir" || format != "" && strings.Contains(w.Media, "xml"):
			xml = true
		}
	}
	if xml {
		return false, web.Acceptable(format, accept)
	}
	return true, nil
}

// contextOwners are the patients to whom a Binary belongs by its securityContext, which stands for it (R4): that patient,
// or those of that resource.
func contextOwners(c *web.Call, r fhir.Resource) ([]string, error) {
	if r.Deleted {
		return nil, nil
	}
	d, err := fhir.Parse(r.JSON)
	if err != nil {
		return nil, err
	}
	of := fhir.ParseReference(d.Look().Child("securityContext").Child("reference").Text())
	if !c.Server.Store.Bases().Owns(of) || of.Type == "Binary" {
		return nil, nil
	}
	if of.Type == "Patient" {
		return []string{of.ID}, nil
	}
	context, err := resource(c, of.Type, of.ID)
	if web.IsCode(err, fhir.CodeNotFound) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	return owners(c, context)
}

// showing is how many documents that show one Binary are asked about.
const showing = 20

// mayReadAttachment answers nil if the caller may read a DocumentReference that shows the Binary, otherwise denied: an
// exported attachment opens with the credential that exported it (Bulk Data Access, A-03). A caller who may write that
// document does not gain by it, because the document could then be made to show any Binary.
func mayReadAttachment(c *web.Call, r fhir.Resource, denied error) error {
	addresses := []string{r.Key()}
	for _, base := range c.Bases().URLs() {
		addresses = append(addresses, base+"/"+r.Key())
	}
	q, _, err := fhir.ParseQuery("DocumentReference", []fhir.Param{{Name: "location", Value: strings.Join(addresses, ",")}}, c.Bases())
	if err != nil {
		return err
	}
	found, err := find(c, q, storage.Page{Count: showing})
	if err != nil {
		return err
	}
	for _, document := range found.Resources {
		owners, err := owners(c, document)
		if err != nil {
			return err
		}
		do := auth.Action{Type: document.Type, ID: document.ID, Owners: owners}
		do.Verb = auth.VerbWrite
		if c.Who.Decide(do) == nil {
			continue
		}
		if do.Verb = auth.VerbRead; c.Decide(do) == nil {
			return nil
		}
	}
	return denied
}
